// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/schema_version.h"

#include <charconv>

#include "base/crypto.h"

namespace caisson::queries {
namespace {

/// One line for each thing, in the order of their texts.
constexpr const char* things = R"(
with schemas as (
    select oid, nspname from pg_namespace
     where nspname not in ('pg_catalog', 'information_schema', 'caisson') and nspname !~ '^pg_'
), things as (
    select format('column %s.%s.%s %s %s %s', n.nspname, c.relname, a.attname,
                  format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end) as thing
      from pg_attribute a join pg_class c on c.oid = a.attrelid join schemas n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and not c.relispartition
       and a.attnum > 0 and not a.attisdropped
       and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                          and e.objid = c.oid and e.deptype = 'e')
    union all
    select format('view %s.%s %s', n.nspname, c.relname, pg_get_viewdef(c.oid))
      from pg_class c join schemas n on n.oid = c.relnamespace
     where c.relkind in ('v', 'm')
       and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                          and e.objid = c.oid and e.deptype = 'e')
    union all
    select format('function %s.%s(%s) %s', n.nspname, p.proname,
                  pg_get_function_identity_arguments(p.oid),
                  coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
      from pg_proc p join schemas n on n.oid = p.pronamespace
     where p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
       and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass
                          and e.objid = p.oid and e.deptype = 'e')
    union all
    select format('enum %s.%s %s', n.nspname, t.typname,
                  (select string_agg(quote_literal(l.enumlabel), ' ' order by l.enumsortorder)
                     from pg_enum l where l.enumtypid = t.oid))
      from pg_type t join schemas n on n.oid = t.typnamespace where t.typtype = 'e'
    union all
    select format('domain %s.%s %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
      from pg_type t join schemas n on n.oid = t.typnamespace where t.typtype = 'd'
)
select coalesce(string_agg(thing, E'\n' order by thing collate "C"), '') as things from things)";

}  // namespace

std::string schema_version(pg::Connection& connection) {
    return sha256_hex(connection.query(things).front().text("things")).substr(0, 16);
}

std::uint64_t answers_version(const Described& query, std::string_view schema_version) {
    std::string all;
    const auto add = [&](std::string_view text) {
        all += std::to_string(text.size());
        all += ':';
        all += text;
    };
    add(schema_version);
    for (const auto& variant : query.variants) {
        add(variant.sql);
    }
    for (const auto& column : query.columns) {
        add(column.name);
        add(column.type->sql);
        add(column.nullable ? "null" : "not null");
    }
    const auto digits = sha256_hex(all);
    std::uint64_t version = 0;
    std::from_chars(digits.data(), digits.data() + 16, version, 16);
    return version | 1U;
}

}  // namespace caisson::queries
