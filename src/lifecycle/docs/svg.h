// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/docs/relations.h"

namespace caisson::docs {

/// From so many tables on, a picture shows only their keys.
inline constexpr std::size_t svg_many_tables = 60;

/// The tables and their relations as a picture: SVG 1.1 without a program to lay it out, without
/// scripts and fonts of its own, in the colours that the reader's system prefers. With many tables
/// only their keys are shown. Begins at its root element.
/// Source: crow's feet after Everest, "Basic data structure models explained with a common example"
/// (1976).
std::string svg(const Inventory& inventory, const std::vector<Edge>& edges, std::string_view title);

}  // namespace caisson::docs
