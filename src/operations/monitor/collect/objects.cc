// SPDX-License-Identifier: Apache-2.0
/// Tables, indexes and sequences of one database. What is ours (schema caisson) is there as well:
/// it takes room like everything else.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/collect/definers.h"
#include "operations/monitor/collect/group.h"
#include "operations/monitor/collect/locked_sequences.h"

namespace caisson::monitor {
namespace {

/// Sizes come from pg_class, which vacuum and analyze keep: asking the file system for each of
/// 10,000 tables would take locks and time. The largest and the busiest ones have figures. One that
/// was never vacuumed was not for as long, at least, as since it was analyzed.
constexpr std::string_view tables = R"sql(
with shown as (
  select c.oid, c.reltoastrelid, c.relpages, c.relfrozenxid, n.nspname, c.relname, c.reloptions,
         (c.relpages + coalesce(t.relpages, 0)) as pages, s.*,
         count(*) over () as number
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join lateral (
      select pg_stat_get_numscans(c.oid) as seq_scan,
             pg_stat_get_tuples_returned(c.oid) as seq_tup_read,
             pg_stat_get_tuples_inserted(c.oid) as ins, pg_stat_get_tuples_updated(c.oid) as upd,
             pg_stat_get_tuples_deleted(c.oid) as del, pg_stat_get_live_tuples(c.oid) as live,
             pg_stat_get_dead_tuples(c.oid) as dead) s on true
    left join pg_class t on t.oid = c.reltoastrelid
   where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
     and n.nspname !~ '^pg_(toast|temp)'
   order by (c.relpages + coalesce(t.relpages, 0)) * 10 + s.ins + s.upd + s.del
            + s.seq_tup_read / 1000 desc, c.oid
   limit $1)
select shown.nspname as schemaname, shown.relname, number,
       (shown.pages + coalesce(i.pages, 0))::float8 * current_setting('block_size')::int as size,
       shown.seq_scan, shown.seq_tup_read, i.idx_scan,
       i.idx_fetch + pg_stat_get_tuples_fetched(shown.oid) as idx_tup_fetch,
       case when live >= 10000 and shown.seq_scan + i.idx_scan >= 100
            then 100.0 * i.idx_scan / (shown.seq_scan + i.idx_scan) end as index_use,
       ins, upd, del, pg_stat_get_tuples_hot_updated(shown.oid) as hot, live, dead,
       case when dead > 10000 then 100.0 * dead / (live + dead) end as dead_percent,
       pg_stat_get_mod_since_analyze(shown.oid) as changed,
       extract(epoch from pg_stat_get_last_vacuum_time(shown.oid))::float8 as last_vacuum,
       extract(epoch from pg_stat_get_last_autovacuum_time(shown.oid))::float8 as last_autovacuum,
       extract(epoch from pg_stat_get_last_analyze_time(shown.oid))::float8 as last_analyze,
       extract(epoch from pg_stat_get_last_autoanalyze_time(shown.oid))::float8
         as last_autoanalyze,
       case when dead > coalesce(own.threshold,
                                 current_setting('autovacuum_vacuum_threshold')::float8)
                        + coalesce(own.factor,
                                   current_setting('autovacuum_vacuum_scale_factor')::float8) * live
            then extract(epoch from clock_timestamp() - coalesce(
                   greatest(pg_stat_get_last_vacuum_time(shown.oid),
                            pg_stat_get_last_autovacuum_time(shown.oid)),
                   pg_stat_get_last_analyze_time(shown.oid),
                   pg_stat_get_last_autoanalyze_time(shown.oid)))::float8 end as age,
       age(shown.relfrozenxid) as xid_age,
       pg_stat_get_blocks_fetched(shown.oid) - pg_stat_get_blocks_hit(shown.oid) as blocks_read,
       pg_stat_get_blocks_hit(shown.oid) as blocks_hit
  from shown
 cross join lateral (
    select max(option_value::float8) filter (where option_name = 'autovacuum_vacuum_threshold')
             as threshold,
           max(option_value::float8) filter (where option_name = 'autovacuum_vacuum_scale_factor')
             as factor
      from pg_options_to_table(shown.reloptions)) own
  left join lateral (
    select sum(x.relpages) as pages, coalesce(sum(pg_stat_get_numscans(x.oid)), 0) as idx_scan,
           coalesce(sum(pg_stat_get_tuples_fetched(x.oid)), 0) as idx_fetch
      from pg_index j join pg_class x on x.oid = j.indexrelid
     where j.indrelid = shown.oid) i on true)sql";

/// The rows' width from the planner's statistics, page by page: the estimate that check_postgres
/// and others use, for tables alone. It is unknown where a column has no statistics.
constexpr std::string_view bloat = R"sql(
with tables as (
  select c.oid, n.nspname, c.relname, c.reltuples, c.relpages,
         coalesce((select option_value::float8 from pg_options_to_table(c.reloptions)
                    where option_name = 'fillfactor'), 100) as fillfactor
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm') and c.relpages > 1024 and c.reltuples > 0
     and n.nspname not in ('pg_catalog', 'information_schema')
   order by c.relpages desc limit $1),
widths as ({}),
judged as (
  select t.*, 24 + 4 + w.width as width, coalesce(w.known, 0) as known,
         (select count(*) from pg_attribute a
           where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped) as columns
    from tables t left join widths w on w.relation = t.oid)
select nspname as schemaname, relname, known < columns as is_unknown,
       relpages::float8 * b.size as size,
       greatest(0, relpages - ceil(reltuples / greatest(1, floor((b.size - 24)
         * fillfactor / 100 / (ceil(width / 8) * 8)))))::float8 * b.size as bytes
  from judged cross join (select current_setting('block_size')::float8 as size) b)sql";

/// By the function that gives widths and nothing else.
constexpr std::string_view widths_given =
    "select relation, width, known from caisson.monitor_row_widths(array(select oid from tables))";
/// pg_stats shows only columns that the role may read.
constexpr std::string_view widths_seen = R"sql(
select t.oid as relation, sum((1 - s.null_frac) * s.avg_width) as width, count(*) as known
  from tables t join pg_stats s on s.schemaname = t.nspname and s.tablename = t.relname
                               and not s.inherited
 group by t.oid)sql";

constexpr std::string_view indexes = R"sql(
select n.nspname as schemaname, t.relname, x.relname as indexrelname, count(*) over () as number,
       pg_stat_get_numscans(x.oid) as scans, pg_stat_get_tuples_returned(x.oid) as rows_read,
       pg_stat_get_tuples_fetched(x.oid) as rows_fetched,
       x.relpages::float8 * current_setting('block_size')::int as size,
       pg_stat_get_blocks_fetched(x.oid) - pg_stat_get_blocks_hit(x.oid) as blocks_read,
       pg_stat_get_blocks_hit(x.oid) as blocks_hit
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid
  join pg_namespace n on n.oid = t.relnamespace
 where t.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname !~ '^pg_(toast|temp)'
 order by x.relpages desc, x.oid limit $1)sql";

/// One that is being built concurrently is not valid yet, and not to be worried about.
constexpr std::string_view invalid = R"sql(
select count(*) as number from pg_index i
 where not i.indisvalid
   and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid))sql";

/// A column of a smaller type ends before its sequence. Reading a sequence locks it until the
/// transaction ends, and the table of locks is everybody's: so a page of them at a time.
constexpr std::string_view sequences = R"sql(
with page as materialized ({}),
used as (
  select s.*, v.last_value, x.relname, n.nspname, c.atttypid
    from page v
    join pg_sequence s on s.seqrelid = v.sequence
    join pg_class x on x.oid = s.seqrelid
    join pg_namespace n on n.oid = x.relnamespace
    left join lateral (
      select a.atttypid from pg_depend d
        join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where d.classid = 'pg_class'::regclass and d.objid = s.seqrelid
         and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 limit 1) c on true)
select seqrelid::bigint as id, nspname as schemaname, relname as sequencename,
       case when seqcycle then null
            when seqincrement > 0
            then 100.0 * (last_value - seqmin::numeric)
                 / nullif(least(seqmax, case atttypid when 'int2'::regtype then 32767
                                                      when 'int4'::regtype then 2147483647
                                                      else seqmax end) - seqmin::numeric, 0)
            else 100.0 * (seqmax - last_value::numeric)
                 / nullif(seqmax - seqmin::numeric, 0) end::float8 as percent
  from used order by seqrelid)sql";
constexpr std::size_t page_of_sequences = 200;
/// So many are read at most: what is left out is counted.
constexpr std::size_t most_sequences = 20'000;

constexpr std::string_view values_seen = R"sql(
select p.oid as sequence, pg_sequence_last_value(p.oid) as last_value
  from (select s.seqrelid as oid
          from pg_sequence s join pg_class c on c.oid = s.seqrelid
         where s.seqrelid > $1::oid and s.seqrelid < $3::oid
           and not pg_is_other_temp_schema(c.relnamespace)
           and has_sequence_privilege(s.seqrelid, 'select,usage')
           and not (c.relpersistence = 'u' and pg_is_in_recovery())
         order by s.seqrelid limit $2::integer) p)sql";

/// Those that have no value for this role.
constexpr std::string_view unreadable_sequences = R"sql(
select count(*) as number from pg_class c
 where case when c.relkind = 'S' then not has_sequence_privilege(c.oid, 'select,usage') end)sql";
constexpr std::string_view sequences_after =
    "select count(*) as number from pg_sequence where seqrelid > $1::oid";

Labels named(const std::string& datname, const pg::Row& row,
             std::initializer_list<std::string_view> columns) {
    auto labels = labels_of(row, columns);
    labels.insert(labels.begin(), {"datname", datname});
    return labels;
}

void keep_fullest(std::vector<std::pair<double, Labels>>& used, std::size_t most) {
    std::ranges::stable_sort(used, std::greater<>(), &std::pair<double, Labels>::first);
    used.resize(std::min(used.size(), most));
}

void add_bounds(Collecting& reading, const pg::Result& rows, std::string_view count,
                std::string_view left_out) {
    const auto number = rows.empty() ? 0 : rows.front().integer("number");
    const Labels labels = {{"datname", reading.datname}};
    reading.sample.add(count, static_cast<double>(number), labels);
    reading.sample.add(
        left_out, static_cast<double>(number - static_cast<std::int64_t>(rows.size())), labels);
}

/// Of one that is being altered its own figure is unknown, and of many how many they are.
void add_locked(Collecting& reading, const std::vector<LockedSequence>& locked) {
    const auto told = std::min(locked.size(), reading.limits.others);
    for (std::size_t i = 0; i < told; ++i) {
        reading.sample.unknowns.push_back({"sequences.used_percent",
                                           {{"datname", reading.datname},
                                            {"schemaname", locked[i].schema},
                                            {"sequencename", locked[i].name}},
                                           "another session alters it, or waits to"});
    }
    if (told < locked.size()) {
        reading.sample.unknowns.push_back(
            {"sequences",
             {{"datname", reading.datname}},
             counted(locked.size() - told, "more sequence") + " that other sessions alter"});
    }
}

}  // namespace

void read_tables(Collecting& reading) {
    const auto rows = reading.connection.query(tables, {reading.limits.tables});
    add_bounds(reading, rows, "tables.count", "tables.left_out");
    for (const auto& row : rows) {
        reading.add(row, named(reading.datname, row, {"schemaname", "relname"}),
                    {{"tables.size", "size"},
                     {"tables.seq_scans", "seq_scan"},
                     {"tables.seq_rows", "seq_tup_read"},
                     {"tables.index_scans", "idx_scan"},
                     {"tables.index_rows", "idx_tup_fetch"},
                     {"tables.index_use_percent", "index_use"},
                     {"tables.rows_inserted", "ins"},
                     {"tables.rows_updated", "upd"},
                     {"tables.rows_deleted", "del"},
                     {"tables.rows_hot_updated", "hot"},
                     {"tables.live_rows", "live"},
                     {"tables.dead_rows", "dead"},
                     {"tables.dead_percent", "dead_percent"},
                     {"tables.changed_since_analyze", "changed"},
                     {"tables.last_vacuum", "last_vacuum"},
                     {"tables.last_autovacuum", "last_autovacuum"},
                     {"tables.last_analyze", "last_analyze"},
                     {"tables.last_autoanalyze", "last_autoanalyze"},
                     {"tables.vacuum_age", "age"},
                     {"tables.xid_age", "xid_age"},
                     {"tables.blocks_read", "blocks_read"},
                     {"tables.blocks_hit", "blocks_hit"}});
    }
}

void read_bloat(Collecting& reading) {
    std::size_t unknown = 0;
    const bool is_given = may_call(reading.connection, widths_function);
    for (const auto& row : reading.connection.query(
             fmt::format(bloat, is_given ? widths_given : widths_seen), {reading.limits.tables})) {
        if (row.boolean("is_unknown") || row.is_null("bytes")) {
            ++unknown;
            continue;
        }
        const auto labels = named(reading.datname, row, {"schemaname", "relname"});
        reading.add(row, labels, {{"bloat.bytes", "bytes"}});
        reading.sample.add("bloat.percent", 100 * row.real("bytes") / row.real("size"), labels);
    }
    if (unknown > 0) {
        reading.sample.unknowns.push_back(
            {"bloat",
             {{"datname", reading.datname}},
             counted(unknown, "table") +
                 (is_given ? " with columns without statistics: analyze them"
                           : " with columns without statistics, or that the role may not read: "
                             "caisson provision")});
    }
}

void read_indexes(Collecting& reading) {
    const auto rows = reading.connection.query(indexes, {reading.limits.indexes});
    add_bounds(reading, rows, "indexes.count", "indexes.left_out");
    for (const auto& row : rows) {
        reading.add(row, named(reading.datname, row, {"schemaname", "relname", "indexrelname"}),
                    {{"indexes.scans", "scans"},
                     {"indexes.rows_read", "rows_read"},
                     {"indexes.rows_fetched", "rows_fetched"},
                     {"indexes.size", "size"},
                     {"indexes.blocks_read", "blocks_read"},
                     {"indexes.blocks_hit", "blocks_hit"}});
    }
    reading.add(reading.connection.query(invalid).front(), {{"datname", reading.datname}},
                {{"indexes.invalid", "number"}});
}

void read_sequences(Collecting& reading) {
    const bool is_given = may_call(reading.connection, sequences_function);
    const auto text = fmt::format(sequences, is_given ? sequences_given : values_seen);
    std::vector<std::pair<double, Labels>> used;
    const auto locked = read_locked_sequences(reading.connection);
    add_locked(reading, locked);
    std::int64_t last = 0;
    std::size_t number = 0;
    const auto ends = ends_of_pages(locked);
    for (auto end = ends.begin(); end != ends.end() && number < most_sequences;) {
        const auto page = reading.connection.query(text, {last, page_of_sequences, *end});
        for (const auto& row : page) {
            last = row.integer("id");
            if (!row.is_null("percent")) {
                used.emplace_back(row.real("percent"),
                                  named(reading.datname, row, {"schemaname", "sequencename"}));
            }
        }
        number += page.size();
        if (page.size() < page_of_sequences) {
            last = *end++;
        }
        keep_fullest(used, reading.limits.others);
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (i == 0 || used[i].first >= 50) {
            reading.sample.add("sequences.used_percent", used[i].first, used[i].second);
        }
    }
    if (number >= most_sequences) {
        const auto rest = reading.connection.query(sequences_after, {last}).front().real("number");
        if (rest > 0) {
            reading.sample.add("monitor.left_out", rest,
                               {{"what", "sequences " + reading.datname}});
        }
    }
    if (is_given) {
        return;
    }
    const auto hidden = reading.connection.query(unreadable_sequences).front().integer("number");
    if (hidden > 0) {
        reading.sample.unknowns.push_back({"sequences",
                                           {{"datname", reading.datname}},
                                           counted(static_cast<std::size_t>(hidden), "sequence") +
                                               " that the role may not read: caisson provision"});
    }
}

}  // namespace caisson::monitor
