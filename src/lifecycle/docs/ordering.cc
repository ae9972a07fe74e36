// SPDX-License-Identifier: Apache-2.0
/// Which node of a layer stands above which. Barycentres in both directions, then neighbours are
/// exchanged as long as that helps; the best order that was seen is kept.
#include <algorithm>
#include <numeric>

#include "lifecycle/docs/layered.h"

namespace caisson::docs {
namespace {

constexpr int sweeps = 16;

/// Places as whole numbers: a node's place, and below it the row at which a line ends.
constexpr long scale = 4096;

class Orderer {
 public:
    explicit Orderer(Layered& piece) : piece_(piece), place_(piece.nodes.size(), 0) {
        for (const auto& layer : piece_.layers) {
            number(layer);
        }
    }

    void run() {
        auto best = piece_.layers;
        auto fewest = crossings(piece_);
        for (int i = 0; i < sweeps && fewest > 0; ++i) {
            const bool rightwards = i % 2 == 0;
            for (std::size_t j = 1; j < piece_.layers.size(); ++j) {
                sort(piece_.layers[rightwards ? j : piece_.layers.size() - 1 - j], rightwards);
            }
            exchange();
            if (const auto now = crossings(piece_); now < fewest) {
                fewest = now;
                best = piece_.layers;
            }
        }
        piece_.layers = std::move(best);
    }

 private:
    void number(const std::vector<std::size_t>& layer) {
        for (std::size_t i = 0; i < layer.size(); ++i) {
            place_[layer[i]] = static_cast<long>(i);
        }
    }

    /// Where a link ends, on the side that stays.
    long end(const Link& link, bool at_from) const {
        const auto node = at_from ? link.from : link.to;
        const auto y = at_from ? link.from_y : link.to_y;
        const auto height = std::max(1, piece_.nodes[node].height);
        return place_[node] * scale + std::min<long>(scale - 1, y * scale / (height + 1));
    }

    void sort(std::vector<std::size_t>& layer, bool rightwards) {
        std::vector<std::pair<long, std::size_t>> weighed;
        for (const auto node : layer) {
            const auto& links = rightwards ? piece_.in[node] : piece_.out[node];
            long sum = 0;
            for (const auto link : links) {
                sum += end(piece_.links[link], rightwards);
            }
            // What nothing ties stays where it is.
            const auto count = static_cast<long>(links.size());
            weighed.emplace_back(count == 0 ? place_[node] * scale : sum / count, node);
        }
        std::ranges::stable_sort(weighed, {}, [](const auto& each) { return each.first; });
        for (std::size_t i = 0; i < layer.size(); ++i) {
            layer[i] = weighed[i].second;
        }
        number(layer);
    }

    /// Crossings between the links of two neighbours when `a` stands above `b`.
    long cost(std::size_t a, std::size_t b) const {
        long cost = 0;
        for (const bool before : {true, false}) {
            const auto& of_a = before ? piece_.in[a] : piece_.out[a];
            const auto& of_b = before ? piece_.in[b] : piece_.out[b];
            for (const auto i : of_a) {
                for (const auto j : of_b) {
                    cost += end(piece_.links[i], before) > end(piece_.links[j], before) ? 1 : 0;
                }
            }
        }
        return cost;
    }

    void exchange() {
        bool improved = true;
        for (int pass = 0; improved && pass < 8; ++pass) {
            improved = false;
            for (auto& layer : piece_.layers) {
                for (std::size_t i = 0; i + 1 < layer.size(); ++i) {
                    if (cost(layer[i + 1], layer[i]) < cost(layer[i], layer[i + 1])) {
                        std::swap(layer[i], layer[i + 1]);
                        std::swap(place_[layer[i]], place_[layer[i + 1]]);
                        improved = true;
                    }
                }
            }
        }
    }

    Layered& piece_;
    std::vector<long> place_;
};

/// Inversions of a sequence, by merging.
std::size_t inversions(std::vector<long>& values, std::size_t from, std::size_t to) {
    if (to - from < 2) {
        return 0;
    }
    const auto middle = from + (to - from) / 2;
    auto count = inversions(values, from, middle) + inversions(values, middle, to);
    std::vector<long> merged;
    merged.reserve(to - from);
    for (std::size_t i = from, j = middle; i < middle || j < to;) {
        if (j == to || (i < middle && values[i] <= values[j])) {
            merged.push_back(values[i++]);
        } else {
            count += middle - i;
            merged.push_back(values[j++]);
        }
    }
    std::copy(merged.begin(), merged.end(), values.begin() + static_cast<long>(from));
    return count;
}

}  // namespace

std::size_t crossings(const Layered& piece) {
    std::vector<long> place(piece.nodes.size(), 0);
    for (const auto& layer : piece.layers) {
        for (std::size_t i = 0; i < layer.size(); ++i) {
            place[layer[i]] = static_cast<long>(i);
        }
    }
    std::size_t count = 0;
    for (const auto& layer : piece.layers) {
        std::vector<std::pair<long, long>> ends;
        for (const auto node : layer) {
            for (const auto link : piece.out[node]) {
                const auto& each = piece.links[link];
                ends.emplace_back(place[node] * scale + std::min(scale - 1L, 1L * each.from_y),
                                  place[each.to] * scale + std::min(scale - 1L, 1L * each.to_y));
            }
        }
        std::ranges::sort(ends);
        std::vector<long> rights;
        for (const auto& [left, right] : ends) {
            rights.push_back(right);
        }
        count += inversions(rights, 0, rights.size());
    }
    return count;
}

void order(Layered& piece) { Orderer(piece).run(); }

}  // namespace caisson::docs
