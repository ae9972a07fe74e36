// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/read.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

using Widths = std::map<std::tuple<std::string, std::string, std::string>, double>;

void add_width(Table& table, const Widths& widths) {
    // A row is its header, a map of NULLs, and its values.
    double bytes = 24;
    for (const auto& column : table.columns) {
        const auto width = widths.find({table.schema, table.name, column});
        if (width == widths.end()) {
            return;
        }
        bytes += width->second;
    }
    table.row_bytes = table.columns.empty() ? 0 : bytes;
}

void add_width(Index& index, const Widths& widths) {
    double bytes = 0;
    for (const auto& key : index.keys) {
        const auto width = widths.find({index.schema, index.table, key.text});
        if (!key.is_column || width == widths.end()) {
            return;
        }
        bytes += width->second;
    }
    index.key_bytes = index.included.empty() ? bytes : 0;
}

}  // namespace

void limit(pg::Connection& connection) {
    connection.script(
        "set statement_timeout = '10s'; set lock_timeout = '200ms'; "
        "set default_transaction_read_only = on");
}

void add_widths(Facts& facts) {
    Widths widths;
    for (const auto& column : facts.columns) {
        widths[{column.schema, column.table, column.name}] = column.bytes * (1 - column.null_part);
    }
    for (auto& table : facts.tables) {
        add_width(table, widths);
    }
    for (auto& index : facts.indexes) {
        add_width(index, widths);
    }
}

Facts read(const Sources& sources, const Limits& limits) {
    Facts facts;
    auto& monitor = sources.monitor;
    limit(monitor);
    attempt(facts, "server", [&] { read_server(monitor, facts); });
    for (auto& slot : facts.slots) {
        slot.is_receivers =
            std::ranges::find(sources.own_slots, slot.name) != sources.own_slots.end();
    }
    attempt(facts, "tables", [&] { read_tables(monitor, facts); });
    attempt(facts, "indexes", [&] { read_indexes(monitor, facts); });
    attempt(facts, "foreign keys", [&] { read_foreign_keys(monitor, facts); });
    attempt(facts, "sessions", [&] { read_sessions(monitor, facts); });
    attempt(facts, "replicas", [&] { read_replicas(sources, facts); });
    attempt(facts, "statements", [&] { read_statements(monitor, sources.own_roles, facts); });
    if (!sources.advisor) {
        facts.unreadable.emplace_back("sequences, columns and plans: not asked as the advisor");
        return facts;
    }
    limit(*sources.advisor);
    attempt(facts, "sequences", [&] { read_sequences(*sources.advisor, facts); });
    attempt(facts, "columns", [&] { read_columns(*sources.advisor, limits, facts); });
    add_widths(facts);
    attempt(facts, "plans", [&] { find_candidates(sources, limits, facts); });
    return facts;
}

}  // namespace caisson::advice
