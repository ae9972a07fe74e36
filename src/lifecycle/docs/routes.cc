// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/routes.h"

#include <algorithm>

namespace caisson::docs {
namespace {

constexpr int track_gap = 9;
/// Room for the marks at the ends of lines.
constexpr int channel_edge = 20;
/// Uprights one above the other keep this much apart.
constexpr int clearance = 8;

/// What a net does between two layers: comes in at the left, leaves at several heights on the
/// right.
struct Passage {
    std::size_t net = 0;
    int left = 0;
    std::vector<int> rights;
    int top = 0;
    int bottom = 0;
    std::size_t track = 0;

    bool is_straight() const { return top == bottom; }
};

int y_of(const Layered& piece, std::size_t node, int offset) {
    return piece.nodes[node].y + offset;
}

/// Height of a net where it passes or leaves a layer.
int height_in(const Layered& piece, const Net& net, int layer) {
    const int first = piece.nodes[net.source].layer;
    return layer == first ? y_of(piece, net.source, net.source_y)
                          : y_of(piece, net.lanes[static_cast<std::size_t>(layer - first - 1)], 0);
}

/// Passages behind one layer.
std::vector<Passage> passages(const Layered& piece, int layer) {
    std::vector<Passage> result;
    for (std::size_t i = 0; i < piece.nets.size(); ++i) {
        const auto& net = piece.nets[i];
        const int first = piece.nodes[net.source].layer;
        const int last = first + static_cast<int>(net.lanes.size());
        if (layer < first || layer > last) {
            continue;
        }
        Passage passage{i, height_in(piece, net, layer), {}};
        for (const auto& target : net.targets) {
            if (piece.nodes[target.node].layer == layer + 1) {
                passage.rights.push_back(y_of(piece, target.node, target.y));
            }
        }
        if (layer < last) {
            passage.rights.push_back(height_in(piece, net, layer + 1));
        }
        const auto [top, bottom] = std::ranges::minmax(passage.rights);
        passage.top = std::min(passage.left, top);
        passage.bottom = std::max(passage.left, bottom);
        result.push_back(std::move(passage));
    }
    return result;
}

bool is_within(int y, const Passage& passage) { return passage.top < y && y < passage.bottom; }

/// Crossings when the upright of `a` stands left of that of `b`.
int cost(const Passage& a, const Passage& b) {
    int cost = is_within(b.left, a) ? 1 : 0;
    for (const auto right : a.rights) {
        cost += is_within(right, b) ? 1 : 0;
        // On the very same height two lines would look like one.
        cost += right == b.left ? 4 : 0;
    }
    return cost;
}

bool meet(const Passage& a, const Passage& b) {
    return a.top <= b.bottom + clearance && b.top <= a.bottom + clearance;
}

/// Gives every passage its track; how many there are.
std::size_t assign_tracks(std::vector<Passage>& all) {
    std::vector<Passage*> order;
    for (auto& passage : all) {
        if (!passage.is_straight()) {
            order.push_back(&passage);
        }
    }
    std::ranges::stable_sort(order, [](const auto* a, const auto* b) {
        return std::pair(a->top, a->bottom) < std::pair(b->top, b->bottom);
    });
    bool improved = true;
    for (std::size_t pass = 0; improved && pass < order.size() + 2; ++pass) {
        improved = false;
        for (std::size_t i = 0; i + 1 < order.size(); ++i) {
            if (cost(*order[i + 1], *order[i]) < cost(*order[i], *order[i + 1])) {
                std::swap(order[i], order[i + 1]);
                improved = true;
            }
        }
    }
    std::size_t tracks = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (meet(*order[i], *order[j])) {
                order[i]->track = std::max(order[i]->track, order[j]->track + 1);
            }
        }
        tracks = std::max(tracks, order[i]->track + 1);
    }
    return tracks;
}

void add(std::vector<Point>& points, Point point) {
    if (points.empty() || points.back() != point) {
        points.push_back(point);
    }
}

}  // namespace

Routes route(const Layered& piece, std::size_t lines, const std::vector<bool>& loops) {
    Routes routes;
    routes.wires.resize(lines);
    const auto count = piece.layers.size();
    // For each layer: where the upright of a net stands behind it.
    std::vector<std::vector<int>> upright(count, std::vector<int>(piece.nets.size(), 0));
    int x = 0;
    for (std::size_t i = 0; i < count; ++i) {
        routes.layer_x.push_back(x);
        int width = 0;
        for (const auto node : piece.layers[i]) {
            width = std::max(width, piece.nodes[node].width);
        }
        x += width + (loops[i] ? loop_width : 0);
        auto all = passages(piece, static_cast<int>(i));
        const auto tracks = assign_tracks(all);
        for (const auto& passage : all) {
            upright[i][passage.net] =
                x + channel_edge + static_cast<int>(passage.track) * track_gap;
        }
        if (i + 1 < count) {
            x += 2 * channel_edge +
                 static_cast<int>(std::max<std::size_t>(tracks, 1) - 1) * track_gap;
        }
    }
    routes.width = x;
    for (std::size_t n = 0; n < piece.nets.size(); ++n) {
        const auto& net = piece.nets[n];
        const auto& source = piece.nodes[net.source];
        for (const auto& target : net.targets) {
            auto& wire = routes.wires[target.line];
            wire.begins_at_parent = net.begins_at_parent;
            const auto& node = piece.nodes[target.node];
            int y = source.y + net.source_y;
            add(wire.points,
                {routes.layer_x[static_cast<std::size_t>(source.layer)] + source.width, y});
            for (int layer = source.layer; layer < node.layer; ++layer) {
                const int next =
                    layer + 1 == node.layer ? node.y + target.y : height_in(piece, net, layer + 1);
                if (next != y) {
                    const int at = upright[static_cast<std::size_t>(layer)][n];
                    add(wire.points, {at, y});
                    add(wire.points, {at, next});
                    y = next;
                }
            }
            add(wire.points, {routes.layer_x[static_cast<std::size_t>(node.layer)], y});
        }
    }
    return routes;
}

}  // namespace caisson::docs
