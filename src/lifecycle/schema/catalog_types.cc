// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/catalog_queries.h"

namespace caisson::schema {

std::string_view type_objects() {
    return R"sql(
select 'enum', s.name || '.' || quote_ident(y.typname),
       coalesce((select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                   from pg_enum e where e.enumtypid = y.oid), ''),
       'pg_type', y.oid, 0
  from user_type y join space s on s.oid = y.typnamespace
 where y.typtype = 'e'
union all
select 'domain', s.name || '.' || quote_ident(y.typname),
       concat_ws(' ', format_type(y.typbasetype, y.typtypmod),
           (select case when y.typcollation <> b.typcollation
                        then 'collate ' || y.typcollation::regcollation::text end
              from pg_type b where b.oid = y.typbasetype),
           'default ' || coalesce(pg_get_expr(y.typdefaultbin, 0), y.typdefault),
           case when y.typnotnull then 'not null' end),
       'pg_type', y.oid, 0
  from user_type y join space s on s.oid = y.typnamespace
 where y.typtype = 'd'
union all
select 'domain constraint', s.name || '.' || quote_ident(y.typname) || '.' || quote_ident(n.conname),
       pg_get_constraintdef(n.oid), 'pg_constraint', n.oid, 0
  from user_type y join space s on s.oid = y.typnamespace
  join pg_constraint n on n.contypid = y.oid and n.contype = 'c'
union all
select 'type', t.name,
       coalesce((select string_agg(concat_ws(' ', quote_ident(a.attname),
                                      format_type(a.atttypid, a.atttypmod),
                                      case when a.attcollation <> y.typcollation
                                           then 'collate ' || a.attcollation::regcollation end),
                          ', ' order by a.attnum)
          from pg_attribute a join pg_type y on y.oid = a.atttypid
         where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped), ''),
       'pg_type', t.reltype, 0
  from relation t where t.relkind = 'c'
union all
select 'range', s.name || '.' || quote_ident(y.typname),
       concat_ws(', ', 'subtype = ' || format_type(r.rngsubtype, null),
           (select 'subtype_opclass = ' || quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
              from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
             where o.oid = r.rngsubopc and not o.opcdefault),
           (select 'collation = ' || r.rngcollation::regcollation::text from pg_type b
             where b.oid = r.rngsubtype and r.rngcollation <> b.typcollation),
           'canonical = ' || nullif(r.rngcanonical, 0)::regproc::text,
           'subtype_diff = ' || nullif(r.rngsubdiff, 0)::regproc::text,
           (select 'multirange_type_name = ' || s.name || '.' || quote_ident(m.typname)
              from pg_type m where m.oid = r.rngmultitypid)),
       'pg_type', y.oid, 0
  from user_type y join space s on s.oid = y.typnamespace
  join pg_range r on r.rngtypid = y.oid
union all
select 'base type', s.name || '.' || quote_ident(y.typname),
       case when y.typisdefined
            then concat_ws(', ', 'input = ' || y.typinput::regproc, 'output = ' || y.typoutput::regproc,
                           'receive = ' || nullif(y.typreceive, 0)::regproc,
                           'send = ' || nullif(y.typsend, 0)::regproc,
                           'internallength = ' || case when y.typlen < 0 then 'variable'
                                                       else y.typlen::text end,
                           case when y.typbyval then 'passedbyvalue' end)
            else 'shell' end,
       'pg_type', y.oid, 0
  from user_type y join space s on s.oid = y.typnamespace
 where (y.typtype = 'b' or y.typtype = 'p' and not y.typisdefined)
   and y.oid not in (select typarray from pg_type)
union all
select 'collation', s.name || '.' || quote_ident(c.collname),
       concat_ws(', ',
           'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin'
                                                else 'libc' end,
           case when to_jsonb(c) ->> 'collcollate' = to_jsonb(c) ->> 'collctype'
                then 'locale = ' || quote_literal(to_jsonb(c) ->> 'collcollate')
                else 'lc_collate = ' || quote_literal(to_jsonb(c) ->> 'collcollate')
                     || ', lc_ctype = ' || quote_literal(to_jsonb(c) ->> 'collctype') end,
           'locale = ' || quote_literal(coalesce(to_jsonb(c) ->> 'colllocale',
                                                 to_jsonb(c) ->> 'colliculocale')),
           'rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules'),
           case when not c.collisdeterministic then 'deterministic = false' end),
       'pg_collation', c.oid, 0
  from pg_collation c join space s on s.oid = c.collnamespace
 where (c.oid, 'pg_collation'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'conversion', s.name || '.' || quote_ident(c.conname),
       format('%sfor %L to %L from %s', case when c.condefault then 'default ' else '' end,
              pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
              c.conproc::regproc),
       'pg_conversion', c.oid, 0
  from pg_conversion c join space s on s.oid = c.connamespace
 where (c.oid, 'pg_conversion'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'text search dictionary', s.name || '.' || quote_ident(d.dictname),
       concat_ws(', ', 'template = ' || quote_ident(n.nspname) || '.' || quote_ident(m.tmplname),
                 d.dictinitoption),
       'pg_ts_dict', d.oid, 0
  from pg_ts_dict d join space s on s.oid = d.dictnamespace
  join pg_ts_template m on m.oid = d.dicttemplate join pg_namespace n on n.oid = m.tmplnamespace
 where (d.oid, 'pg_ts_dict'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'text search configuration', s.name || '.' || quote_ident(c.cfgname),
       concat_ws('; ', 'parser = ' || quote_ident(n.nspname) || '.' || quote_ident(p.prsname),
           (select string_agg(format('%s with %s', quote_ident(k.alias), k.dictionaries), '; '
                              order by k.alias)
              from (select t.alias, string_agg(m.mapdict::regdictionary::text, ', '
                                               order by m.mapseqno) as dictionaries
                      from pg_ts_config_map m
                      join ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype
                     where m.mapcfg = c.oid group by t.alias) k)),
       'pg_ts_config', c.oid, 0
  from pg_ts_config c join space s on s.oid = c.cfgnamespace
  join pg_ts_parser p on p.oid = c.cfgparser join pg_namespace n on n.oid = p.prsnamespace
 where (c.oid, 'pg_ts_config'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'text search parser', s.name || '.' || quote_ident(p.prsname),
       format('start = %s, gettoken = %s, end = %s, lextypes = %s', p.prsstart, p.prstoken,
              p.prsend, p.prslextype)
       || coalesce(', headline = ' || nullif(p.prsheadline, 0)::regproc, ''),
       'pg_ts_parser', p.oid, 0
  from pg_ts_parser p join space s on s.oid = p.prsnamespace
 where (p.oid, 'pg_ts_parser'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'text search template', s.name || '.' || quote_ident(m.tmplname),
       concat_ws(', ', 'init = ' || nullif(m.tmplinit, 0)::regproc, 'lexize = ' || m.tmpllexize),
       'pg_ts_template', m.oid, 0
  from pg_ts_template m join space s on s.oid = m.tmplnamespace
 where (m.oid, 'pg_ts_template'::regclass::oid) not in (select objid, classid from extension_member)
)sql";
}

}  // namespace caisson::schema
