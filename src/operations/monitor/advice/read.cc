// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/read.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "operations/monitor/advice/reading.h"
#include "operations/monitor/collect/definers.h"

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

bool is_ours(const Session& session, const std::vector<std::string>& working_roles) {
    // Each of our programs has a name of its own; "caisson" alone has any application that is built
    // with the library.
    const auto& name = session.application;
    return name.starts_with("caisson ") || name.starts_with("caisson-") ||
           std::ranges::find(working_roles, session.user) != working_roles.end();
}

std::string_view text_of(Group group) {
    constexpr std::array<std::string_view, 11> names = {
        "server",     "tables",    "indexes", "foreign keys", "sessions", "replicas",
        "statements", "sequences", "columns", "plans",        "counters"};
    return names.at(static_cast<std::size_t>(group));
}

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

namespace {

/// A server shows what it does not count as zero, and sessions it does not watch as none.
void find_what_is_off(pg::Connection& monitor, Facts& facts) {
    const auto off = monitor
                         .query(
                             "select current_setting('track_counts') = 'off' as counts, "
                             "current_setting('track_activities') = 'off' as activities")
                         .front();
    const auto tell = [&](Group group, const std::string& why) {
        facts.unread[group] = std::string(text_of(group)) + ": " + why;
        facts.unreadable.push_back(facts.unread[group]);
    };
    if (off.boolean("counts")) {
        tell(Group::counters,
             "track_counts is off, so that nothing is counted and autovacuum does not come: alter "
             "system set track_counts = on");
    }
    if (off.boolean("activities")) {
        tell(Group::sessions, "track_activities is off: alter system set track_activities = on");
    }
}

void read_as_advisor(const Sources& sources, const Limits& limits, Facts& facts) {
    auto* const advisor = sources.advisor;
    const auto as_advisor = [&](Group group, const auto& read) {
        if (advisor) {
            attempt(facts, group, read);
        } else {
            facts.unread[group] = std::string(text_of(group)) + ": not asked as the advisor";
            facts.unreadable.push_back(facts.unread[group]);
        }
    };
    // Ours may have a function that tells how far they are.
    if (advisor || monitor::may_call(sources.monitor, monitor::sequences_function)) {
        attempt(facts, Group::sequences, [&] { read_sequences(sources, facts); });
    } else {
        as_advisor(Group::sequences, [] {});
    }
    as_advisor(Group::columns, [&] { read_columns(*advisor, limits, facts); });
    add_widths(facts);
    as_advisor(Group::plans, [&] { find_candidates(sources, limits, facts); });
}

}  // namespace

Facts read(const Sources& sources, const Limits& limits) {
    Facts facts;
    auto& monitor = sources.monitor;
    limit(monitor);
    attempt(facts, Group::server, [&] { read_server(monitor, facts); });
    for (auto& slot : facts.slots) {
        slot.is_receivers =
            std::ranges::find(sources.own_slots, slot.name) != sources.own_slots.end();
    }
    attempt(facts, Group::counters, [&] { find_what_is_off(monitor, facts); });
    attempt(facts, Group::tables, [&] { read_tables(monitor, facts); });
    attempt(facts, Group::indexes, [&] { read_indexes(monitor, facts); });
    attempt(facts, Group::foreign_keys, [&] { read_foreign_keys(monitor, facts); });
    attempt(facts, Group::sessions, [&] { read_sessions(monitor, facts); });
    for (auto& session : facts.sessions) {
        session.is_own = is_ours(session, sources.working_roles);
    }
    attempt(facts, Group::replicas, [&] { read_replicas(sources, facts); });
    attempt(facts, Group::statements, [&] { read_statements(monitor, sources.own_roles, facts); });
    if (sources.advisor) {
        limit(*sources.advisor);
    }
    read_as_advisor(sources, limits, facts);
    return facts;
}

}  // namespace caisson::advice
