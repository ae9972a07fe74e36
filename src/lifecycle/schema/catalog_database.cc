// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/catalog_queries.h"

namespace caisson::schema {

/// What lies in no schema.
std::string_view database_objects() {
    return R"sql(
select 'extension', quote_ident(e.extname), 'schema ' || quote_ident(n.nspname), 'pg_extension',
       e.oid, 0
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
union all
select 'language', quote_ident(l.lanname),
       concat_ws(' ', case when l.lanpltrusted then 'trusted' end,
           'handler ' || nullif(l.lanplcallfoid, 0)::regproc,
           'inline ' || nullif(l.laninline, 0)::regproc,
           'validator ' || nullif(l.lanvalidator, 0)::regproc),
       'pg_language', l.oid, 0
  from pg_language l
 where l.lanispl
   and (l.oid, 'pg_language'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'access method', quote_ident(m.amname),
       format('type %s handler %s', case m.amtype when 't' then 'table' else 'index' end, m.amhandler),
       'pg_am', m.oid, 0
  from pg_am m
 where m.oid >= 16384
   and (m.oid, 'pg_am'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'transform', format('for %s language %s', format_type(f.trftype, null), quote_ident(l.lanname)),
       concat_ws(', ', 'from sql with function ' || nullif(f.trffromsql, 0)::regprocedure,
                 'to sql with function ' || nullif(f.trftosql, 0)::regprocedure),
       'pg_transform', f.oid, 0
  from pg_transform f join pg_language l on l.oid = f.trflang
 where (f.oid, 'pg_transform'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'foreign data wrapper', quote_ident(w.fdwname),
       concat_ws(' ', 'handler ' || nullif(w.fdwhandler, 0)::regproc,
           'validator ' || nullif(w.fdwvalidator, 0)::regproc,
           'options (' || (select o.text from foreign_options o
                            where o.class = 'pg_foreign_data_wrapper' and o.oid = w.oid) || ')'),
       'pg_foreign_data_wrapper', w.oid, 0
  from pg_foreign_data_wrapper w
 where (w.oid, 'pg_foreign_data_wrapper'::regclass::oid)
       not in (select objid, classid from extension_member)
union all
select 'server', quote_ident(v.srvname),
       concat_ws(' ', 'type ' || quote_literal(v.srvtype), 'version ' || quote_literal(v.srvversion),
           'foreign data wrapper ' || quote_ident(w.fdwname),
           'options (' || (select o.text from foreign_options o
                            where o.class = 'pg_foreign_server' and o.oid = v.oid) || ')'),
       'pg_foreign_server', v.oid, 0
  from pg_foreign_server v join pg_foreign_data_wrapper w on w.oid = v.srvfdw
 where (v.oid, 'pg_foreign_server'::regclass::oid)
       not in (select objid, classid from extension_member)
union all
select 'user mapping', format('for %s server %s', case when m.umuser = 0 then 'public'
                              else quote_ident(pg_get_userbyid(m.umuser)) end, quote_ident(m.srvname)),
       '', 'pg_user_mapping', m.umid, 0
  from pg_user_mappings m
union all
select 'event trigger', quote_ident(e.evtname),
       format('on %s%s execute function %s()', e.evtevent,
              coalesce(' when tag in ('
                  || (select string_agg(quote_literal(t), ', ' order by t) from unnest(e.evttags) t)
                  || ')', ''), e.evtfoid::regproc)
       || case e.evtenabled when 'D' then ' disabled' when 'A' then ' always'
                            when 'R' then ' replica' else '' end,
       'pg_event_trigger', e.oid, 0
  from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
 where p.pronamespace is distinct from to_regnamespace('caisson')
   and (e.oid, 'pg_event_trigger'::regclass::oid)
       not in (select objid, classid from extension_member)
union all
select 'publication', quote_ident(b.pubname),
       concat_ws(' ',
           case when b.puballtables then 'for all tables'
                else 'for ' || nullif(concat_ws(', ',
                    (select string_agg('table ' || r.prrelid::regclass
                         || coalesce(' (' || (select string_agg(quote_ident(a.attname), ', '
                                                                order by a.attnum)
                                                from pg_attribute a
                                               where a.attrelid = r.prrelid
                                                 and a.attnum = any (r.prattrs::int2[])) || ')', '')
                         || coalesce(' where (' || pg_get_expr(r.prqual, r.prrelid) || ')', ''),
                         ', ' order by r.prrelid::regclass::text)
                       from pg_publication_rel r where r.prpubid = b.oid),
                    (select string_agg('tables in schema ' || quote_ident(n.nspname), ', '
                                       order by n.nspname)
                       from pg_publication_namespace k join pg_namespace n on n.oid = k.pnnspid
                      where k.pnpubid = b.oid)), '') end,
           'with (publish = ' || quote_literal(concat_ws(', ',
               case when b.pubinsert then 'insert' end, case when b.pubupdate then 'update' end,
               case when b.pubdelete then 'delete' end, case when b.pubtruncate then 'truncate' end))
           || case when b.pubviaroot then ', publish_via_partition_root = true' else '' end
           || case to_jsonb(b) ->> 'pubgencols' when 's' then ', publish_generated_columns = stored'
                                                else '' end || ')'),
       'pg_publication', b.oid, 0
  from pg_publication b
union all
select 'subscription', quote_ident(u.subname),
       'publication ' || (select string_agg(quote_ident(p), ', ' order by p)
                            from unnest(u.subpublications) p),
       'pg_subscription', u.oid, 0
  from pg_subscription u
 where u.subdbid = (select oid from pg_database where datname = current_database())
)sql";
}

}  // namespace caisson::schema
