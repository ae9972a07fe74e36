// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/layout.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "lifecycle/docs/layered.h"
#include "lifecycle/docs/layers.h"

namespace caisson::docs {
namespace {

/// A line from the middle of one box to the middle of another.
Line line(std::size_t child, std::size_t parent) { return {child, 20, parent, 20}; }

std::vector<Box> boxes(std::size_t count) { return std::vector<Box>(count, {120, 60}); }

/// Boxes and lines like those of a large schema: a hub, neighbours, distant ones.
std::vector<Line> many_lines(std::size_t count) {
    std::vector<Line> lines;
    for (std::size_t i = 1; i < count; ++i) {
        lines.push_back(line(i, i / 3));
        if (i % 2 == 0) {
            lines.push_back(line(i, 0));
        }
        if (i % 7 == 0) {
            lines.push_back(line(i, i / 2));
        }
    }
    return lines;
}

void expect_no_overlap(const std::vector<Box>& boxes, const Picture& picture) {
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        EXPECT_GE(picture.boxes[i].x, 0);
        EXPECT_GE(picture.boxes[i].y, 0);
        EXPECT_LE(picture.boxes[i].x + boxes[i].width, picture.width);
        EXPECT_LE(picture.boxes[i].y + boxes[i].height, picture.height);
        for (std::size_t j = 0; j < i; ++j) {
            const auto& a = picture.boxes[i];
            const auto& b = picture.boxes[j];
            const bool apart = a.x >= b.x + boxes[j].width || b.x >= a.x + boxes[i].width ||
                               a.y >= b.y + boxes[j].height || b.y >= a.y + boxes[i].height;
            ASSERT_TRUE(apart) << i << " lies on " << j;
        }
    }
}

/// Whether a level or upright piece of a line passes through a box.
bool passes(Point from, Point to, Point corner, const Box& box) {
    return std::min(from.x, to.x) < corner.x + box.width && std::max(from.x, to.x) > corner.x &&
           std::min(from.y, to.y) < corner.y + box.height && std::max(from.y, to.y) > corner.y;
}

void expect_proper_wires(const std::vector<Box>& boxes, const std::vector<Line>& lines,
                         const Picture& picture) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& wire = picture.wires[i];
        ASSERT_GE(wire.points.size(), 2U);
        const auto child = wire.begins_at_parent ? wire.points.back() : wire.points.front();
        const auto parent = wire.begins_at_parent ? wire.points.front() : wire.points.back();
        EXPECT_EQ(child.y, picture.boxes[lines[i].child].y + lines[i].child_y);
        EXPECT_EQ(parent.y, picture.boxes[lines[i].parent].y + lines[i].parent_y);
        for (std::size_t j = 1; j < wire.points.size(); ++j) {
            const auto& a = wire.points[j - 1];
            const auto& b = wire.points[j];
            EXPECT_TRUE(a.x == b.x || a.y == b.y) << "at right angles";
            for (std::size_t k = 0; k < boxes.size(); ++k) {
                EXPECT_FALSE(passes(a, b, picture.boxes[k], boxes[k]))
                    << "line " << i << " passes through box " << k;
            }
        }
    }
}

TEST(Layout, OfNothingIsNothing) {
    const auto picture = arrange({}, {});
    EXPECT_EQ(picture.width, 0);
    EXPECT_EQ(picture.height, 0);
}

TEST(Layout, PutsWhatIsReferredToOnTheLeft) {
    const auto picture = arrange(boxes(3), {line(1, 0), line(2, 1)});
    EXPECT_LT(picture.boxes[0].x, picture.boxes[1].x);
    EXPECT_LT(picture.boxes[1].x, picture.boxes[2].x);
    expect_proper_wires(boxes(3), {line(1, 0), line(2, 1)}, picture);
    // Nothing stands in the way of a straight line.
    EXPECT_EQ(picture.wires[0].points.size(), 2U);
}

TEST(Layout, DrawsCirclesAndLinesFromABoxToItself) {
    const std::vector<Line> lines = {line(0, 1), line(1, 2), line(2, 0), {1, 20, 1, 50}};
    const auto picture = arrange(boxes(3), lines);
    expect_no_overlap(boxes(3), picture);
    expect_proper_wires(boxes(3), {lines.begin(), lines.begin() + 3}, picture);
    EXPECT_EQ(picture.wires[3].points.size(), 4U);
    EXPECT_EQ(std::ranges::count_if(picture.wires,
                                    [](const Wire& wire) { return !wire.begins_at_parent; }),
              1)
        << "as few lead backwards as can be";
}

TEST(Layout, UncrossesWhatCanBeUncrossed) {
    // Three pairs whose order is turned round, and one box that ties them together.
    const std::vector<Line> lines = {line(6, 0), line(1, 0), line(2, 0), line(3, 0),
                                     line(4, 3), line(5, 2), line(6, 1)};
    const auto layers = layers_of(boxes(7), lines, 10'000);
    auto piece = layered(boxes(7), lines, layers);
    const auto before = crossings(piece);
    order(piece);
    EXPECT_GT(before, 0U);
    EXPECT_EQ(crossings(piece), 0U);
}

TEST(Layout, OfManyBoxesHasNoBoxOnAnotherAndNoLineThroughOne) {
    const auto many = many_lines(120);
    const auto picture = arrange(boxes(120), many);
    expect_no_overlap(boxes(120), picture);
    expect_proper_wires(boxes(120), many, picture);
    EXPECT_LT(picture.width, 4 * picture.height);
    EXPECT_LT(picture.height, 4 * picture.width);
}

TEST(Layout, PutsBoxesWithoutLinesIntoColumns) {
    const auto picture = arrange(boxes(40), {});
    expect_no_overlap(boxes(40), picture);
    EXPECT_LT(picture.width, 3 * picture.height);
    EXPECT_LT(picture.height, 3 * picture.width);
}

TEST(Layout, IsTheSameEveryTime) {
    const auto one = arrange(boxes(60), many_lines(60));
    const auto other = arrange(boxes(60), many_lines(60));
    EXPECT_EQ(one.boxes, other.boxes);
}

}  // namespace
}  // namespace caisson::docs
