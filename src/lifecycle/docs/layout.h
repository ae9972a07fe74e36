// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where boxes and the lines between them go: a layered drawing, what is referred to on the left.
/// Pure, in whole pixels, so that every machine draws the same.
/// Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system
/// structures" (1981); Eades, Lin, Smyth, "A fast and effective heuristic for the feedback arc set
/// problem" (1993). Flow: layers.h, ordering.h, places.h, routes.h; layout.cc puts the pieces of a
/// picture that no line connects beside one another.

#include <cstddef>
#include <vector>

namespace caisson::docs {

struct Point {
    int x = 0;
    int y = 0;
    bool operator==(const Point&) const = default;
};

struct Box {
    int width = 0;
    int height = 0;
};

/// From a row of the box that refers to a row of the one that is referred to. `…_y` is measured
/// from the top of the box.
struct Line {
    std::size_t child = 0;
    int child_y = 0;
    std::size_t parent = 0;
    int parent_y = 0;
};

/// The way of a line, at right angles. It begins at the parent and ends at the child, or, where
/// the two refer to each other in a circle, the other way round.
struct Wire {
    std::vector<Point> points;
    bool begins_at_parent = true;
};

struct Picture {
    int width = 0;
    int height = 0;
    std::vector<Point> boxes;  ///< Their upper left corners.
    std::vector<Wire> wires;   ///< One a line, in the same order.
};

Picture arrange(const std::vector<Box>& boxes, const std::vector<Line>& lines);

}  // namespace caisson::docs
