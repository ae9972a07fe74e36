// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/pg/types.h"
#include "lifecycle/queries/names.h"

namespace caisson::queries {
namespace {

using platform::Mistake;

constexpr std::string_view tables_sql = R"(
select c.oid::int8 as id, n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned,
       c.relrowsecurity as row_security, obj_description(c.oid, 'pg_class') as doc,
       array_to_string((select i.indkey::int2[] from pg_catalog.pg_index i
                         where i.indrelid = c.oid and i.indisprimary), ' ') as key
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
   and n.nspname not in ('pg_catalog', 'information_schema', 'caisson') and n.nspname !~ '^pg_'
   and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
 order by n.nspname <> 'public', n.nspname collate "C", c.relname collate "C")";

constexpr std::string_view columns_sql = R"(
select a.attrelid::int8 as id, a.attnum::int4 as number, a.attname as name, a.atttypid::int8 as type,
       col_description(a.attrelid, a.attnum) as doc, a.attnotnull as not_null,
       a.atthasdef and a.attgenerated = '' as has_default, a.attgenerated <> '' as generated,
       a.attidentity <> '' as identity, a.attidentity = 'a' as always,
       r.oid is not null and not has_column_privilege(r.oid, a.attrelid, a.attnum, 'UPDATE')
         and has_any_column_privilege(r.oid, a.attrelid, 'UPDATE') as kept
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_roles r on r.rolname = $2
 where a.attrelid = any(string_to_array($1, ' ')::oid[]) and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum)";

/// A column that children, or theirs, have without NOT NULL is none.
constexpr std::string_view not_null_sql = R"(
select a.attrelid::int8 as id, a.attnum::int4 as number
  from pg_catalog.pg_attribute a
 where a.attnotnull and a.attnum > 0 and not a.attisdropped
   and not exists (
         with recursive below as (
           select i.inhrelid as id from pg_catalog.pg_inherits i where i.inhparent = a.attrelid
           union
           select i.inhrelid from pg_catalog.pg_inherits i join below b on i.inhparent = b.id)
         select from below b
           join pg_catalog.pg_attribute c on c.attrelid = b.id and c.attname = a.attname
          where not c.attnotnull))";

constexpr std::string_view deprecated_sql = R"(
select n.nspname as schema, c.relname as "table", coalesce(a.attname, '') as "column", d.description as remark
  from pg_catalog.pg_description d
  join pg_catalog.pg_class c on c.oid = d.objoid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
 where d.classoid = 'pg_catalog.pg_class'::regclass and d.description ~* '^\s*\(?deprecated\M'
   and n.nspname not in ('pg_catalog', 'information_schema', 'caisson')
 order by 1, 2, 3)";

std::optional<std::size_t> index_of(const Table& table, std::string_view column) {
    const auto found = std::ranges::find(table.columns, column, &TableColumn::name);
    return found == table.columns.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - table.columns.begin()));
}

bool is_timestamp(const Type& type) { return type.cpp == "pg::Timestamp"; }
bool is_integer(const Type& type) { return type.cpp.starts_with("std::int"); }

void find_meaning(Table& table, const platform::Generate& settings) {
    if (const auto removed = index_of(table, settings.removed)) {
        const auto& column = table.columns[*removed];
        if (!column.not_null && is_timestamp(*column.type) && !table.key.empty()) {
            table.removed = removed;
        }
    }
    for (const auto& name : settings.version) {
        const auto version = index_of(table, name);
        if (!version) {
            continue;
        }
        const auto& column = table.columns[*version];
        const bool is_key = std::ranges::find(table.key, *version) != table.key.end();
        if (column.not_null && !column.is_generated && !is_key &&
            (is_timestamp(*column.type) || is_integer(*column.type))) {
            table.version = version;
            return;
        }
    }
}

/// `created_at desc`, as the manifest has it.
void read_order(Table& table, const std::vector<std::string>& written, const Place& place,
                std::vector<Mistake>& mistakes) {
    table.order.clear();
    for (const auto& text : written) {
        auto words = split(replace_all(std::string(trim(text)), "\t", " "), ' ');
        std::erase(words, "");
        const bool is_plain =
            words.size() == 1 ||
            (words.size() == 2 && (lower(words[1]) == "asc" || lower(words[1]) == "desc"));
        const auto column = is_plain ? index_of(table, words[0]) : std::nullopt;
        if (!column) {
            std::vector<std::string> known;
            for (const auto& each : table.columns) {
                known.push_back(each.name);
            }
            const auto near = nearest(words.empty() ? "" : words[0], known);
            mistakes.push_back(
                {place,
                 is_plain ? fmt::format("table {} has no column \"{}\"", table.name, words[0])
                          : fmt::format("the order \"{}\"", text),
                 is_plain ? near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near)
                          : "write \"column\" or \"column desc\""});
            continue;
        }
        if (!table.columns[*column].not_null) {
            mistakes.push_back(
                {place,
                 fmt::format("the order of {} has the column {}, which may be NULL", table.name,
                             words[0]),
                 "a list goes on behind its last row, so each column needs a value"});
        }
        table.order.push_back({*column, words.size() == 2 && lower(words[1]) == "desc"});
    }
}

void find_order(Table& table, const platform::Generate& settings, std::set<std::string>& taken,
                std::vector<Mistake>& mistakes) {
    for (const auto column : table.key) {
        table.order.push_back({column, false});
    }
    for (const auto& [name, written] : settings.orders) {
        if (!(pg::qualified_name(name) == pg::QualifiedName{table.schema, table.name})) {
            continue;
        }
        taken.insert(name);
        const auto& place = settings.order_places.at(name);
        if (table.key.empty()) {
            mistakes.push_back({place, fmt::format("table {} has no primary key", table.name),
                                "without one its rows have no order that is one"});
            continue;
        }
        read_order(table, written, place, mistakes);
        for (const auto column : table.key) {
            if (std::ranges::find(table.order, column, &OrderColumn::column) == table.order.end()) {
                table.order.push_back({column, false});
            }
        }
    }
}

TableColumn column_of(const pg::Row& row, const Types& types, DistinctNames& names) {
    TableColumn column;
    column.number = static_cast<int>(row.integer("number"));
    column.name = row.string("name");
    column.sql = pg::identifier(column.name);
    column.cpp = names.name(identifier(column.name));
    column.type = &types.of(static_cast<pg::TypeId>(row.integer("type")));
    column.doc = row.string("doc");
    column.not_null = row.boolean("not_null");
    column.has_default = row.boolean("has_default");
    column.is_generated = row.boolean("generated");
    column.is_identity = row.boolean("identity");
    column.is_always = row.boolean("always");
    column.is_kept = row.boolean("kept");
    return column;
}

}  // namespace

Relations read_relations(pg::Connection& connection, const Types& types,
                         const platform::Generate& settings, const std::set<std::string>& left_out,
                         const std::string& application, std::vector<Mistake>& mistakes) {
    Relations relations;
    for (const auto& row : connection.query(not_null_sql)) {
        relations.not_null.emplace(static_cast<pg::TypeId>(row.integer("id")),
                                   static_cast<int>(row.integer("number")));
    }
    for (const auto& row : connection.query(deprecated_sql)) {
        relations.deprecated.push_back({row.string("schema"), row.string("table"),
                                        row.string("column"), row.string("remark")});
    }
    // Names of C++ that the file itself needs.
    std::set<std::string> taken = {"queries", "detail", "to_text", "fail_label", "schema_version"};
    for (const auto& each : types.enums()) {
        taken.insert(each.from_cpp);
    }
    DistinctNames names(std::move(taken));
    for (const auto& row : connection.query(tables_sql)) {
        Table table;
        table.id = static_cast<pg::TypeId>(row.integer("id"));
        table.schema = row.string("schema");
        table.name = row.string("name");
        if (left_out.contains(table.schema + '.' + table.name)) {
            continue;
        }
        table.sql = pg::identifier(table.schema, table.name);
        table.cpp = names.name(
            identifier(table.schema == "public" ? table.name : table.schema + '_' + table.name));
        table.doc = row.string("doc");
        table.is_partitioned = row.boolean("partitioned");
        table.has_row_security = row.boolean("row_security");
        DistinctNames columns;
        for (const auto& each :
             connection.query(columns_sql, {std::to_string(table.id), application})) {
            table.columns.push_back(column_of(each, types, columns));
            auto& column = table.columns.back();
            column.not_null =
                column.not_null && relations.not_null.contains({table.id, column.number});
        }
        for (const auto& number : split(row.text("key"), ' ')) {
            const auto found =
                std::ranges::find(table.columns, std::stoi(number), &TableColumn::number);
            table.key.push_back(static_cast<std::size_t>(found - table.columns.begin()));
        }
        find_meaning(table, settings);
        find_order(table, settings, relations.orders, mistakes);
        relations.tables.push_back(std::move(table));
    }
    return relations;
}

void check_orders(const platform::Generate& settings, const std::set<std::string>& taken,
                  const std::vector<std::string>& tables, std::vector<Mistake>& mistakes) {
    for (const auto& [name, place] : settings.order_places) {
        if (!taken.contains(name)) {
            const auto near = nearest(name, tables);
            mistakes.push_back({place,
                                fmt::format("an order of the table {}, which is not there", name),
                                near.empty() ? "name a table that the migrations make"
                                             : fmt::format("did you mean \"{}\"?", near)});
        }
    }
}

}  // namespace caisson::queries
