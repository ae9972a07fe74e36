// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace caisson::seeds {

/// Something that is put into an order: a file with the tables it writes.
struct Node {
    bool is_sql = false;  ///< May write several tables, so that circles of it prove nothing.
    std::vector<std::size_t> writes;
};
/// `child` refers to `parent` (numbers of tables), for these nodes only when `applies` says so.
struct Reference {
    std::size_t child = 0;
    std::size_t parent = 0;
    bool deferrable = false;
    std::size_t constraint = 0;  ///< Whatever the caller calls it.
    std::vector<bool> applies;   ///< By node: whether it fills the referring columns.
};
struct Order {
    std::vector<std::size_t> nodes;
    std::vector<std::size_t> deferred;  ///< Constraints that are not satisfied by the order alone.
    std::vector<std::size_t> circle;    ///< Nodes of which each waits for the next; else empty.
};
/// Parents before children, otherwise as given. Deferrable constraints give way in a circle.
Order order(const std::vector<Node>& nodes, const std::vector<Reference>& references);

}  // namespace caisson::seeds
