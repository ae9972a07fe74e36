// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace caisson {

/// A value that is never printed: it has no stream operator and no formatter, and leaves only
/// through reveal().
class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}

    bool empty() const { return value_.empty(); }
    /// The value itself, for the one call that needs it.
    const std::string& reveal() const { return value_; }
    bool operator==(const Secret&) const = default;

 private:
    std::string value_;
};

}  // namespace caisson
