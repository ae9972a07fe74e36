// SPDX-License-Identifier: Apache-2.0
/// Sequences: how far they are, and which columns take their numbers.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/advice/reading.h"
#include "operations/monitor/collect/definers.h"
#include "operations/monitor/collect/locked_sequences.h"

namespace caisson::advice {
namespace {

/// The column that takes a sequence's numbers may be narrower than the sequence. Reading a sequence
/// locks it until the transaction ends, and the table of locks is everybody's: so a page of them at
/// a time.
constexpr std::string_view sequences_query = R"(
with page as materialized ({0})
select c.oid::bigint as id, n.nspname as schema, c.relname as name, page.last_value as last,
       page.is_readable as readable, {1} as wanted,
       case when q.seqincrement > 0 then q.seqmin else q.seqmax end as first,
       case when q.seqincrement > 0 then q.seqmax else q.seqmin end as bound,
       q.seqincrement as increment, q.seqcycle as cycle,
       pg_catalog.format_type(q.seqtypid, null) as type,
       o.table_schema, o.table_name, o.column_name, o.column_type
  from page
  join pg_catalog.pg_sequence q on q.seqrelid = page.sequence
  join pg_catalog.pg_class c on c.oid = q.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select tn.nspname as table_schema, t.relname as table_name, a.attname as column_name,
           pg_catalog.format_type(a.atttypid, null) as column_type
      from (select d.refobjid as relid, d.refobjsubid as attnum
              from pg_catalog.pg_depend d
             where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0
               and d.deptype in ('a', 'i')
            union all
            select f.adrelid, f.adnum from pg_catalog.pg_depend d
              join pg_catalog.pg_attrdef f on f.oid = d.objid
             where d.classid = 'pg_catalog.pg_attrdef'::regclass and d.refobjid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::regclass) owner
      join pg_catalog.pg_class t on t.oid = owner.relid
      join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = owner.relid and a.attnum = owner.attnum
     limit 1) o on true
 order by c.oid)";
constexpr std::size_t page_of_sequences = 200;

/// By the function that runs with the rights of who made it.
constexpr std::string_view values_given = R"(
select v.sequence, v.last_value,
       pg_catalog.has_sequence_privilege(f.proowner, v.sequence, 'select,usage') as is_readable
  from ({}) v
 cross join (select p.proowner from pg_catalog.pg_proc p
               join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
              where pn.nspname = 'caisson' and p.proname = 'monitor_sequences' limit 1) f)";
/// By our own rights.
constexpr std::string_view values_seen = R"(
select s.oid as sequence, s.may as is_readable,
       case when s.may then pg_catalog.pg_sequence_last_value(s.oid) end as last_value
  from (select r.oid, pg_catalog.has_sequence_privilege(r.oid, 'select,usage') as may
          from pg_catalog.pg_class r
         where r.relkind = 'S' and r.oid > $1::oid and r.oid < $3::oid
           and not pg_catalog.pg_is_other_temp_schema(r.relnamespace)
           and not (r.relpersistence = 'u' and pg_catalog.pg_is_in_recovery())
         order by r.oid limit $2::integer) s)";

void add_column(Sequence& sequence, const pg::Row& row) {
    sequence.column_table = pg::identifier(row.string("table_schema"), row.string("table_name"));
    sequence.column_name = pg::identifier(row.string("column_name"));
    sequence.column = sequence.column_table + "." + sequence.column_name;
    sequence.column_type = row.string("column_type");
}

Sequence sequence_of(const pg::Row& row) {
    Sequence sequence{.schema = row.string("schema"),
                      .name = row.string("name"),
                      .first = row.integer("first"),
                      .bound = row.integer("bound"),
                      .increment = row.integer("increment"),
                      .cycles = row.boolean("cycle"),
                      .is_readable = row.boolean("readable"),
                      .type = row.string("type")};
    if (!row.is_null("last")) {
        sequence.last = row.integer("last");
    }
    if (!row.is_null("column_name")) {
        add_column(sequence, row);
    }
    return sequence;
}

/// Those behind one and before another, a page at a time.
void read_between(pg::Connection& connection, const std::string& query, std::int64_t after,
                  std::int64_t end, Facts& facts) {
    for (bool is_end = false; !is_end;) {
        const auto rows = connection.query(query, {after, page_of_sequences, end});
        for (const auto row : rows) {
            after = row.integer("id");
            if (row.boolean("wanted")) {
                facts.sequences.push_back(sequence_of(row));
            }
        }
        is_end = rows.empty();
    }
}

}  // namespace

void read_sequences(const Sources& sources, Facts& facts) {
    const bool is_given = monitor::may_call(sources.monitor, monitor::sequences_function);
    auto& connection = is_given ? sources.monitor : *sources.advisor;
    const auto values =
        is_given ? fmt::format(values_given, monitor::sequences_given) : std::string(values_seen);
    const auto query = fmt::format(sequences_query, values, of_users);
    const auto locked = monitor::read_locked_sequences(connection);
    for (const auto& each : locked) {
        if (!each.schema.starts_with("pg_") && each.schema != "caisson") {
            facts.locked_sequences.emplace_back(each.schema, each.name);
        }
    }
    std::int64_t after = 0;
    for (const auto end : monitor::ends_of_pages(locked)) {
        read_between(connection, query, after, end, facts);
        after = end;
    }
    std::ranges::sort(facts.sequences, {},
                      [](const Sequence& each) { return std::pair(each.schema, each.name); });
}

}  // namespace caisson::advice
