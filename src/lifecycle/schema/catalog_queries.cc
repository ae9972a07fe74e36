// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/catalog_queries.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson::schema {
namespace {

/// What the branches share. Identity is left out where an inherited column is compared with its
/// parent's: partitions take part in it from version 17 on. Options of foreign things that are
/// secrets, by their name or by what they say, are '***'; to some wrappers `key` marks columns.
constexpr std::string_view shared_parts = R"sql(
with extension_member as materialized (
    select classid, objid from pg_depend where deptype = 'e'
), space as materialized (
    select oid, quote_ident(nspname) as name, nspname
      from pg_namespace
     where nspname not in ('pg_catalog', 'information_schema', 'caisson')
       and nspname not like 'pg\_toast%' and nspname not like 'pg\_temp\_%'
       and (oid, 'pg_namespace'::regclass::oid) not in (select objid, classid from extension_member)
), relation as materialized (
    select c.*, s.name || '.' || quote_ident(c.relname) as name
      from pg_class c join space s on s.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I', 'c') /*only c.oid*/
       and (c.oid, 'pg_class'::regclass::oid) not in (select objid, classid from extension_member)
), toast as materialized (
    select oid, reloptions from pg_class where relkind = 't' and reloptions is not null
), of_table as materialized (
    select * from relation where relkind in ('r', 'p', 'f')
), user_type as materialized (
    select * from pg_type y
     where (y.oid, 'pg_type'::regclass::oid) not in (select objid, classid from extension_member)
), default_of as materialized (
    select adrelid, adnum, pg_get_expr(adbin, adrelid) as expression from pg_attrdef
     where true /*only adrelid*/
), foreign_options as materialized (
    select x.class, x.oid, x.sub,
           string_agg(quote_ident(o.option_name) || ' '
                      || case when o.option_name ~* x.secret
                                or o.option_value ~* '(password|passwd|pwd|secret|token)[[:space:]]*='
                                or o.option_value ~ '://[^/]*:[^/]*@'
                              then '''***''' else quote_literal(o.option_value) end,
                      ', ' order by o.option_name) as text
      from (select 'pg_foreign_data_wrapper' as class, oid, 0 as sub, fdwoptions as options,
                   'pass|pwd|secret|token|key|credential' as secret
              from pg_foreign_data_wrapper
            union all
            select 'pg_foreign_server', oid, 0, srvoptions, 'pass|pwd|secret|token|key|credential'
              from pg_foreign_server
            union all
            select 'pg_foreign_table', ftrelid, 0, ftoptions, 'pass|pwd|secret|token|key|credential'
              from pg_foreign_table
            union all
            select 'pg_attribute', attrelid, attnum, attfdwoptions, 'pass|pwd|secret|token|credential'
              from pg_attribute where attfdwoptions is not null /*only attrelid*/) x
      cross join lateral pg_options_to_table(x.options) o
     group by x.class, x.oid, x.sub
), not_validated as materialized (
    select conrelid, conkey[1] as attnum from pg_constraint
     where contype = 'n' and not convalidated
), identity_of as materialized (
    select d.refobjid, d.refobjsubid,
           concat_ws(' ',
               case when q.seqstart <> case when q.seqincrement < 0 then q.seqmax else q.seqmin end
                    then 'start ' || q.seqstart end,
               case when q.seqincrement <> 1 then 'increment ' || q.seqincrement end,
               case when q.seqmin <> case when q.seqincrement < 0 then b.least else 1 end
                    then 'minvalue ' || q.seqmin end,
               case when q.seqmax <> case when q.seqincrement < 0 then -1 else b.greatest end
                    then 'maxvalue ' || q.seqmax end,
               case when q.seqcache <> 1 then 'cache ' || q.seqcache end,
               case when q.seqcycle then 'cycle' end) as options
      from pg_sequence q
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = q.seqrelid
       and d.refclassid = 'pg_class'::regclass and d.deptype = 'i' /*only d.refobjid*/
      cross join lateral (
          select case q.seqtypid when 'int2'::regtype then 32767
                                 when 'int4'::regtype then 2147483647
                                 else 9223372036854775807 end as greatest,
                 case q.seqtypid when 'int2'::regtype then -32768
                                 when 'int4'::regtype then -2147483648
                                 else -9223372036854775808 end as least) b
), table_column as materialized (
    select a.attrelid, a.attnum, a.attname, a.attinhcount,
           t.name || '.' || quote_ident(a.attname) as name,
           format_type(a.atttypid, a.atttypmod) as type,
           case when a.attcollation <> y.typcollation
                then ' collate ' || a.attcollation::regcollation::text else '' end as collation,
           case when not a.attnotnull then ''
                when (a.attrelid, a.attnum) in (select conrelid, attnum from not_validated)
                then ' not null not valid' else ' not null' end as not_null,
           case a.attidentity when 'a' then ' generated always as identity'
                              when 'd' then ' generated by default as identity' else '' end
           || coalesce(' (' || nullif(q.options, '') || ')', '') as identity,
           coalesce(case a.attgenerated
                    when 's' then ' generated always as (' || d.expression || ') stored'
                    when 'v' then ' generated always as (' || d.expression || ') virtual'
                    else ' default ' || d.expression end, '') as value
      from of_table t
      join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      join pg_type y on y.oid = a.atttypid
      left join default_of d on d.adrelid = t.oid and d.adnum = a.attnum
      left join identity_of q on q.refobjid = t.oid and q.refobjsubid = a.attnum
), parent_column as materialized (
    select c.attrelid, c.attnum, min(d.type || d.collation || d.not_null || d.value) as definition
      from table_column c
      join pg_inherits i on i.inhrelid = c.attrelid
      join table_column d on d.attrelid = i.inhparent and d.attname = c.attname
     where c.attinhcount > 0
     group by c.attrelid, c.attnum
)
)sql";

}  // namespace

std::string of_relations(std::string_view sql) {
    constexpr std::string_view begin = "/*only ";
    std::string text;
    for (std::size_t at = 0; at < sql.size();) {
        const auto place = std::min(sql.find(begin, at), sql.size());
        text += sql.substr(at, place - at);
        at = place;
        if (place < sql.size()) {
            const auto end = sql.find("*/", place);
            text += fmt::format("and {} = any ($1)",
                                sql.substr(place + begin.size(), end - place - begin.size()));
            at = end + 2;
        }
    }
    return text;
}

const std::string& objects_sql() {
    static const std::string text = [] {
        std::string all(shared_parts);
        all += relation_objects();
        for (const auto branch :
             {attached_objects(), type_objects(), routine_objects(), database_objects()}) {
            all += "union all";
            all += branch;
        }
        return all;
    }();
    return text;
}

std::string_view aliases_sql() {
    return R"sql(
select 'pg_rewrite', oid, 0, 'pg_class', ev_class, 0 from pg_rewrite
 where rulename = '_RETURN' and oid >= 16384
union all
select 'pg_attrdef', oid, 0, 'pg_class', adrelid, adnum from pg_attrdef
union all
select 'pg_type', reltype, 0, 'pg_class', oid, 0 from pg_class
 where reltype <> 0 and relkind <> 'c' and oid >= 16384
union all
select 'pg_class', oid, 0, 'pg_type', reltype, 0 from pg_class where relkind = 'c' and oid >= 16384
union all
select 'pg_type', typarray, 0, 'pg_type', oid, 0 from pg_type where typarray <> 0 and oid >= 16384
union all
select 'pg_type', rngmultitypid, 0, 'pg_type', rngtypid, 0 from pg_range where rngtypid >= 16384
union all
select 'pg_class', conindid, 0, 'pg_constraint', oid, 0 from pg_constraint
 where contype in ('p', 'u', 'x') and conindid >= 16384
union all
select classid::regclass::text, objid, 0, 'pg_extension', refobjid, 0 from pg_depend
 where deptype = 'e'
)sql";
}

std::string_view dependencies_sql() {
    return R"sql(
select classid::regclass::text, objid, objsubid, refclassid::regclass::text, refobjid, refobjsubid
  from pg_depend
 where deptype in ('n', 'a') and objid >= 16384 and refobjid >= 16384
)sql";
}

std::string_view comments_sql() {
    return R"sql(
select classoid::regclass::text, objoid, objsubid, description from pg_description
 where objoid >= 16384
    or classoid = 'pg_namespace'::regclass and objoid = to_regnamespace('public')
       and description <> 'standard public schema'
)sql";
}

std::string_view rights_sql() {
    return R"sql(
with thing (class, oid, sub, kind, owner, acl) as (
    select 'pg_class', oid, 0, case relkind when 'S' then 's'::"char" else 'r' end, relowner, relacl
      from pg_class
     where relkind in ('r', 'p', 'f', 'v', 'm', 'S') and oid >= 16384 /*only oid*/
    union all
    select 'pg_class', a.attrelid, a.attnum, 'c', c.relowner, a.attacl
      from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attacl is not null and not a.attisdropped and c.oid >= 16384 /*only c.oid*/
    union all
    select 'pg_proc', oid, 0, 'f', proowner, proacl from pg_proc where oid >= 16384
    union all
    select 'pg_type', oid, 0, 'T', typowner, typacl from pg_type where oid >= 16384
    union all
    select 'pg_namespace', oid, 0, 'n', nspowner, nspacl from pg_namespace
     where oid >= 16384 or nspname = 'public'
    union all
    select 'pg_language', oid, 0, 'l', lanowner, lanacl from pg_language where oid >= 16384
    union all
    select 'pg_foreign_data_wrapper', oid, 0, 'F', fdwowner, fdwacl from pg_foreign_data_wrapper
    union all
    select 'pg_foreign_server', oid, 0, 'S', srvowner, srvacl from pg_foreign_server
    union all
    select 'pg_operator', oid, 0, 'r', oprowner, null from pg_operator where oid >= 16384
    union all
    select 'pg_opclass', oid, 0, 'r', opcowner, null from pg_opclass where oid >= 16384
    union all
    select 'pg_opfamily', oid, 0, 'r', opfowner, null from pg_opfamily where oid >= 16384
    union all
    select 'pg_collation', oid, 0, 'r', collowner, null from pg_collation where oid >= 16384
    union all
    select 'pg_conversion', oid, 0, 'r', conowner, null from pg_conversion where oid >= 16384
    union all
    select 'pg_ts_dict', oid, 0, 'r', dictowner, null from pg_ts_dict where oid >= 16384
    union all
    select 'pg_ts_config', oid, 0, 'r', cfgowner, null from pg_ts_config where oid >= 16384
    union all
    select 'pg_statistic_ext', oid, 0, 'r', stxowner, null from pg_statistic_ext
    union all
    select 'pg_event_trigger', oid, 0, 'r', evtowner, null from pg_event_trigger
    union all
    select 'pg_publication', oid, 0, 'r', pubowner, null from pg_publication
    union all
    select 'pg_subscription', oid, 0, 'r', subowner, null from pg_subscription
), given as (
    select t.*, g.*
      from thing t
      cross join lateral (
          select x.grantee,
                 string_agg(distinct x.privilege, ', ' order by x.privilege)
                     filter (where x.is_actual) as actual,
                 string_agg(distinct x.privilege, ', ' order by x.privilege)
                     filter (where not x.is_actual) as initial
            from (select grantee, true as is_actual,
                         lower(privilege_type)
                         || case when is_grantable then ' with grant option' else '' end as privilege
                    from aclexplode(t.acl)
                  union all
                  select grantee, false, lower(privilege_type)
                    from aclexplode(acldefault(t.kind, t.owner)) where t.kind <> 'c') x
           group by x.grantee) g
     where t.acl is not null
)
select class, oid, sub, pg_get_userbyid(owner), null, null from thing where sub = 0
union all
select class, oid, sub, pg_get_userbyid(owner),
       case grantee when 0 then 'public' else pg_get_userbyid(grantee) end, coalesce(actual, 'none')
  from given where actual is distinct from initial
)sql";
}

std::string_view default_privileges_sql() {
    return R"sql(
select concat_ws(' ', 'of ' || quote_ident(pg_get_userbyid(d.defaclrole)),
           'in schema ' || quote_ident(n.nspname),
           'on ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
                         when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas'
                         else 'large objects' end,
           'to ' || case g.grantee when 0 then 'public'
                                   else quote_ident(pg_get_userbyid(g.grantee)) end),
       pg_get_userbyid(d.defaclrole),
       case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end,
       coalesce(g.actual, 'none')
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral (
      select x.grantee,
             string_agg(distinct x.privilege, ', ' order by x.privilege)
                 filter (where x.is_actual) as actual,
             string_agg(distinct x.privilege, ', ' order by x.privilege)
                 filter (where not x.is_actual) as initial
        from (select grantee, true as is_actual,
                     lower(privilege_type)
                     || case when is_grantable then ' with grant option' else '' end as privilege
                from aclexplode(d.defaclacl)
              union all
              select grantee, false, lower(privilege_type)
                from aclexplode(acldefault(case d.defaclobjtype when 'S' then 's'::"char"
                                                else d.defaclobjtype end, d.defaclrole))
               where d.defaclnamespace = 0) x
       group by x.grantee) g
 where n.nspname is distinct from 'caisson' and g.actual is distinct from g.initial
)sql";
}

}  // namespace caisson::schema
