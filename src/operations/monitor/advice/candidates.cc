// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/candidates.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace caisson::advice {
namespace {

/// An index has no use for more: each column costs, and the first ones leave few rows.
constexpr std::size_t most_columns = 3;

using ColumnName = std::tuple<std::string, std::string, std::string>;

/// Distinct values of a column, as far as ANALYZE has counted them.
double distinct_values(const Facts& facts, const std::string& schema, const std::string& table,
                       const std::string& name) {
    const auto* const column = facts.column(schema, table, name);
    const auto* const rows = facts.table(schema, table);
    if (!column) {
        return 1;
    }
    return column->distinct >= 0 ? column->distinct : -column->distinct * (rows ? rows->rows : 0);
}

std::vector<std::string> columns_for(const Scan& scan, const Facts& facts,
                                     const std::map<ColumnName, int>& shared) {
    auto equal = scan.equal;
    std::ranges::stable_sort(equal, [&](const std::string& a, const std::string& b) {
        const auto rank = [&](const std::string& name) {
            return std::tuple(-shared.at({scan.schema, scan.table, name}),
                              -distinct_values(facts, scan.schema, scan.table, name), name);
        };
        return rank(a) < rank(b);
    });
    if (equal.size() > most_columns) {
        equal.resize(most_columns);
    }
    if (equal.size() < most_columns && !scan.ranged.empty() &&
        std::ranges::find(equal, scan.ranged.front()) == equal.end()) {
        equal.push_back(scan.ranged.front());
    }
    return equal;
}

bool is_beginning(const std::vector<std::string>& shorter, const std::vector<std::string>& longer) {
    return shorter.size() < longer.size() &&
           std::equal(shorter.begin(), shorter.end(), longer.begin());
}

/// What the shorter index serves the longer one serves, too.
void merge_beginnings(std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    std::ranges::stable_sort(candidates, std::ranges::greater{},
                             [](const Candidate& each) { return each.columns.size(); });
    for (auto& candidate : candidates) {
        const auto longer = std::ranges::find_if(kept, [&](const Candidate& each) {
            return each.schema == candidate.schema && each.table == candidate.table &&
                   is_beginning(candidate.columns, each.columns);
        });
        if (longer == kept.end()) {
            kept.push_back(std::move(candidate));
            continue;
        }
        longer->uses.insert(longer->uses.end(), candidate.uses.begin(), candidate.uses.end());
    }
    candidates = std::move(kept);
}

}  // namespace

std::vector<Candidate> candidates_for(const std::vector<Need>& needs, const Facts& facts,
                                      const Limits& limits) {
    std::map<ColumnName, int> shared;
    for (const auto& need : needs) {
        for (const auto& column : need.scan.equal) {
            ++shared[{need.scan.schema, need.scan.table, column}];
        }
    }
    std::vector<Candidate> candidates;
    for (const auto& need : needs) {
        const auto& scan = need.scan;
        const auto* const table = facts.table(scan.schema, scan.table);
        if (!table) {
            continue;
        }
        const double rows = std::max(table->rows, table->live_rows);
        const double part = rows > 0 ? scan.rows / rows : 1;
        if (rows < double(limits.scanned_rows) || part > limits.filtered_rows) {
            continue;
        }
        const auto columns = columns_for(scan, facts, shared);
        if (columns.empty()) {
            continue;
        }
        auto found = std::ranges::find_if(candidates, [&](const Candidate& each) {
            return each.schema == scan.schema && each.table == scan.table &&
                   each.columns == columns;
        });
        if (found == candidates.end()) {
            candidates.push_back({.schema = scan.schema,
                                  .table = scan.table,
                                  .columns = columns,
                                  .is_ranged = false,
                                  .source = need.source,
                                  .selectivity = part});
            found = candidates.end() - 1;
        }
        found->is_ranged =
            found->is_ranged || std::ranges::find(scan.equal, columns.back()) == scan.equal.end();
        found->selectivity = std::max(found->selectivity, part);
        const auto& statement = *need.statement;
        if (std::ranges::none_of(found->uses, [&](const Candidate::Use& use) {
                return use.statement == statement.id;
            })) {
            found->uses.push_back({statement.id, statement.text, statement.calls,
                                   statement.milliseconds, need.cost, need.cost});
        }
    }
    merge_beginnings(candidates);
    return candidates;
}

}  // namespace caisson::advice
