// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serving/cache/report.h"

namespace caisson::cache {

/// Keys of no pattern, put together by what they look like: parts between colons are numbers,
/// UUIDs, hexadecimal, other text, or words. A word is kept as it is where it stands for many keys
/// and has few beside it, so that namespaces show and names of people do not. Memory is bounded,
/// whatever the keys are.
class Shapes {
 public:
    Shapes();
    ~Shapes();

    void add(std::string_view key, bool has_ttl, std::uint64_t bytes);
    /// Most keys first.
    std::vector<UnknownShape> shapes() const;

 private:
    struct Node;
    Node& step(Node& from, std::string_view part);

    std::unique_ptr<Node> root_;
    std::size_t nodes_ = 1;
};

}  // namespace caisson::cache
