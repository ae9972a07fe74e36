// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace caisson::scale {

/// How many rows each row of the parent table has, and so which row belongs to which. Rows of one
/// parent follow one another, in the order of their parents. Immutable; threads: any.
class Each {
 public:
    /// As many for all.
    Each(std::uint64_t parents, std::uint64_t count) : parents_(parents), same_(count) {}
    /// As many as `count` says: eight bytes a parent are kept.
    Each(std::uint64_t parents, const std::function<std::uint64_t(std::uint64_t parent)>& count);

    std::uint64_t total() const { return ends_.empty() ? parents_ * same_ : ends_.back(); }
    std::uint64_t count(std::uint64_t parent) const;
    /// The first row of the parent; that of the next one where it has none.
    std::uint64_t first(std::uint64_t parent) const;
    struct Spot {
        std::uint64_t parent = 0;
        std::uint64_t position = 0;
    };
    Spot find(std::uint64_t row) const;

 private:
    std::uint64_t parents_;
    std::uint64_t same_ = 0;
    std::vector<std::uint64_t> ends_;  ///< By parent: the first row that is not its own any more.
};

}  // namespace caisson::scale
