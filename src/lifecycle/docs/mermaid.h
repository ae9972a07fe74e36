// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/docs/relations.h"

namespace caisson::docs {

/// Tables of one diagram at most: GitHub shrinks what is wider than the page.
inline constexpr std::size_t mermaid_tables = 25;

/// An `erDiagram` of these tables with everything that they refer to; a table of another group is a
/// box without columns. Where a diagram would have very many columns, only keys are in it.
/// Source: mermaid, "Entity Relationship Diagrams"; its limits `maxTextSize` (50,000) and the
/// characters of its lexer (erDiagram.jison).
std::string mermaid(const Inventory& inventory, const std::vector<Edge>& edges, const Group& group);

/// Whether mermaid() shows only keys of this group.
bool shows_only_keys(const Inventory& inventory, const Group& group);

}  // namespace caisson::docs
