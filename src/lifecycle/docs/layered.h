// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A piece of a picture that lines hold together, in layers: what ordering, places and routes work
/// on, one after the other.

#include <cstddef>
#include <vector>

#include "lifecycle/docs/layout.h"

namespace caisson::docs {

/// A box, or the place where a net passes a layer.
struct Node {
    int height = 0;
    int width = 0;
    int layer = 0;
    int y = 0;  ///< Of its upper edge; of a lane: of the line.
    bool is_lane = false;
};

/// All lines that begin at one place, as one: they share their way until they part.
struct Net {
    std::size_t source = 0;  ///< A node.
    int source_y = 0;        ///< From its upper edge.
    struct Target {
        std::size_t node = 0;
        int y = 0;
        std::size_t line = 0;  ///< Of those that arrange() was given.
        bool operator==(const Target&) const = default;
    };
    std::vector<Target> targets;
    std::vector<std::size_t>
        lanes;  ///< Nodes, one in each layer behind the source's that it passes.
    bool begins_at_parent = true;
};

/// A step of a net from one layer to the next.
struct Link {
    std::size_t from = 0;
    int from_y = 0;
    std::size_t to = 0;
    int to_y = 0;
};

struct Layered {
    std::vector<Node> nodes;
    std::vector<Net> nets;
    std::vector<std::vector<std::size_t>> layers;  ///< Nodes from top to bottom.
    std::vector<Link> links;

    /// The links into a node and out of it, as places in `links`.
    std::vector<std::vector<std::size_t>> in;
    std::vector<std::vector<std::size_t>> out;
};

/// Boxes with their layers and the lines between them; lines from a box to itself are left out.
Layered layered(const std::vector<Box>& boxes, const std::vector<Line>& lines,
                const std::vector<int>& layers);

/// How many pairs of links cross in this order.
std::size_t crossings(const Layered& piece);

/// Changes the order in each layer so that few lines cross.
void order(Layered& piece);

/// Gives every node its y: no two too near, lines as straight as may be.
void place(Layered& piece);

}  // namespace caisson::docs
