// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/locked_sequences.h"

namespace caisson::monitor {
namespace {

/// What conflicts with ROW EXCLUSIVE, which reading the last value takes. Who only waits for it is
/// in front of us, too.
constexpr std::string_view locked = R"sql(
select distinct c.oid::bigint as id, n.nspname as schema, c.relname as name
  from pg_catalog.pg_locks l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where l.locktype = 'relation' and c.relkind = 'S'
   and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
   and l.pid is distinct from pg_catalog.pg_backend_pid()
   and l.database = (select d.oid from pg_catalog.pg_database d
                      where d.datname = current_database())
 order by id)sql";

/// Behind every oid.
constexpr std::int64_t end_of_oids = 4'294'967'295;

}  // namespace

std::vector<LockedSequence> read_locked_sequences(pg::Connection& connection) {
    std::vector<LockedSequence> found;
    for (const auto& row : connection.query(locked)) {
        found.push_back({row.integer("id"), row.string("schema"), row.string("name")});
    }
    return found;
}

std::vector<std::int64_t> ends_of_pages(const std::vector<LockedSequence>& locked) {
    std::vector<std::int64_t> ends;
    for (const auto& each : locked) {
        ends.push_back(each.id);
    }
    ends.push_back(end_of_oids);
    return ends;
}

}  // namespace caisson::monitor
