// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/schema/catalog_queries.h"

namespace caisson::schema {

std::string_view versions_sql() {
    return R"sql(
with version (class, oid, hash) as (
    select 'pg_class'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_class where oid >= 16384 and relkind <> 't'
    union all
    select 'pg_class'::regclass, m.oid, hashtidextended(k.ctid, k.xmin::text::bigint + (1::bigint << 33))
      from pg_class k join pg_class m on m.reltoastrelid = k.oid
     where k.relkind = 't' and k.reloptions is not null and m.oid >= 16384
    union all
    select 'pg_class'::regclass, attrelid, hashtidextended(ctid, xmin::text::bigint + (2::bigint << 33))
      from pg_attribute where attrelid >= 16384 and attnum > 0
    union all
    select 'pg_class'::regclass, adrelid, hashtidextended(ctid, xmin::text::bigint + (3::bigint << 33))
      from pg_attrdef
    union all
    select case when conrelid <> 0 then 'pg_class'::regclass else 'pg_type'::regclass end,
           case when conrelid <> 0 then conrelid else contypid end,
           hashtidextended(ctid, xmin::text::bigint + (4::bigint << 33))
      from pg_constraint where oid >= 16384
    union all
    select 'pg_class'::regclass, indrelid, hashtidextended(ctid, xmin::text::bigint + (5::bigint << 33))
      from pg_index where indexrelid >= 16384
    union all
    -- Those of a foreign key on both of its tables say how the key stands.
    select 'pg_class'::regclass, coalesce(k.conrelid, g.tgrelid),
           hashtidextended(g.ctid, g.xmin::text::bigint + (6::bigint << 33))
      from pg_trigger g left join pg_constraint k on k.oid = g.tgconstraint and g.tgisinternal
    union all
    select 'pg_class'::regclass, ev_class, hashtidextended(ctid, xmin::text::bigint + (7::bigint << 33))
      from pg_rewrite where oid >= 16384
    union all
    select 'pg_class'::regclass, polrelid, hashtidextended(ctid, xmin::text::bigint + (8::bigint << 33))
      from pg_policy
    union all
    select 'pg_class'::regclass, inhrelid, hashtidextended(ctid, xmin::text::bigint + (9::bigint << 33))
      from pg_inherits
    union all
    select 'pg_class'::regclass, seqrelid, hashtidextended(ctid, xmin::text::bigint + (10::bigint << 33))
      from pg_sequence
    union all
    select 'pg_class'::regclass, ftrelid, hashtidextended(ctid, xmin::text::bigint + (11::bigint << 33))
      from pg_foreign_table
    union all
    select 'pg_class'::regclass, partrelid, hashtidextended(ctid, xmin::text::bigint + (12::bigint << 33))
      from pg_partitioned_table
    union all
    select classid, objid, hashtidextended(ctid, xmin::text::bigint + (13::bigint << 33))
      from pg_depend
     where objid >= 16384
       and (deptype = 'e' or deptype in ('a', 'i') and classid = 'pg_class'::regclass
                             and refclassid = 'pg_class'::regclass)
    union all
    select 'pg_proc'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_proc where oid >= 16384
    union all
    select case when typrelid <> 0 then 'pg_class'::regclass else 'pg_type'::regclass end,
           case when typrelid <> 0 then typrelid else oid end,
           hashtidextended(ctid, xmin::text::bigint + (14::bigint << 33))
      from pg_type where oid >= 16384 and typcategory <> 'A'
    union all
    select 'pg_type'::regclass, enumtypid, hashtidextended(ctid, xmin::text::bigint + (1::bigint << 33))
      from pg_enum
    union all
    select 'pg_type'::regclass, rngtypid, hashtidextended(ctid, xmin::text::bigint + (2::bigint << 33))
      from pg_range where rngtypid >= 16384
    union all
    select 'pg_operator'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_operator where oid >= 16384
    union all
    select 'pg_opclass'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_opclass where oid >= 16384
    union all
    select 'pg_opfamily'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_opfamily where oid >= 16384
    union all
    select 'pg_collation'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_collation where oid >= 16384
    union all
    select 'pg_ts_config'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_ts_config where oid >= 16384
    union all
    select 'pg_ts_dict'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_ts_dict where oid >= 16384
    union all
    select 'pg_am'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_am where oid >= 16384
    union all
    select 'pg_foreign_server'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_foreign_server
    union all
    select 'pg_namespace'::regclass, oid, hashtidextended(ctid, xmin::text::bigint)
      from pg_namespace where nspname !~ '^pg_(temp|toast)'
    union all
    -- Roles are called by their names, and how constants are worded is a setting.
    select 'pg_authid'::regclass, 0, hashtextextended(rolname, oid::bigint) from pg_roles
    union all
    select 'pg_authid'::regclass, 0,
           hashtextextended(current_setting('standard_conforming_strings'), 0)
)
select class::regclass::text, oid, bit_xor(hash) from version group by class, oid
)sql";
}

std::string_view relation_names_sql() {
    return R"sql(
select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.oid >= 16384 and c.relkind <> 't'
)sql";
}

std::string affected_sql(const std::vector<std::string>& classes,
                         const std::vector<std::string>& oids) {
    return fmt::format(R"sql(
with recursive given (class, oid) as (
    select class::oid, oid from unnest('{{{}}}'::regclass[], '{{{}}}'::oid[]) as g (class, oid)
), named (class, oid) as (
    select * from given
    union
    select d.classid, d.objid
      from named t
      join pg_depend d on d.refclassid = t.class and d.refobjid = t.oid and d.deptype in ('i', 'a')
     where d.classid = 'pg_type'::regclass
), part (class, oid) as (
    select * from named
    union
    select d.classid, d.objid
      from named t join pg_depend d on d.refclassid = t.class and d.refobjid = t.oid
), root (oid) as (
    select oid from part where class = 'pg_class'::regclass
    union
    select k.conrelid from part p join pg_constraint k on k.oid = p.oid
     where p.class = 'pg_constraint'::regclass
    union
    select a.adrelid from part p join pg_attrdef a on a.oid = p.oid
     where p.class = 'pg_attrdef'::regclass
    union
    select r.ev_class from part p join pg_rewrite r on r.oid = p.oid
     where p.class = 'pg_rewrite'::regclass
    union
    select g.tgrelid from part p join pg_trigger g on g.oid = p.oid
     where p.class = 'pg_trigger'::regclass
    union
    select l.polrelid from part p join pg_policy l on l.oid = p.oid
     where p.class = 'pg_policy'::regclass
    union
    select y.typrelid from part p join pg_type y on y.oid = p.oid
     where p.class = 'pg_type'::regclass and y.typrelid <> 0
), table_of (oid) as (
    select oid from root
    union
    select x.indrelid from root r join pg_index x on x.indexrelid = r.oid
    union
    select d.refobjid from root r
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid
       and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
), family (oid) as (
    select oid from table_of
    union
    select i.inhparent from family f join pg_inherits i on i.inhrelid = f.oid
), whole (oid) as (
    select oid from family
    union
    select d.objid from family f
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = f.oid
       and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
)
select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  from whole w join pg_class c on c.oid = w.oid join pg_namespace n on n.oid = c.relnamespace
)sql",
                       join(classes, ","), join(oids, ","));
}

}  // namespace caisson::schema
