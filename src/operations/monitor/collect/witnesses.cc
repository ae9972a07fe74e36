// SPDX-License-Identifier: Apache-2.0
/// Who stands behind the figures of sessions and locks.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/collect/group.h"
#include "operations/monitor/collect/redaction.h"

namespace caisson::monitor {
namespace {

/// Of a statement so many characters are told.
constexpr std::size_t most_text = 120;
/// Who holds up others is told of so many.
constexpr std::size_t most_roots = 3;

/// Sessions as activity.cc counts them. A parallel worker began when its leader did.
constexpr std::string_view worst_sessions = R"sql(
with s as materialized (
  select pid, usename, application_name, client_addr, state, state_change, xact_start, query_start,
         left(query, 1000) as query, backend_type
    from pg_stat_activity
   where backend_type in ('client backend', 'parallel worker') and pid <> pg_backend_pid()
     and not coalesce(usename = any(string_to_array($1, chr(10))), false))
select metric, pid, coalesce(usename, '') as usename, coalesce(application_name, '') as application,
       coalesce(host(client_addr), 'local') as client, coalesce(state, '') as state, query,
       to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since
  from ((select 'idle' as metric, s.*, state_change as since from s
          where state like 'idle in transaction%' order by state_change limit 1)
        union all
        (select 'transaction', s.*, xact_start from s
          where xact_start is not null order by xact_start, backend_type limit 1)
        union all
        (select 'query', s.*, query_start from s
          where state = 'active' order by query_start, backend_type limit 1)) worst)sql";

constexpr std::string_view most_connections = R"sql(
select coalesce(usename, '') as usename, coalesce(application_name, '') as application,
       count(*) as connections,
       count(*) filter (where state like 'idle%') as idle
  from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
 group by 1, 2 order by 3 desc, 1, 2 limit 3)sql";

constexpr std::string_view oldest_prepared = R"sql(
select gid, owner, database,
       to_char(prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since
  from pg_prepared_xacts x order by x.prepared limit 1)sql";

/// A statement in one line without what it is about, cut.
std::string line_of(std::string_view statement) {
    std::string line;
    for (const char c : without_constants(statement)) {
        const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
        if (!is_blank) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    const auto end = byte_of_character(line, most_text);
    return end < line.size() ? line.substr(0, end) + "…" : line;
}

std::string who(int process, std::string_view user, std::string_view application,
                std::string_view client) {
    return fmt::format("pid {}, user {}, application {}, client {}", process,
                       user.empty() ? "?" : user, application.empty() ? "?" : application, client);
}

std::string text_of(const LockSession& session) {
    const auto time = [](double seconds) {
        return human(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3)));
    };
    return fmt::format(
        "{}, {}{}{}: {}", who(session.process, session.user, session.application, session.client),
        session.state.empty() ? "no session" : session.state,
        session.transaction > 0 ? ", its transaction began " + time(session.transaction) + " ago"
                                : "",
        session.lock.empty() ? ""
                             : fmt::format(", waits {} for {}", time(session.waits), session.lock),
        line_of(session.text));
}

void note(Collecting& reading, std::string_view metric, std::string text) {
    if (!is_utf8(text)) {  // Of a database without an encoding.
        std::ranges::replace_if(
            text, [](char c) { return static_cast<unsigned char>(c) > 127; }, '?');
    }
    reading.sample.witnesses.push_back({metric, {}, std::move(text)});
}

/// What the server rejects is not known; the figures are.
template <typename Read>
void attempt(const Read& read) {
    try {
        read();
    } catch (const pg::DatabaseError&) {
    }
}

}  // namespace

void add_session_witnesses(Collecting& reading, const pg::Row& figures) {
    // Sessions of less are gone before anybody looks for them.
    const bool is_long = std::max({figures.real("longest_idle"), figures.real("oldest"),
                                   figures.real("longest")}) >= 1;
    if (is_long) {
        attempt([&] {
            for (const auto& row :
                 reading.connection.repeat(worst_sessions, {reading.limits.backup_roles})) {
                const auto metric = row.text("metric") == "idle"
                                        ? "activity.longest_idle_in_transaction"
                                    : row.text("metric") == "query" ? "activity.longest_query"
                                                                    : "activity.oldest_transaction";
                note(reading, metric,
                     fmt::format("{}, {}, since {} UTC: {}",
                                 who(static_cast<int>(row.integer("pid")), row.text("usename"),
                                     row.text("application"), row.text("client")),
                                 row.text("state"), row.text("since"), line_of(row.text("query"))));
            }
        });
    }
    if (figures.real("used_percent") >= 50) {
        attempt([&] {
            std::string text;
            for (const auto& row : reading.connection.repeat(most_connections)) {
                text += fmt::format(
                    "{}user {}, application {}: {} ({} idle)", text.empty() ? "" : "; ",
                    row.text("usename"),
                    row.text("application").empty() ? "?" : row.text("application"),
                    counted(static_cast<std::size_t>(row.integer("connections")), "connection"),
                    row.integer("idle"));
            }
            note(reading, "activity.used_percent", std::move(text));
        });
    }
}

void add_prepared_witness(Collecting& reading) {
    attempt([&] {
        for (const auto& row : reading.connection.repeat(oldest_prepared)) {
            note(reading, "activity.oldest_prepared_transaction",
                 fmt::format("'{}', of {} in {}, prepared {} UTC", row.text("gid"),
                             row.text("owner"), row.text("database"), row.text("since")));
        }
    });
}

void add_lock_witnesses(Collecting& reading) {
    attempt([&] {
        const auto sessions = read_lock_sessions(reading.connection);
        std::string roots;
        std::size_t number = 0;
        for (const auto& tree : trees_of(sessions)) {
            if (++number <= most_roots) {
                roots += fmt::format("{}{} held up by {}", roots.empty() ? "" : "; ",
                                     waiting_below(tree), text_of(tree.session));
            }
        }
        if (roots.empty()) {
            return;  // It was over meanwhile.
        }
        if (number > most_roots) {
            roots += fmt::format("; and {} more", number - most_roots);
        }
        const auto longest = std::ranges::max_element(sessions, {}, &LockSession::waits);
        note(reading, "locks.longest_wait", text_of(*longest) + "; " + roots);
        note(reading, "locks.blocked", std::move(roots));
    });
}

}  // namespace caisson::monitor
