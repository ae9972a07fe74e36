// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/definers.h"

namespace caisson::monitor {

trust::CatalogueStep definers_step() {
    // The search path is theirs, and nothing that is given becomes a statement: a caller can make
    // them do nothing else. Sequences of other sessions, and unlogged ones of a standby, have no
    // value to be read.
    return {60, "figures for the monitor", R"sql(
create function caisson.monitor_sequences(behind oid, most integer)
returns table (sequence oid, last_value bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
select c.oid,
       case when has_sequence_privilege(c.oid, 'select,usage') then pg_sequence_last_value(c.oid) end
  from (select oid from pg_class
         where relkind = 'S' and oid > behind and not pg_is_other_temp_schema(relnamespace)
           and not (relpersistence = 'u' and pg_is_in_recovery())
         order by oid limit most) c
 order by c.oid
$body$;
comment on function caisson.monitor_sequences(oid, integer) is 'How far sequences are, for the role of the monitor';
create function caisson.monitor_row_widths(relations oid[])
returns table (relation oid, width double precision, known bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
select c.oid, s.width, s.known
  from unnest(relations) as wanted(oid)
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
 cross join lateral (
   select sum((1 - stats.null_frac) * stats.avg_width)::double precision as width,
          count(*) as known
     from pg_stats stats
    where stats.schemaname = n.nspname and stats.tablename = c.relname and not stats.inherited) s
$body$;
comment on function caisson.monitor_row_widths(oid[]) is 'What rows take on average, for the role of the monitor';
revoke all on function caisson.monitor_sequences(oid, integer), caisson.monitor_row_widths(oid[]) from public;
)sql"};
}

bool may_call(pg::Connection& connection, std::string_view function) {
    // By the catalogue: to_regprocedure() is an error where the schema may not be used.
    return connection
        .query(
            "select exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
            "where n.nspname = 'caisson' and p.proname = $1 and has_schema_privilege(n.oid, "
            "'usage') and has_function_privilege(p.oid, 'execute')) as may",
            {std::string(function)})
        .front()
        .boolean("may");
}

}  // namespace caisson::monitor
