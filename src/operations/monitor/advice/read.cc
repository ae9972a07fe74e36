// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/read.h"

#include <map>
#include <tuple>

#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

/// Nobody waits for us, and we wait for nobody.
void limit(pg::Connection& connection) {
    connection.script(
        "set statement_timeout = '10s'; set lock_timeout = '200ms'; "
        "set default_transaction_read_only = on");
}

/// Bytes of an index's entries follow from those of its columns.
void add_widths(Facts& facts) {
    std::map<std::tuple<std::string, std::string, std::string>, double> widths;
    for (const auto& column : facts.columns) {
        widths[{column.schema, column.table, column.name}] = column.bytes * (1 - column.null_part);
    }
    for (auto& index : facts.indexes) {
        double bytes = 0;
        bool is_known = index.included.empty();
        for (const auto& key : index.keys) {
            const auto width = widths.find({index.schema, index.table, key.text});
            is_known = is_known && key.is_column && width != widths.end();
            bytes += is_known ? width->second : 0;
        }
        index.key_bytes = is_known ? bytes : 0;
    }
}

}  // namespace

Facts read(const Sources& sources, const Limits& limits) {
    Facts facts;
    auto& monitor = sources.monitor;
    limit(monitor);
    attempt(facts, "server", [&] { read_server(monitor, facts); });
    attempt(facts, "tables", [&] { read_tables(monitor, facts); });
    attempt(facts, "indexes", [&] { read_indexes(monitor, facts); });
    attempt(facts, "foreign keys", [&] { read_foreign_keys(monitor, facts); });
    attempt(facts, "sessions", [&] { read_sessions(monitor, facts); });
    for (auto* const replica : sources.replicas) {
        limit(*replica);
        attempt(facts, "replica " + replica->settings().host,
                [&] { read_replica(*replica, facts); });
    }
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
