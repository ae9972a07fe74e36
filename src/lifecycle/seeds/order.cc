// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/order.h"

#include <algorithm>
#include <set>
#include <utility>

namespace caisson::seeds {
namespace {

bool writes(const Node& node, std::size_t table) {
    return std::find(node.writes.begin(), node.writes.end(), table) != node.writes.end();
}

/// One node waits for another because of a constraint.
struct Wait {
    std::size_t node = 0;
    std::size_t other = 0;
    bool deferrable = false;
    std::size_t constraint = 0;
};

std::vector<Wait> waits_of(const std::vector<Node>& nodes,
                           const std::vector<Reference>& references) {
    std::vector<Wait> waits;
    for (const auto& reference : references) {
        if (reference.child == reference.parent) {
            continue;  // A table's own rows come in one statement.
        }
        for (std::size_t a = 0; a < nodes.size(); ++a) {
            if (!writes(nodes[a], reference.child) || !reference.applies[a]) {
                continue;
            }
            for (std::size_t b = 0; b < nodes.size(); ++b) {
                // Two scripts that write both tables have no order but their names.
                const bool mutual =
                    writes(nodes[a], reference.parent) && writes(nodes[b], reference.child);
                if (a != b && writes(nodes[b], reference.parent) && !mutual) {
                    waits.push_back({a, b, reference.deferrable, reference.constraint});
                }
            }
        }
    }
    return waits;
}

/// The nodes and how many others each still waits for.
class Sorter {
 public:
    Sorter(const std::vector<Node>& nodes, std::vector<Wait> waits)
        : nodes_(nodes),
          waits_(std::move(waits)),
          done_(nodes.size(), false),
          hard_(nodes.size(), 0),
          soft_(nodes.size(), 0) {
        for (const auto& wait : waits_) {
            ++(wait.deferrable ? soft_ : hard_)[wait.node];
        }
    }

    Order sort() {
        while (order_.nodes.size() < nodes_.size()) {
            auto next = pick([&](std::size_t node) { return hard_[node] + soft_[node] == 0; });
            if (next == nodes_.size()) {
                next = pick([&](std::size_t node) { return hard_[node] == 0; });
            }
            if (next == nodes_.size()) {
                next = pick([&](std::size_t node) { return nodes_[node].is_sql; });
            }
            if (next == nodes_.size()) {
                find_circle();
                break;
            }
            finish(next);
        }
        order_.deferred.assign(deferred_.begin(), deferred_.end());
        return std::move(order_);
    }

 private:
    template <typename Suits>
    std::size_t pick(Suits suits) const {
        std::size_t node = 0;
        while (node < nodes_.size() && (done_[node] || !suits(node))) {
            ++node;
        }
        return node;
    }

    void finish(std::size_t node) {
        for (const auto& wait : waits_) {
            if (wait.node == node && !done_[wait.other] && wait.deferrable) {
                deferred_.insert(wait.constraint);
            }
            if (wait.other == node && !done_[wait.node]) {
                --(wait.deferrable ? soft_ : hard_)[wait.node];
            }
        }
        done_[node] = true;
        order_.nodes.push_back(node);
    }

    /// Whoever is left waits for another one that is left: following that leads into a circle.
    void find_circle() {
        std::vector<std::size_t> path;
        std::size_t node = pick([](std::size_t) { return true; });
        while (std::find(path.begin(), path.end(), node) == path.end()) {
            path.push_back(node);
            node = std::find_if(waits_.begin(), waits_.end(), [&](const Wait& wait) {
                       return wait.node == node && !wait.deferrable && !done_[wait.other];
                   })->other;
        }
        order_.circle.assign(std::find(path.begin(), path.end(), node), path.end());
    }

    const std::vector<Node>& nodes_;
    std::vector<Wait> waits_;
    std::vector<bool> done_;
    std::vector<std::size_t> hard_;
    std::vector<std::size_t> soft_;
    std::set<std::size_t> deferred_;
    Order order_;
};

}  // namespace

Order order(const std::vector<Node>& nodes, const std::vector<Reference>& references) {
    return Sorter(nodes, waits_of(nodes, references)).sort();
}

}  // namespace caisson::seeds
