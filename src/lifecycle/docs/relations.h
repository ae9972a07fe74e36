// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lifecycle/docs/inventory.h"

namespace caisson::docs {

/// A line between two tables, by their places in Inventory::tables.
struct Edge {
    std::size_t from = 0;  ///< Who refers, or inherits.
    std::size_t to = 0;
    /// Its place among the references of `from`; npos where it stands for inheritance.
    std::size_t reference = npos;

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    bool inherits() const { return reference == npos; }
};

/// In the order of the tables and of their references.
std::vector<Edge> edges_of(const Inventory& inventory);

/// Tables that are drawn together.
struct Group {
    std::string title;  ///< The table or two that the others of the group refer to.
    std::vector<std::size_t> tables;
};
/// One group of all tables where they are at most `limit`; else groups of at most so many, as few
/// lines between them as can be had cheaply: what is referred to by few is kept with them before
/// what everything refers to. Tables in the order of the inventory.
std::vector<Group> groups_of(const Inventory& inventory, const std::vector<Edge>& edges,
                             std::size_t limit);

}  // namespace caisson::docs
