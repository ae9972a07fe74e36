// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/relations.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace caisson::docs {
namespace {

/// Sets of tables that grow together, each with its size.
class Sets {
 public:
    explicit Sets(std::size_t count) : parents_(count), sizes_(count, 1) {
        std::iota(parents_.begin(), parents_.end(), 0);
    }
    std::size_t root(std::size_t of) {
        while (parents_[of] != of) {
            parents_[of] = parents_[parents_[of]];
            of = parents_[of];
        }
        return of;
    }
    void join_within(std::size_t a, std::size_t b, std::size_t limit) {
        a = root(a);
        b = root(b);
        if (a != b && sizes_[a] + sizes_[b] <= limit) {
            parents_[std::max(a, b)] = std::min(a, b);
            sizes_[std::min(a, b)] += sizes_[std::max(a, b)];
        }
    }

 private:
    std::vector<std::size_t> parents_;
    std::vector<std::size_t> sizes_;
};

std::vector<std::size_t> referrers_of(const Inventory& inventory, const std::vector<Edge>& edges) {
    std::vector<std::size_t> counts(inventory.tables.size(), 0);
    for (const auto& edge : edges) {
        counts[edge.to] += edge.from == edge.to ? 0 : 1;
    }
    return counts;
}

/// The weaker a tie the more tables have the same.
std::vector<Edge> strongest_first(const Inventory& inventory, std::vector<Edge> edges,
                                  const std::vector<std::size_t>& referrers) {
    const auto strength = [&](const Edge& edge) {
        const bool is_near =
            inventory.tables[edge.from].schema() == inventory.tables[edge.to].schema();
        return std::tuple(!is_near, referrers[edge.to], edge.to, edge.from);
    };
    std::vector<std::pair<decltype(strength(edges.front())), Edge>> rated;
    for (const auto& edge : edges) {
        rated.emplace_back(strength(edge), edge);
    }
    std::ranges::stable_sort(rated, {}, [](const auto& each) { return each.first; });
    for (std::size_t i = 0; i < rated.size(); ++i) {
        edges[i] = rated[i].second;
    }
    return edges;
}

std::string title_of(const Inventory& inventory, const std::vector<std::size_t>& tables,
                     const std::vector<std::size_t>& referrers) {
    auto sorted = tables;
    std::ranges::stable_sort(sorted, [&](auto a, auto b) { return referrers[a] > referrers[b]; });
    auto title = short_name(inventory.tables[sorted.front()].name);
    if (sorted.size() > 1) {
        title += ", " + short_name(inventory.tables[sorted[1]].name);
    }
    return sorted.size() > 2 ? title + ", …" : title;
}

}  // namespace

std::vector<Edge> edges_of(const Inventory& inventory) {
    std::vector<Edge> edges;
    for (std::size_t i = 0; i < inventory.tables.size(); ++i) {
        const auto& table = inventory.tables[i];
        for (const auto& parent : table.parents) {
            if (const auto to = inventory.table(parent); to < inventory.tables.size()) {
                edges.push_back({i, to, Edge::npos});
            }
        }
        for (std::size_t j = 0; j < table.references.size(); ++j) {
            if (const auto to = inventory.table(table.references[j].table);
                to < inventory.tables.size()) {
                edges.push_back({i, to, j});
            }
        }
    }
    return edges;
}

std::vector<Group> groups_of(const Inventory& inventory, const std::vector<Edge>& edges,
                             std::size_t limit) {
    const auto count = inventory.tables.size();
    const auto referrers = referrers_of(inventory, edges);
    Sets sets(count);
    for (const auto& edge : strongest_first(inventory, edges, referrers)) {
        sets.join_within(edge.from, edge.to, limit);
    }
    std::map<std::size_t, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < count; ++i) {
        members[sets.root(i)].push_back(i);
    }
    // Larger sets first; what is left over is put together by name, neighbours beside neighbours.
    std::vector<std::vector<std::size_t>> ordered;
    for (auto& [root, tables] : members) {
        ordered.push_back(std::move(tables));
    }
    std::ranges::stable_sort(ordered, [&](const auto& a, const auto& b) {
        const bool small_a = a.size() * 2 <= limit;
        const bool small_b = b.size() * 2 <= limit;
        return small_a != small_b ? small_b : false;
    });
    std::vector<Group> groups;
    for (auto& tables : ordered) {
        if (!groups.empty() && groups.back().tables.size() + tables.size() <= limit) {
            auto& into = groups.back().tables;
            into.insert(into.end(), tables.begin(), tables.end());
        } else {
            groups.push_back({{}, std::move(tables)});
        }
    }
    for (auto& group : groups) {
        std::ranges::sort(group.tables);
        group.title = title_of(inventory, group.tables, referrers);
    }
    return groups;
}

}  // namespace caisson::docs
