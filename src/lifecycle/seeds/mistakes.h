// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace caisson::seeds {

/// Collects what is wrong with seeds, so that one error can tell it all. Keeps the first hundred.
class Mistakes {
 public:
    void add(const Place& place, const std::string& message);
    std::size_t count() const { return count_; }
    bool none() const { return count_ == 0; }
    /// The kept ones, each `file:line:column: message`.
    const std::vector<std::string>& lines() const { return lines_; }
    /// Errors: seed_invalid, when there is any; a single one has its place as a fact.
    void check() const;

 private:
    std::vector<std::string> lines_;
    Place first_;
    std::string first_message_;
    std::size_t count_ = 0;
};

}  // namespace caisson::seeds
