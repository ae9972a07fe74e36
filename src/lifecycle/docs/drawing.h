// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Parts of an SVG: text measured and escaped, lines with round corners and marks at their ends.

#include <string>
#include <string_view>

#include "lifecycle/docs/layout.h"

namespace caisson::docs {

/// As character data of XML 1.0, what may not stand there left out.
std::string xml_text(std::string_view text);

/// Columns that the text takes in a font of fixed width: East Asian characters take two.
/// Source: Unicode Standard Annex 11.
int columns_of(std::string_view text);
/// At most so many columns, with … where something was cut.
std::string shortened(std::string_view text, int columns);

/// The `d` of a path along the points, its corners rounded.
std::string path_along(const std::vector<Point>& points);
/// Three toes where a line ends at many; the line comes from `from`.
std::string crows_foot(Point end, Point from);
/// A bar across a line where it ends at one.
std::string bar(Point end, Point from);

}  // namespace caisson::docs
