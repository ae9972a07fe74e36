// SPDX-License-Identifier: Apache-2.0
/// Tables, their keys and the samples of their columns.
#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

/// relpages and reltuples are as old as the last VACUUM or ANALYZE, but reading them waits for no
/// lock, as pg_relation_size() does.
constexpr std::string_view tables_query = R"(
select c.oid::bigint as oid, n.nspname as schema, c.relname as name,
       c.relkind = 'p' as partitioned, c.relispartition as partition,
       coalesce((select pn.nspname || '.' || p.relname from pg_catalog.pg_inherits i
                   join pg_catalog.pg_class p on p.oid = i.inhparent
                   join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
                  where i.inhrelid = c.oid and c.relispartition), '') as parent,
       c.relpersistence = 'u' as unlogged,
       exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
         as primary_key,
       c.relreplident = 'f' or exists (
         select from pg_catalog.pg_index i
          where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null
            and i.indexprs is null and not exists (
              select from unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) as k (attnum)
                join pg_catalog.pg_attribute a
                  on a.attrelid = c.oid and a.attnum = k.attnum
               where not a.attnotnull)) as identity,
       case c.relkind when 'p' then coalesce(
           (select sum(greatest(p.reltuples, 0)) from pg_catalog.pg_inherits i
              join pg_catalog.pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid), 0)
         else c.reltuples end::float8 as rows,
       c.relpages::bigint * current_setting('block_size')::bigint as bytes,
       coalesce(s.n_live_tup, 0)::float8 as live, coalesce(s.n_dead_tup, 0)::float8 as dead,
       coalesce(s.seq_scan, 0) as seq_scan, coalesce(s.seq_tup_read, 0) as seq_rows,
       coalesce(s.idx_scan, 0) as idx_scan, coalesce(s.n_tup_ins, 0) as ins,
       coalesce(s.n_tup_upd, 0) as upd, coalesce(s.n_tup_hot_upd, 0) as hot,
       coalesce(s.n_tup_del, 0) as del,
       extract(epoch from now() - greatest(s.last_vacuum, s.last_autovacuum))::float8 as vacuumed,
       extract(epoch from now() - greatest(s.last_analyze, s.last_autoanalyze))::float8 as analysed,
       current_setting('autovacuum')::bool
         and coalesce(o.autovacuum_enabled, true) as autovacuum,
       coalesce(o.threshold, current_setting('autovacuum_vacuum_threshold')::float8)
         + coalesce(o.scale, current_setting('autovacuum_vacuum_scale_factor')::float8)
           * greatest(c.reltuples, coalesce(s.n_live_tup, 0), 0) as vacuum_limit,
       coalesce(o.fillfactor, 100)::float8 / 100 as fillfactor,
       coalesce((select string_agg(a.attname, e'\n' order by a.attnum)
                   from pg_catalog.pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '')
         as columns
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
  left join lateral (
    select bool_and(case when option_name = 'autovacuum_enabled'
                         then option_value::bool end) as autovacuum_enabled,
           max(case when option_name = 'autovacuum_vacuum_threshold'
                    then option_value::float8 end) as threshold,
           max(case when option_name = 'autovacuum_vacuum_scale_factor'
                    then option_value::float8 end) as scale,
           max(case when option_name = 'fillfactor' then option_value::float8 end) as fillfactor
      from pg_catalog.pg_options_to_table(c.reloptions)) o on true
 where c.relkind in ('r', 'p') and {}
 order by n.nspname, c.relname)";

constexpr std::string_view keys_query = R"(
select n.nspname as schema, c.relname as name, k.conname as key,
       (select string_agg(a.attname, e'\n' order by u.at)
          from unnest(k.conkey) with ordinality as u (attnum, at)
          join pg_catalog.pg_attribute a
            on a.attrelid = k.conrelid and a.attnum = u.attnum) as columns,
       rn.nspname || '.' || r.relname as referenced,
       k.conparentid <> 0 or c.relispartition as partition
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class r on r.oid = k.confrelid
  join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
 where k.contype = 'f' and {}
 order by n.nspname, c.relname, k.conname)";

/// Of tables that are large enough for a rule. pg_stats shows what one may read.
constexpr std::string_view columns_query = R"(
select s.schemaname as schema, s.tablename as name, s.attname as column,
       s.null_frac::float8 as nulls, s.n_distinct::float8 as "distinct",
       s.avg_width::float8 as bytes
  from pg_catalog.pg_stats s
  join pg_catalog.pg_namespace n on n.nspname = s.schemaname
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
 where c.relkind in ('r', 'p') and (s.inherited = (c.relkind = 'p'))
   and (c.reltuples >= $1 or c.relpages::float8 * current_setting('block_size')::float8 >= $2)
   and {}
 limit 200000)";

}  // namespace

void read_tables(pg::Connection& monitor, Facts& facts) {
    const auto optional = [](const pg::Row& row, std::string_view name) {
        return row.is_null(name) ? std::nullopt : std::optional(row.real(name));
    };
    for (const auto row : monitor.query(fmt::format(tables_query, of_users))) {
        facts.tables.push_back({.oid = static_cast<std::uint32_t>(row.integer("oid")),
                                .schema = row.string("schema"),
                                .name = row.string("name"),
                                .is_partitioned = row.boolean("partitioned"),
                                .is_partition = row.boolean("partition"),
                                .parent = row.string("parent"),
                                .is_unlogged = row.boolean("unlogged"),
                                .has_primary_key = row.boolean("primary_key"),
                                .has_identity = row.boolean("identity"),
                                .rows = row.real("rows"),
                                .bytes = static_cast<std::uint64_t>(row.integer("bytes")),
                                .columns = split(row.text("columns"), '\n'),
                                .live_rows = row.real("live"),
                                .dead_rows = row.real("dead"),
                                .sequential_scans = row.integer("seq_scan"),
                                .sequential_rows = row.integer("seq_rows"),
                                .index_scans = row.integer("idx_scan"),
                                .inserts = row.integer("ins"),
                                .updates = row.integer("upd"),
                                .hot_updates = row.integer("hot"),
                                .deletes = row.integer("del"),
                                .vacuumed = optional(row, "vacuumed"),
                                .analysed = optional(row, "analysed"),
                                .autovacuum = row.boolean("autovacuum"),
                                .vacuum_limit = row.real("vacuum_limit"),
                                .fillfactor = row.real("fillfactor")});
    }
}

void read_foreign_keys(pg::Connection& monitor, Facts& facts) {
    for (const auto row : monitor.query(fmt::format(keys_query, of_users))) {
        facts.foreign_keys.push_back({row.string("schema"), row.string("name"), row.string("key"),
                                      split(row.text("columns"), '\n'), row.string("referenced"),
                                      row.boolean("partition")});
    }
}

void read_columns(pg::Connection& advisor, const Limits& limits, Facts& facts) {
    const auto rows = std::min(limits.scanned_rows, limits.partial_rows);
    for (const auto row : advisor.query(fmt::format(columns_query, of_users),
                                        {rows, static_cast<double>(limits.bloat_bytes)})) {
        facts.columns.push_back({row.string("schema"), row.string("name"), row.string("column"),
                                 row.real("nulls"), row.real("distinct"), row.real("bytes")});
    }
}

}  // namespace caisson::advice
