// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/target.h"

#include <algorithm>

#include "base/text.h"

namespace caisson::seeds {
namespace {

constexpr const char* tables_statement = R"sql(
select c.oid::text as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join (select * from unnest($1::text[], $2::text[])) w(schema, name)
    on n.nspname = w.schema and c.relname = w.name
 where c.relkind not in ('i', 'I', 't', 'c', 'S')
)sql";

// A domain is what it is made of, however many domains lie between.
constexpr const char* columns_statement = R"sql(
with recursive base(oid, type) as (
    select t.oid, case when t.typtype = 'd' then t.typbasetype else t.oid end
      from pg_catalog.pg_type t
    union
    select b.oid, t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.type
     where t.typtype = 'd'
), plain as (
    select b.oid, t.oid as type, t.typcategory, t.typelem
      from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype <> 'd'
)
select a.attrelid::text as oid, a.attname as name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
       case when a.attcollation <> 0 and a.attcollation <> t.typcollation
            then pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
            else '' end as collation,
       case when a.attidentity <> ''
            then 'nextval(' || pg_catalog.quote_literal(s.name) || '::pg_catalog.regclass)'
            when a.attgenerated <> '' then ''
            else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'null') end as fallback,
       coalesce(s.name, '') as sequence,
       a.attnotnull as not_null, a.attidentity = 'a' as always, a.attgenerated <> '' as generated,
       p.type in ('json'::regtype, 'jsonb'::regtype) as json,
       p.typcategory = 'A' as array,
       coalesce(e.type in ('json'::regtype, 'jsonb'::regtype), false) as json_elements
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join plain p on p.oid = a.atttypid
  left join plain e on e.oid = p.typelem and p.typcategory = 'A'
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_catalog.pg_collation co on co.oid = a.attcollation
  left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
  left join lateral (
       select pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(sc.relname) as name
         from pg_catalog.pg_depend k
         join pg_catalog.pg_class sc on sc.oid = k.objid and sc.relkind = 'S'
         join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
        where k.classid = 'pg_catalog.pg_class'::regclass
          and k.refclassid = 'pg_catalog.pg_class'::regclass
          and k.refobjid = a.attrelid and k.refobjsubid = a.attnum and k.deptype in ('a', 'i')
        limit 1) s on true
 where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum
)sql";

// What ON CONFLICT (columns) can go by: complete, plain, checked at once.
constexpr const char* keys_statement = R"sql(
select i.indrelid::text as oid, c.relname as name, i.indisprimary as primary,
       array_to_string(array_agg(a.attname order by k.place), chr(31)) as columns,
       bool_and(a.attnotnull) as not_null
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join lateral unnest(i.indkey::int2[]) with ordinality k(number, place)
    on k.place <= i.indnkeyatts
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
 where i.indrelid = any($1::oid[]) and i.indisunique and i.indisvalid and i.indimmediate
   and i.indpred is null and i.indexprs is null
 group by 1, 2, 3, i.indnkeyatts
 order by i.indisprimary desc, i.indnkeyatts, c.relname
)sql";

constexpr const char* references_statement = R"sql(
select k.conname as name, cn.nspname as child_schema, c.relname as child,
       pn.nspname as parent_schema, p.relname as parent, k.condeferrable as deferrable,
       (select array_to_string(array_agg(a.attname order by u.place), chr(31))
          from unnest(k.conkey) with ordinality u(number, place)
          join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number)
           as child_columns,
       (select array_to_string(array_agg(a.attname order by u.place), chr(31))
          from unnest(k.confkey) with ordinality u(number, place)
          join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number)
           as parent_columns
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  join pg_catalog.pg_class p on p.oid = k.confrelid
  join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
 where k.contype = 'f' and k.conparentid = 0
 order by cn.nspname, c.relname, k.conname
)sql";

void read_columns(pg::Connection& connection, const std::string& oids,
                  std::map<std::string, Table*>& by_oid) {
    const auto rows = connection.query(columns_statement, {oids});
    for (const auto row : rows) {
        Column column;
        column.name = row.string("name");
        column.type = row.string("type");
        column.collation = row.string("collation");
        column.fallback = row.string("fallback");
        column.sequence = row.string("sequence");
        column.not_null = row.boolean("not_null");
        column.always_identity = row.boolean("always");
        column.generated = row.boolean("generated");
        column.json = row.boolean("json");
        column.array = row.boolean("array");
        column.json_elements = row.boolean("json_elements");
        by_oid.at(row.string("oid"))->columns.push_back(std::move(column));
    }
}

}  // namespace

const Column* Table::column(const std::string& wanted) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const auto& known) { return known.name == wanted; });
    return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> Table::column_names() const {
    std::vector<std::string> names;
    for (const auto& known : columns) {
        names.push_back(known.name);
    }
    return names;
}

const UniqueKey* Table::identity() const {
    const auto found = std::find_if(keys.begin(), keys.end(),
                                    [](const auto& key) { return key.primary || key.not_null; });
    return found == keys.end() ? nullptr : &*found;
}

const Table* Target::table(const pg::QualifiedName& name) const {
    const auto found = tables.find(name);
    return found == tables.end() ? nullptr : &found->second;
}

Target read_target(pg::Connection& connection, const std::vector<pg::QualifiedName>& tables) {
    std::vector<std::string> schemas;
    std::vector<std::string> names;
    for (const auto& table : tables) {
        schemas.push_back(table.schema);
        names.push_back(table.name);
    }
    Target target;
    std::vector<std::string> oids;
    const auto found =
        connection.query(tables_statement, {array_literal(schemas), array_literal(names)});
    for (const auto row : found) {
        Table table;
        table.name = {row.string("schema"), row.string("name")};
        table.oid = row.string("oid");
        table.kind = row.string("kind");
        if (target.tables.emplace(table.name, table).second) {
            oids.push_back(table.oid);
        }
    }
    std::map<std::string, Table*> by_oid;
    for (auto& [name, table] : target.tables) {
        by_oid[table.oid] = &table;
    }
    const auto list = array_literal(oids);
    read_columns(connection, list, by_oid);
    const auto keys = connection.query(keys_statement, {list});
    for (const auto row : keys) {
        by_oid.at(row.string("oid"))
            ->keys.push_back({row.string("name"), row.boolean("primary"), row.boolean("not_null"),
                              list_of(row.text("columns"))});
    }
    const auto references = connection.query(references_statement);
    for (const auto row : references) {
        target.foreign_keys.push_back({row.string("name"),
                                       {row.string("child_schema"), row.string("child")},
                                       {row.string("parent_schema"), row.string("parent")},
                                       list_of(row.text("child_columns")),
                                       list_of(row.text("parent_columns")),
                                       row.boolean("deferrable")});
    }
    return target;
}

std::vector<std::string> table_names(pg::Connection& connection) {
    std::vector<std::string> names;
    const auto rows = connection.query(
        "select n.nspname as schema, c.relname as name from pg_catalog.pg_class c "
        "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        " where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' "
        "   and n.nspname not in ('information_schema', 'caisson')");
    for (const auto row : rows) {
        names.push_back(pg::QualifiedName{row.string("schema"), row.string("name")}.text());
    }
    return names;
}

std::string array_literal(const std::vector<std::string>& values) {
    std::string literal = "{";
    for (const auto& value : values) {
        literal += literal.size() == 1 ? "\"" : ",\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                literal += '\\';
            }
            literal += c;
        }
        literal += '"';
    }
    return literal + "}";
}

std::vector<std::string> list_of(std::string_view text) { return split(text, '\x1f'); }

}  // namespace caisson::seeds
