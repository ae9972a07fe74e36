// SPDX-License-Identifier: Apache-2.0
/// Indexes, and how often the server has used them.
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

/// `building`: CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY show the table they work on; DROP
/// INDEX CONCURRENTLY and what waits between two phases hold a lock that is theirs (and VACUUM's:
/// then we look again later). Definitions are deparsed under a lock of the table: those of a table
/// that somebody has, or waits for, alone are left out, so that one does not hide all others.
constexpr std::string_view indexes_query = R"(
with alone as materialized (
  select l.relation from pg_catalog.pg_locks l
   where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
     and l.pid is distinct from pg_catalog.pg_backend_pid()
     and l.database = (select d.oid from pg_catalog.pg_database d
                        where d.datname = current_database()))
select i.indexrelid::bigint as oid, n.nspname as schema, t.relname as table_name, c.relname as name,
       k.is_locked as locked, m.amname as method,
       case when k.is_locked then '' else pg_catalog.pg_get_indexdef(i.indexrelid) end
         as definition,
       (select json_agg(json_build_object(
                 'text', coalesce(a.attname::text, case when not k.is_locked then
                                  pg_catalog.pg_get_indexdef(i.indexrelid, u.at, true) end, ''),
                 'column', a.attname is not null,
                 'natural', i.indcollation[u.at - 1] = coalesce(a.attcollation, 0),
                 'rest', concat_ws(' ', i.indclass[u.at - 1], i.indcollation[u.at - 1],
                                   i.indoption[u.at - 1], o.attoptions)) order by u.at)
          from generate_series(1, i.indnkeyatts) as u (at)
          left join pg_catalog.pg_attribute a
            on a.attrelid = i.indrelid and a.attnum = i.indkey[u.at - 1] and a.attnum > 0
          left join pg_catalog.pg_attribute o on o.attrelid = i.indexrelid and o.attnum = u.at)
         as keys,
       (select json_agg(a.attname order by u.at)
          from generate_series(i.indnkeyatts + 1, i.indnatts) as u (at)
          join pg_catalog.pg_attribute a
            on a.attrelid = i.indrelid and a.attnum = i.indkey[u.at - 1]) as included,
       coalesce(case when not k.is_locked then pg_catalog.pg_get_expr(i.indpred, i.indrelid) end,
                '') as predicate,
       i.indisunique as is_unique, i.indimmediate as is_immediate,
       {1} as nulls_not_distinct,
       exists (select from pg_catalog.pg_constraint p
                where p.conindid = i.indexrelid and p.contype in ('p', 'u', 'x', 'f'))
         as backs_constraint,
       i.indisreplident or i.indisclustered as is_identity,
       i.indisvalid and i.indisready and i.indislive as is_valid,
       c.relkind = 'I' as partitioned, c.relispartition as partition,
       not i.indisvalid and (
         exists (select from pg_catalog.pg_stat_progress_create_index p where p.relid = t.oid)
         or exists (select from pg_catalog.pg_locks l
                     where l.locktype = 'relation' and l.relation in (t.oid, c.oid)
                       and l.mode in ('ShareUpdateExclusiveLock', 'AccessExclusiveLock',
                                      'ShareLock')
                       and l.pid <> pg_catalog.pg_backend_pid())) as building,
       c.relpages::bigint * current_setting('block_size')::bigint as bytes,
       coalesce(s.idx_scan, 0) as scans, c.reltuples::float8 as rows,
       coalesce((select option_value::float8 from pg_catalog.pg_options_to_table(c.reloptions)
                  where option_name = 'fillfactor'), 90) / 100 as fillfactor
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  join pg_catalog.pg_am m on m.oid = c.relam
 cross join lateral (
   select i.indrelid in (select alone.relation from alone) as is_locked offset 0) k
  left join pg_catalog.pg_stat_all_indexes s on s.indexrelid = i.indexrelid
 where t.relkind in ('r', 'p') and {0}
 order by n.nspname, t.relname, c.relname)";

boost::json::array array_of(const pg::Row& row, std::string_view column) {
    return row.is_null(column) ? boost::json::array{}
                               : boost::json::parse(row.string(column)).as_array();
}

/// A table may be locked between our look at the locks and at the table.
pg::Result query_patiently(pg::Connection& connection, const std::string& query) {
    constexpr int attempts = 3;
    for (int attempt = 1;; ++attempt) {
        try {
            return connection.query(query);
        } catch (const pg::DatabaseError& error) {
            if (error.sqlstate != pg::sqlstate::lock_not_available || attempt == attempts) {
                throw;
            }
        }
    }
}

}  // namespace

void read_indexes(pg::Connection& monitor, Facts& facts) {
    const auto nulls = monitor.server_version() >= 150'000 ? "i.indnullsnotdistinct" : "false";
    for (const auto row : query_patiently(monitor, fmt::format(indexes_query, of_users, nulls))) {
        Index index{.oid = static_cast<std::uint32_t>(row.integer("oid")),
                    .schema = row.string("schema"),
                    .table = row.string("table_name"),
                    .name = row.string("name"),
                    .definition = row.string("definition"),
                    .method = row.string("method"),
                    .predicate = row.string("predicate"),
                    .is_unique = row.boolean("is_unique"),
                    .is_immediate = row.boolean("is_immediate"),
                    .nulls_are_distinct = !row.boolean("nulls_not_distinct"),
                    .backs_constraint = row.boolean("backs_constraint"),
                    .is_replica_identity = row.boolean("is_identity"),
                    .is_valid = row.boolean("is_valid"),
                    .is_partitioned = row.boolean("partitioned"),
                    .is_partition = row.boolean("partition"),
                    .is_being_built = row.boolean("building"),
                    .bytes = static_cast<std::uint64_t>(row.integer("bytes")),
                    .scans = row.integer("scans"),
                    .rows = row.real("rows"),
                    .fillfactor = row.real("fillfactor")};
        for (const auto& key : array_of(row, "keys")) {
            index.keys.push_back({key.at("text").as_string().c_str(),
                                  key.at("rest").as_string().c_str(), key.at("column").as_bool(),
                                  key.at("natural").as_bool()});
        }
        for (const auto& column : array_of(row, "included")) {
            index.included.emplace_back(column.as_string());
        }
        if (row.boolean("locked")) {
            facts.locked.insert(index.schema + "." + index.table);
        }
        facts.indexes.push_back(std::move(index));
    }
}

}  // namespace caisson::advice
