// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/types.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "drivers/pg/types.h"
#include "lifecycle/queries/names.h"

namespace caisson::queries {
namespace {

/// With -1, because `character` without a length is a character(1) to a cast, and bpchar is not.
constexpr std::string_view types_sql = R"(
select t.oid::int8 as id, format_type(t.oid, -1) as sql, t.typtype as kind,
       t.typbasetype::int8 as base, case when t.typcategory = 'A' then t.typelem::int8 else 0 end as element
  from pg_catalog.pg_type t
 order by t.typtype = 'd', t.typcategory = 'A', t.oid)";

constexpr std::string_view enums_sql = R"(
select t.oid::int8 as id, n.nspname as schema, t.typname as name,
       obj_description(t.oid, 'pg_type') as doc, e.enumlabel as label
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join pg_catalog.pg_enum e on e.enumtypid = t.oid
 where n.nspname not in ('pg_catalog', 'information_schema', 'caisson')
 order by n.nspname <> 'public', n.nspname collate "C", t.typname collate "C", e.enumsortorder)";

/// Built-in types that are no text. Source: drivers/pg/types.h.
std::optional<std::string_view> cpp_of(pg::TypeId id) {
    using namespace pg::type;
    switch (id) {
        case boolean:
            return "bool";
        case int2:
            return "std::int16_t";
        case int4:
            return "std::int32_t";
        case int8:
        case oid:
            return "std::int64_t";
        case float4:
            return "float";
        case float8:
            return "double";
        case bytea:
            return "pg::Bytes";
        case json:
        case jsonb:
            return "pg::Json";
        case inet:
        case cidr:
            return "pg::Inet";
        case date:
            return "pg::Date";
        case time:
            return "pg::Time";
        case timestamp:
        case timestamptz:
            return "pg::Timestamp";
        case interval:
            return "pg::Interval";
        case numeric:
            return "pg::Numeric";
        case uuid:
            return "pg::Uuid";
        case int4range:
            return "pg::Range<std::int32_t>";
        case int8range:
            return "pg::Range<std::int64_t>";
        case numrange:
            return "pg::Range<pg::Numeric>";
        case tstzrange:
            return "pg::Range<pg::Timestamp>";
        case daterange:
            return "pg::Range<pg::Date>";
        case text:
        case varchar:
        case bpchar:
        case name:
        case character:
            return "std::string";
        default:
            return std::nullopt;
    }
}

Type built_in(pg::TypeId id, std::string sql) {
    Type type{.id = id, .sql = std::move(sql)};
    const auto cpp = cpp_of(id);
    type.cpp = cpp.value_or("std::string");
    type.is_binary = cpp.has_value();
    type.is_view = type.cpp.starts_with("std::int") || type.cpp == "bool" || type.cpp == "float" ||
                   type.cpp == "double" || type.cpp == "pg::Timestamp" || type.cpp == "pg::Date";
    return type;
}

}  // namespace

Types::Types(pg::Connection& connection, const std::string& name_space) {
    add_enums(connection);
    // So that every name says its schema.
    const pg::Transaction reading(connection);
    connection.query("set local search_path = ''");
    for (const auto& row : connection.query(types_sql)) {
        const auto id = static_cast<pg::TypeId>(row.integer("id"));
        auto type = built_in(id, row.string("sql"));
        const auto kind = row.text("kind");
        if (const auto found = std::ranges::find(enums_, id, &Enum::id); found != enums_.end()) {
            type.cpp = fmt::format("::{}::{}", name_space, found->cpp);
            type.is_binary = type.is_view = true;
            type.enum_sql = type.sql;
        } else if (kind == "c" || id == pg::type::record) {
            type.is_binary = type.is_readable = false;
        } else if (const auto base = static_cast<pg::TypeId>(row.integer("base")); base != 0) {
            // Domains come last, and the server tells of a result the type below them.
            type = of(base);
            type.id = id;
            type.sql = row.string("sql");
        } else if (const auto element = static_cast<pg::TypeId>(row.integer("element"));
                   element != 0) {
            const auto& one = of(element);
            type.is_array = true;
            const bool is_enum = std::ranges::find(enums_, element, &Enum::id) != enums_.end();
            if (is_enum || pg::element_of(id) != pg::type::unknown) {
                type.cpp = fmt::format("std::vector<{}>", one.cpp);
                type.is_binary = true;
            }
            type.is_readable = one.is_readable;
        }
        types_[id] = std::move(type);
    }
}

void Types::add_enums(pg::Connection& connection) {
    // Types of every repository, which would hide them there.
    DistinctNames names({"Row", "Key", "New", "Changes", "Cursor"});
    DistinctNames functions;
    DistinctNames enumerators;
    for (const auto& row : connection.query(enums_sql)) {
        const auto id = static_cast<pg::TypeId>(row.integer("id"));
        if (enums_.empty() || enums_.back().id != id) {
            const auto schema = row.string("schema");
            auto name = camel_case(identifier(row.string("name")));
            if (schema != "public") {
                name = camel_case(identifier(schema)) + name;
            }
            name = names.name(name);
            // `AB` and `Ab` differ, and their functions would not.
            const auto from = functions.name(snake_case(name) + "_from");
            enums_.push_back(
                {id, schema, row.string("name"), name, from, row.string("doc"), {}, {}});
            enumerators = {};
        }
        enums_.back().labels.push_back(row.string("label"));
        enums_.back().enumerators.push_back(enumerators.name(identifier(row.string("label"))));
    }
}

const Type& Types::of(pg::TypeId id) const {
    static const Type unknown{.cpp = "std::string", .is_binary = false};
    const auto found = types_.find(id);
    return found == types_.end() ? unknown : found->second;
}

}  // namespace caisson::queries
