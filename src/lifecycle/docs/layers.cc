// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/layers.h"

#include <algorithm>
#include <set>

namespace caisson::docs {
namespace {

/// Who refers to whom, each pair once, without boxes that refer to themselves.
struct Ties {
    std::vector<std::set<std::size_t>> children;
    std::vector<std::set<std::size_t>> parents;
};

Ties ties_of(std::size_t count, const std::vector<Line>& lines) {
    Ties ties{std::vector<std::set<std::size_t>>(count), std::vector<std::set<std::size_t>>(count)};
    for (const auto& line : lines) {
        if (line.child != line.parent) {
            ties.children[line.parent].insert(line.child);
            ties.parents[line.child].insert(line.parent);
        }
    }
    return ties;
}

/// An order of all boxes in which few children stand before their parents: what nobody refers to
/// is taken from the end, what refers to nobody from the beginning, else the one with the most
/// referrers.
std::vector<std::size_t> few_backwards(Ties ties) {
    const auto count = ties.children.size();
    std::set<std::size_t> left;
    for (std::size_t i = 0; i < count; ++i) {
        left.insert(i);
    }
    std::vector<std::size_t> first;
    std::vector<std::size_t> last;
    const auto take = [&](std::size_t box) {
        for (const auto child : ties.children[box]) {
            ties.parents[child].erase(box);
        }
        for (const auto parent : ties.parents[box]) {
            ties.children[parent].erase(box);
        }
        left.erase(box);
    };
    const auto take_all = [&](const auto& ends, std::vector<std::size_t>& into) {
        for (bool found = true; found;) {
            found = false;
            for (auto box = left.begin(); box != left.end();) {
                const auto each = *box++;
                if (ends[each].empty()) {
                    into.push_back(each);
                    take(each);
                    found = true;
                }
            }
        }
    };
    while (!left.empty()) {
        take_all(ties.children, last);
        take_all(ties.parents, first);
        if (left.empty()) {
            break;
        }
        const auto surplus = [&](std::size_t box) {
            return static_cast<long>(ties.children[box].size()) -
                   static_cast<long>(ties.parents[box].size());
        };
        const auto best = *std::max_element(
            left.begin(), left.end(), [&](auto a, auto b) { return surplus(a) < surplus(b); });
        first.push_back(best);
        take(best);
    }
    first.insert(first.end(), last.rbegin(), last.rend());
    return first;
}

/// The ties that lead forwards in an order; the others turned round.
Ties forwards(const Ties& ties, const std::vector<std::size_t>& order) {
    const auto count = order.size();
    std::vector<std::size_t> place(count);
    for (std::size_t i = 0; i < count; ++i) {
        place[order[i]] = i;
    }
    Ties result{std::vector<std::set<std::size_t>>(count),
                std::vector<std::set<std::size_t>>(count)};
    for (std::size_t parent = 0; parent < count; ++parent) {
        for (const auto child : ties.children[parent]) {
            const bool is_forward = place[parent] < place[child];
            result.children[is_forward ? parent : child].insert(is_forward ? child : parent);
            result.parents[is_forward ? child : parent].insert(is_forward ? parent : child);
        }
    }
    return result;
}

/// How many layers there are at least behind a box.
std::vector<int> depths(const Ties& ties, const std::vector<std::size_t>& order) {
    std::vector<int> depth(order.size(), 0);
    for (auto box = order.rbegin(); box != order.rend(); ++box) {
        for (const auto child : ties.children[*box]) {
            depth[*box] = std::max(depth[*box], depth[child] + 1);
        }
    }
    return depth;
}

/// Layers with room, filled from the left.
class Shelves {
 public:
    explicit Shelves(int height) : height_(height) {}
    bool fits(std::size_t layer, int height) const {
        return layer >= used_.size() || used_[layer] == 0 || used_[layer] + height <= height_;
    }
    void put(std::size_t layer, int height) {
        if (layer >= used_.size()) {
            used_.resize(layer + 1, 0);
        }
        used_[layer] += height;
    }
    void take(std::size_t layer, int height) { used_[layer] -= height; }

 private:
    int height_;
    std::vector<int> used_;
};

}  // namespace

std::vector<int> layers_of(const std::vector<Box>& boxes, const std::vector<Line>& lines,
                           int height) {
    const auto count = boxes.size();
    const auto all = ties_of(count, lines);
    const auto order = few_backwards(all);
    const auto ties = forwards(all, order);
    const auto depth = depths(ties, order);
    std::vector<int> layer(count, 0);
    Shelves shelves(height);
    const auto needs = [&](std::size_t box) { return boxes[box].height + box_gap; };
    // Those with the longest way behind them first, as soon as their parents have a place.
    std::vector<std::size_t> waiting(count);
    std::set<std::pair<int, std::size_t>> ready;
    for (std::size_t i = 0; i < count; ++i) {
        waiting[i] = ties.parents[i].size();
        if (waiting[i] == 0) {
            ready.emplace(-depth[i], i);
        }
    }
    while (!ready.empty()) {
        const auto box = ready.begin()->second;
        ready.erase(ready.begin());
        int lowest = 0;
        for (const auto parent : ties.parents[box]) {
            lowest = std::max(lowest, layer[parent] + 1);
        }
        auto at = static_cast<std::size_t>(lowest);
        while (!shelves.fits(at, needs(box))) {
            ++at;
        }
        shelves.put(at, needs(box));
        layer[box] = static_cast<int>(at);
        for (const auto child : ties.children[box]) {
            if (--waiting[child] == 0) {
                ready.emplace(-depth[child], child);
            }
        }
    }
    // What few refer to moves next to them, and its lines become short.
    for (auto box = order.rbegin(); box != order.rend(); ++box) {
        if (ties.children[*box].empty() || ties.parents[*box].size() > ties.children[*box].size()) {
            continue;
        }
        int nearest = layer[*ties.children[*box].begin()];
        for (const auto child : ties.children[*box]) {
            nearest = std::min(nearest, layer[child]);
        }
        for (int at = nearest - 1; at > layer[*box]; --at) {
            if (shelves.fits(static_cast<std::size_t>(at), needs(*box))) {
                shelves.take(static_cast<std::size_t>(layer[*box]), needs(*box));
                shelves.put(static_cast<std::size_t>(at), needs(*box));
                layer[*box] = at;
                break;
            }
        }
    }
    return layer;
}

}  // namespace caisson::docs
