// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/catalog_queries.h"

namespace caisson::schema {

std::string_view relation_objects() {
    return R"sql(
select 'schema' as kind, name, case when nspname <> 'public' then '' end as definition,
       'pg_namespace' as class, oid, 0 as sub
  from space
union all
select 'table', t.name,
       concat_ws(' ',
           case when t.relpersistence = 'u' then 'unlogged' end,
           case t.relkind when 'f' then 'foreign table' else 'table' end,
           'of ' || nullif(t.reloftype, 0)::regtype::text,
           case when t.relkind = 'p' then 'partition by ' || pg_get_partkeydef(t.oid) end,
           (select 'using ' || quote_ident(m.amname) from pg_am m
             where m.oid = t.relam and m.amname <> 'heap'),
           (select concat_ws(' ', 'server ' || quote_ident(s.srvname),
                       'options (' || (select o.text from foreign_options o
                                        where o.class = 'pg_foreign_table' and o.oid = t.oid) || ')')
              from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
             where f.ftrelid = t.oid)),
       'pg_class', t.oid, 0
  from of_table t
union all
select case when t.relispartition then 'partition' else 'inheritance' end, t.name,
       'of ' || (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
                   from pg_inherits i where i.inhrelid = t.oid)
             || coalesce(' ' || pg_get_expr(t.relpartbound, t.oid), ''),
       'pg_inherits', t.oid, 0
  from of_table t
 where exists (select from pg_inherits i where i.inhrelid = t.oid)
union all
select 'row security', t.name,
       concat_ws(', ', case when t.relrowsecurity then 'enabled' end,
                 case when t.relforcerowsecurity then 'forced' end),
       'row security', t.oid, 0
  from of_table t where t.relrowsecurity or t.relforcerowsecurity
union all
select 'replica identity', t.name,
       case t.relreplident when 'f' then 'full' when 'n' then 'nothing'
            else 'using index ' || (select quote_ident(i.relname) from pg_index x
                                      join pg_class i on i.oid = x.indexrelid
                                     where x.indrelid = t.oid and x.indisreplident) end,
       'replica identity', t.oid, 0
  from relation t
 where t.relkind in ('r', 'p', 'm') and t.relreplident <> 'd'
union all
select 'clustering', t.name, 'on ' || quote_ident(i.relname), 'clustering', t.oid, 0
  from relation t
  join pg_index x on x.indrelid = t.oid and x.indisclustered
  join pg_class i on i.oid = x.indexrelid
union all
select 'storage parameters', t.name,
       (select string_agg(o.option, ', ' order by o.option)
          from (select unnest(t.reloptions) union all select 'toast.' || unnest(k.reloptions))
               as o(option)),
       'storage parameters', t.oid, 0
  from relation t
  left join toast k on k.oid = t.reltoastrelid
 where (t.relkind in ('r', 'p', 'm')
        or t.relkind in ('i', 'I')
           and t.oid in (select conindid from pg_constraint where contype in ('p', 'u', 'x')))
   and (t.reloptions is not null or k.reloptions is not null)
union all
select case when p.definition is null then 'column' else 'inherited column' end, c.name,
       case when p.definition is null then c.type || c.collation || c.not_null || c.identity || c.value
            when p.definition <> c.type || c.collation || c.not_null || c.value
            then c.type || c.collation || c.not_null || c.value end,
       'pg_class', c.attrelid, c.attnum
  from table_column c
  left join parent_column p on p.attrelid = c.attrelid and p.attnum = c.attnum
union all
select 'column order', t.name,
       (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
         where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped),
       'column order', t.oid, 0
  from of_table t
union all
select 'view columns', t.name,
       (select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                          order by a.attnum)
          from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped),
       'view columns', t.oid, 0
  from relation t where t.relkind in ('v', 'm')
union all
select 'column setting', t.name || '.' || quote_ident(a.attname),
       concat_ws('; ',
           case when a.attstorage <> y.typstorage
                then 'storage ' || case a.attstorage when 'p' then 'plain' when 'e' then 'external'
                                                     when 'm' then 'main' else 'extended' end
                     || ' instead of '
                     || case y.typstorage when 'p' then 'plain' when 'e' then 'external'
                                          when 'm' then 'main' else 'extended' end end,
           'compression ' || case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
           case when a.attstattarget::integer >= 0 then 'statistics ' || a.attstattarget end,
           'options (' || array_to_string(a.attoptions, ', ') || ')',
           'foreign options (' || (select o.text from foreign_options o
                                    where o.class = 'pg_attribute' and o.oid = t.oid
                                      and o.sub = a.attnum) || ')'),
       'column setting', t.oid, a.attnum
  from relation t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_type y on y.oid = a.atttypid
 where t.relkind in ('r', 'p', 'f', 'm')
   and (a.attstorage <> y.typstorage or a.attcompression in ('p', 'l')
        or a.attstattarget::integer >= 0 or a.attoptions is not null
        or a.attfdwoptions is not null)
union all
select 'view', t.name,
       concat_ws(' ',
           'with (' || (select string_agg(o, ', ' order by o) from unnest(t.reloptions) o) || ')',
           'as' || rtrim(pg_get_viewdef(t.oid), ';')),
       'pg_class', t.oid, 0
  from relation t where t.relkind = 'v'
union all
select 'materialized view', t.name, 'as' || rtrim(pg_get_viewdef(t.oid), ';'), 'pg_class', t.oid, 0
  from relation t where t.relkind = 'm'
union all
select 'population', t.name, 'none', 'population', t.oid, 0
  from relation t where t.relkind = 'm' and not t.relispopulated
union all
select 'column', t.name || '.' || quote_ident(a.attname), null, 'pg_class', t.oid, a.attnum
  from relation t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
 where t.relkind in ('v', 'm', 'c')
union all
select 'view default', t.name || '.' || quote_ident(a.attname), d.expression, 'view default',
       t.oid, a.attnum
  from relation t
  join default_of d on d.adrelid = t.oid
  join pg_attribute a on a.attrelid = t.oid and a.attnum = d.adnum
 where t.relkind = 'v'
union all
select 'sequence', t.name,
       case when i.deptype is null then
       concat_ws(' ', case when t.relpersistence = 'u' then 'unlogged' end,
           format('as %s start %s increment %s minvalue %s maxvalue %s cache %s%s',
              format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
              q.seqcache, case when q.seqcycle then ' cycle' else '' end)) end,
       'pg_class', t.oid, 0
  from relation t join pg_sequence q on q.seqrelid = t.oid
  left join pg_depend i on i.classid = 'pg_class'::regclass and i.objid = t.oid
   and i.refclassid = 'pg_class'::regclass and i.deptype = 'i'
 where t.relkind = 'S'
union all
select 'sequence ownership', t.name, 'by ' || d.refobjid::regclass || '.' || quote_ident(a.attname),
       'sequence ownership', t.oid, 0
  from relation t
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype = 'a'
   and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
 where t.relkind = 'S'
)sql";
}

std::string_view attached_objects() {
    return R"sql(
select 'constraint', t.name || '.' || quote_ident(n.conname), pg_get_constraintdef(n.oid)
           || case when n.contype = 'f' and exists (
                       select from pg_trigger g where g.tgconstraint = n.oid and g.tgenabled <> 'O')
                   then ' (triggers disabled)' else '' end,
       'pg_constraint', n.oid, 0
  from of_table t
  join pg_constraint n on n.conrelid = t.oid and n.conparentid = 0
 where n.contype in ('p', 'u', 'f', 'x') or n.contype = 'c' and n.coninhcount = 0
union all
select 'index', t.name || '.' || quote_ident(i.relname),
       case when t.relkind = 'p' then replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ')
            else pg_get_indexdef(i.oid) end || case when x.indisvalid then '' else ' (invalid)' end,
       'pg_class', i.oid, 0
  from relation t
  join pg_index x on x.indrelid = t.oid
  join pg_class i on i.oid = x.indexrelid
 where t.relkind in ('r', 'p', 'm') and not i.relispartition
   and not exists (select from pg_constraint n
                    where n.conindid = x.indexrelid and n.contype in ('p', 'u', 'x'))
union all
select 'trigger', t.name || '.' || quote_ident(g.tgname),
       pg_get_triggerdef(g.oid)
       || case g.tgenabled when 'D' then ' disabled' when 'A' then ' always'
                           when 'R' then ' replica' else '' end,
       'pg_trigger', g.oid, 0
  from relation t
  join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal and g.tgparentid = 0
  join pg_proc p on p.oid = g.tgfoid
 where p.pronamespace is distinct from to_regnamespace('caisson')
union all
select 'rule', t.name || '.' || quote_ident(r.rulename),
       rtrim(pg_get_ruledef(r.oid), ';')
       || case r.ev_enabled when 'D' then ' disabled' when 'A' then ' always'
                            when 'R' then ' replica' else '' end,
       'pg_rewrite', r.oid, 0
  from relation t join pg_rewrite r on r.ev_class = t.oid and r.rulename <> '_RETURN'
union all
select 'policy', t.name || '.' || quote_ident(l.polname),
       concat_ws(' ', case when l.polpermissive then 'permissive' else 'restrictive' end,
           case l.polcmd when 'r' then 'for select' when 'a' then 'for insert'
                         when 'w' then 'for update' when 'd' then 'for delete' else 'for all' end,
           'to ' || (select string_agg(coalesce(quote_ident(r.rolname), 'public'), ', '
                                       order by r.rolname)
                       from unnest(l.polroles) as o(role) left join pg_roles r on r.oid = o.role),
           'using (' || pg_get_expr(l.polqual, l.polrelid) || ')',
           'with check (' || pg_get_expr(l.polwithcheck, l.polrelid) || ')'),
       'pg_policy', l.oid, 0
  from of_table t join pg_policy l on l.polrelid = t.oid
union all
select 'statistics', s.name || '.' || quote_ident(x.stxname),
       pg_get_statisticsobjdef(x.oid)
       || coalesce(' target ' || nullif((to_jsonb(x) ->> 'stxstattarget')::integer, -1), ''),
       'pg_statistic_ext', x.oid, 0
  from pg_statistic_ext x join space s on s.oid = x.stxnamespace
)sql";
}

}  // namespace caisson::schema
