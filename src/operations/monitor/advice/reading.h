// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The parts of read(), a file each. Private to the module.

#include <set>
#include <string>
#include <string_view>

#include "operations/monitor/advice/read.h"

namespace caisson::advice {

/// What belongs to users: not to PostgreSQL, an extension, Caisson or a session. For a query in
/// which `c` is pg_class and `n` its pg_namespace.
inline constexpr std::string_view of_users =
    " n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')"
    " and c.relpersistence <> 't' and not exists (select from pg_catalog.pg_depend d"
    " where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') ";

/// Runs `read`; a query that the server rejects is noted under `what`. False: it was.
template <typename Read>
bool attempt(Facts& facts, std::string_view what, const Read& read) {
    try {
        read();
        return true;
    } catch (const pg::DatabaseError& error) {
        facts.unreadable.push_back(std::string(what) + ": " + error.message());
        return false;
    }
}
std::string_view text_of(Group group);
/// Those of one group: what is rejected is not empty, but unread.
template <typename Read>
void attempt(Facts& facts, Group group, const Read& read) {
    if (!attempt(facts, text_of(group), read)) {
        facts.unread[group] = facts.unreadable.back();
    }
}

/// Nobody waits for us, and we wait for nobody.
void limit(pg::Connection& connection);

/// Which server answers.
struct Identity {
    std::string system{};   ///< Of the cluster.
    std::string started{};  ///< When its postmaster did: two names of one server have the same.
    bool is_recovering = false;
};
/// Why counters of `found` say nothing more about this cluster; empty: they do. `asked`: starts of
/// those that were asked already.
std::string reason_against(const Identity& found, const Identity& primary,
                           const std::set<std::string>& asked);

/// Whether Caisson works in it, by its role or by the name that it gives itself.
bool is_ours(const Session& session, const std::vector<std::string>& working_roles);

/// Bytes of rows and of entries follow from those of columns. Where one column is not known the
/// whole is not: it would look empty.
void add_widths(Facts& facts);

void read_tables(pg::Connection& monitor, Facts& facts);
void read_indexes(pg::Connection& monitor, Facts& facts);
void read_foreign_keys(pg::Connection& monitor, Facts& facts);
void read_columns(pg::Connection& advisor, const Limits& limits, Facts& facts);
/// Their values are the monitor's to know by a function of ours, or the advisor's by rights.
void read_sequences(const Sources& sources, Facts& facts);
void read_server(pg::Connection& monitor, Facts& facts);
void read_sessions(pg::Connection& monitor, Facts& facts);
void read_replicas(const Sources& sources, Facts& facts);
/// Those that replay what this server writes, connected at this moment.
int count_replicas(pg::Connection& connection);
void read_statements(pg::Connection& monitor, const std::vector<std::string>& own_roles,
                     Facts& facts);
void find_candidates(const Sources& sources, const Limits& limits, Facts& facts);

}  // namespace caisson::advice
