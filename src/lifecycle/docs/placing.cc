// SPDX-License-Identifier: Apache-2.0
/// How high each node stands, its layer's order given. In turn from the left and from the right
/// each layer moves towards what it is tied to; where two want the same place, they share the way
/// (isotonic regression by pooling neighbours: Barlow and others, "Statistical inference under
/// order restrictions", 1972).
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

#include "lifecycle/docs/layered.h"
#include "lifecycle/docs/layers.h"

namespace caisson::docs {
namespace {

constexpr int rounds = 12;
constexpr int lane_gap = 10;
/// A box moves at most so far to make a line straight.
constexpr int longest_step = 16;

/// From the upper edge of a node to that of the one below it, at least.
int distance(const Node& above, const Node& below) {
    const bool both = above.is_lane && below.is_lane;
    const bool none = !above.is_lane && !below.is_lane;
    return above.height + (both ? lane_gap : none ? box_gap : lane_gap + 4);
}

/// Neighbours that stand as near as they may, and where they would best begin together.
struct Pool {
    long sum = 0;  ///< Of wishes times weights.
    long weight = 0;
    std::size_t first = 0;
    long mean() const { return sum >= 0 ? sum / weight : -((-sum + weight - 1) / weight); }
};

/// The y that are nearest to the wishes, in order and with their distances.
void settle(Layered& piece, const std::vector<std::size_t>& layer, const std::vector<long>& wishes,
            const std::vector<long>& weights) {
    // Measured from where each would stand if all stood as near as they may.
    std::vector<long> offset(layer.size(), 0);
    for (std::size_t i = 1; i < layer.size(); ++i) {
        offset[i] = offset[i - 1] + distance(piece.nodes[layer[i - 1]], piece.nodes[layer[i]]);
    }
    std::vector<Pool> pools;
    for (std::size_t i = 0; i < layer.size(); ++i) {
        pools.push_back({(wishes[i] - offset[i]) * weights[i], weights[i], i});
        while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
            auto& above = pools[pools.size() - 2];
            above.sum += pools.back().sum;
            above.weight += pools.back().weight;
            pools.pop_back();
        }
    }
    for (std::size_t p = 0; p < pools.size(); ++p) {
        const auto end = p + 1 < pools.size() ? pools[p + 1].first : layer.size();
        for (auto i = pools[p].first; i < end; ++i) {
            piece.nodes[layer[i]].y = static_cast<int>(pools[p].mean() + offset[i]);
        }
    }
}

/// A line that goes straight on through several layers is worth more than a short one.
long weight_of(const Node& from, const Node& to) {
    return from.is_lane && to.is_lane ? 8 : from.is_lane || to.is_lane ? 3 : 2;
}

void pull(Layered& piece, const std::vector<std::size_t>& layer, bool from_left, bool from_right) {
    std::vector<long> wishes;
    std::vector<long> weights;
    for (const auto node : layer) {
        long sum = 0;
        long weight = 0;
        const auto add = [&](std::size_t other, int other_y, int own_y) {
            const auto w = weight_of(piece.nodes[other], piece.nodes[node]);
            sum += w * (piece.nodes[other].y + other_y - own_y);
            weight += w;
        };
        if (from_left) {
            for (const auto i : piece.in[node]) {
                const auto& link = piece.links[i];
                add(link.from, link.from_y, link.to_y);
            }
        }
        if (from_right) {
            for (const auto i : piece.out[node]) {
                const auto& link = piece.links[i];
                add(link.to, link.to_y, link.from_y);
            }
        }
        wishes.push_back(weight == 0 ? piece.nodes[node].y : sum / weight);
        weights.push_back(std::max(1L, weight));
    }
    settle(piece, layer, wishes, weights);
}

/// How far a node may go up and down before it meets a neighbour.
std::pair<int, int> room(const Layered& piece, const std::vector<std::size_t>& layer,
                         std::size_t i) {
    const auto& node = piece.nodes[layer[i]];
    int lowest = std::numeric_limits<int>::min();
    int highest = std::numeric_limits<int>::max();
    if (i > 0) {
        const auto& above = piece.nodes[layer[i - 1]];
        lowest = above.y + distance(above, node);
    }
    if (i + 1 < layer.size()) {
        const auto& below = piece.nodes[layer[i + 1]];
        highest = below.y - distance(node, below);
    }
    return {lowest, highest};
}

/// Where there is room, a node takes the height at which a line comes to it or leaves it, the
/// nearest such one, so that no line makes a small step. A lane may go any way for that.
void straighten(Layered& piece) {
    for (auto& layer : piece.layers) {
        for (std::size_t i = 0; i < layer.size(); ++i) {
            auto& node = piece.nodes[layer[i]];
            const auto [lowest, highest] = room(piece, layer, i);
            std::optional<int> best;
            const auto consider = [&](int wish) {
                const int step = std::abs(wish - node.y);
                const bool is_near = node.is_lane || step <= longest_step;
                const bool is_better = !best || step < std::abs(*best - node.y);
                if (is_near && is_better && lowest <= wish && wish <= highest) {
                    best = wish;
                }
            };
            for (const auto link : piece.in[layer[i]]) {
                const auto& each = piece.links[link];
                consider(piece.nodes[each.from].y + each.from_y - each.to_y);
            }
            // A box has lines on its right that its left does not know.
            if (!best || !node.is_lane) {
                for (const auto link : piece.out[layer[i]]) {
                    const auto& each = piece.links[link];
                    consider(piece.nodes[each.to].y + each.to_y - each.from_y);
                }
            }
            node.y = best.value_or(node.y);
        }
    }
}

}  // namespace

void place(Layered& piece) {
    for (const auto& layer : piece.layers) {
        int y = 0;
        for (std::size_t i = 0; i < layer.size(); ++i) {
            piece.nodes[layer[i]].y = y;
            if (i + 1 < layer.size()) {
                y += distance(piece.nodes[layer[i]], piece.nodes[layer[i + 1]]);
            }
        }
    }
    const auto count = piece.layers.size();
    for (int round = 0; round < rounds; ++round) {
        const bool rightwards = round % 2 == 0;
        const bool is_last = round + 2 >= rounds;
        for (std::size_t i = 0; i < count; ++i) {
            const auto& layer = piece.layers[rightwards ? i : count - 1 - i];
            pull(piece, layer, rightwards || is_last, !rightwards || is_last);
        }
    }
    straighten(piece);
    int top = 0;
    for (const auto& node : piece.nodes) {
        top = std::min(top, node.y);
    }
    for (auto& node : piece.nodes) {
        node.y -= top;
    }
}

}  // namespace caisson::docs
