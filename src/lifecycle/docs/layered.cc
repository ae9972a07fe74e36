// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/layered.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace caisson::docs {
namespace {

/// Layers that hold something, numbered without gaps.
std::vector<int> without_gaps(const std::vector<int>& layers) {
    std::map<int, int> numbers;
    for (const auto layer : layers) {
        numbers[layer] = 0;
    }
    int next = 0;
    for (auto& [layer, number] : numbers) {
        number = next++;
    }
    std::vector<int> result;
    for (const auto layer : layers) {
        result.push_back(numbers[layer]);
    }
    return result;
}

/// Lines from one row of a parent are one net; one that leads backwards begins at the child.
std::vector<Net> nets_of(const std::vector<Line>& lines, const std::vector<Node>& nodes) {
    std::vector<Net> nets;
    std::map<std::tuple<std::size_t, int, bool>, std::size_t> known;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& line = lines[i];
        if (line.child == line.parent) {
            continue;
        }
        const bool is_forward = nodes[line.parent].layer < nodes[line.child].layer;
        const auto source = is_forward ? line.parent : line.child;
        const auto source_y = is_forward ? line.parent_y : line.child_y;
        const auto [place, is_new] =
            known.emplace(std::tuple(source, source_y, is_forward), nets.size());
        if (is_new) {
            nets.push_back({source, source_y, {}, {}, is_forward});
        }
        nets[place->second].targets.push_back(is_forward
                                                  ? Net::Target{line.child, line.child_y, i}
                                                  : Net::Target{line.parent, line.parent_y, i});
    }
    return nets;
}

void add_lanes(Layered& piece) {
    for (auto& net : piece.nets) {
        const int first = piece.nodes[net.source].layer;
        int last = first + 1;
        for (const auto& target : net.targets) {
            last = std::max(last, piece.nodes[target.node].layer);
        }
        for (int layer = first + 1; layer < last; ++layer) {
            net.lanes.push_back(piece.nodes.size());
            piece.nodes.push_back({0, 0, layer, 0, true});
        }
    }
}

void add_links(Layered& piece) {
    for (const auto& net : piece.nets) {
        const int first = piece.nodes[net.source].layer;
        // Where the net is in a layer behind its source's.
        const auto at = [&](int layer) {
            return layer == first
                       ? std::pair(net.source, net.source_y)
                       : std::pair(net.lanes[static_cast<std::size_t>(layer - first - 1)], 0);
        };
        for (std::size_t i = 0; i < net.lanes.size(); ++i) {
            const auto [from, from_y] = at(first + static_cast<int>(i));
            piece.links.push_back({from, from_y, net.lanes[i], 0});
        }
        for (const auto& target : net.targets) {
            const auto [from, from_y] = at(piece.nodes[target.node].layer - 1);
            piece.links.push_back({from, from_y, target.node, target.y});
        }
    }
    piece.in.resize(piece.nodes.size());
    piece.out.resize(piece.nodes.size());
    for (std::size_t i = 0; i < piece.links.size(); ++i) {
        piece.out[piece.links[i].from].push_back(i);
        piece.in[piece.links[i].to].push_back(i);
    }
}

}  // namespace

Layered layered(const std::vector<Box>& boxes, const std::vector<Line>& lines,
                const std::vector<int>& layers) {
    Layered piece;
    const auto numbers = without_gaps(layers);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        piece.nodes.push_back({boxes[i].height, boxes[i].width, numbers[i]});
    }
    piece.nets = nets_of(lines, piece.nodes);
    add_lanes(piece);
    add_links(piece);
    const auto count = *std::max_element(numbers.begin(), numbers.end()) + 1;
    piece.layers.resize(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < piece.nodes.size(); ++i) {
        piece.layers[static_cast<std::size_t>(piece.nodes[i].layer)].push_back(i);
    }
    return piece;
}

}  // namespace caisson::docs
