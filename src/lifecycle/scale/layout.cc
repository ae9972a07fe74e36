// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/layout.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::scale {
namespace {

constexpr const char* columns_statement = R"sql(
with recursive base(attnum, type, typmod) as (
    select a.attnum, a.atttypid, a.atttypmod
      from pg_catalog.pg_attribute a
     where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
    union all
    select b.attnum, t.typbasetype, t.typtypmod
      from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd'
)
select a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
       case when t.typtype = 'e' then 'enum' else t.typname end as base,
       t.typcategory = 'A' as is_array, t.typelem::text as element,
       coalesce(case when e.typtype = 'e' then 'enum' else e.typname end, '') as element_base
  from base b
  join pg_catalog.pg_attribute a on a.attrelid = $1::oid and a.attnum = b.attnum
  join pg_catalog.pg_type t on t.oid = b.type and t.typtype <> 'd'
  left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
 order by a.attnum
)sql";

const std::map<std::string, Type, std::less<>>& types() {
    static const std::map<std::string, Type, std::less<>> known = {
        {"bool", Type::boolean},
        {"int2", Type::int2},
        {"int4", Type::int4},
        {"int8", Type::int8},
        {"float4", Type::float4},
        {"float8", Type::float8},
        {"numeric", Type::numeric},
        {"text", Type::text},
        {"varchar", Type::text},
        {"bpchar", Type::text},
        {"name", Type::text},
        {"citext", Type::text},
        {"json", Type::text},
        {"xml", Type::text},
        {"enum", Type::text},
        {"jsonb", Type::jsonb},
        {"uuid", Type::uuid},
        {"bytea", Type::bytea},
        {"date", Type::date},
        {"timestamp", Type::timestamp},
        {"timestamptz", Type::timestamptz},
        {"inet", Type::inet},
        {"cidr", Type::cidr},
        {"vector", Type::vector}};
    return known;
}

std::optional<ColumnType> type_of(const pg::Row& row) {
    ColumnType type;
    type.name = row.string("type");
    if (row.boolean("is_array")) {
        const auto element = types().find(row.string("element_base"));
        if (element == types().end() || element->second != Type::text) {
            return std::nullopt;
        }
        type.type = Type::array;
        type.element = static_cast<std::uint32_t>(std::stoul(row.string("element")));
        return type;
    }
    const auto found = types().find(row.string("base"));
    if (found == types().end()) {
        return std::nullopt;
    }
    type.type = found->second;
    return type;
}

class LayingOut {
 public:
    LayingOut(pg::Connection& connection, const Model& model, const seeds::Target& target,
              seeds::Mistakes& mistakes)
        : connection_(connection), model_(model), target_(target), mistakes_(mistakes) {}

    std::vector<Layout> run() {
        std::vector<Layout> layouts;
        for (std::size_t i = 0; i < model_.tables.size(); ++i) {
            layouts.push_back(lay_out(i));
        }
        return layouts;
    }

 private:
    Layout lay_out(std::size_t number) {
        const auto& table = model_.tables[number];
        Layout layout;
        layout.table = number;
        layout.name = table.name;
        const auto* const there = target_.table(table.name);
        if (!there || (there->kind != "r" && there->kind != "p")) {
            const auto near = nearest(table.name.text(), seeds::table_names(connection_));
            mistakes_.add(table.place,
                          fmt::format("the database has no table {}{}", table.name.text(),
                                      near.empty() ? "" : "; did you mean " + near + "?"));
            return layout;
        }
        const auto known = read_columns(connection_, there->oid);
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (table.columns[i].stored) {
                add_field(layout, i, *there, known);
            }
        }
        check_missing(layout, *there);
        choose_key(layout, *there);
        return layout;
    }

    void add_field(Layout& layout, std::size_t number, const seeds::Table& there,
                   const std::vector<KnownColumn>& known) {
        const auto& column = model_.tables[layout.table].columns[number];
        const auto found = std::find_if(known.begin(), known.end(), [&](const KnownColumn& one) {
            return one.name == column.name;
        });
        if (found == known.end()) {
            const auto near = nearest(column.name, there.column_names());
            mistakes_.add(
                column.place,
                fmt::format("the table {} has no column {}{}", layout.name.text(), column.name,
                            near.empty() ? "" : "; did you mean " + near + "?"));
            return;
        }
        if (there.column(column.name)->generated) {
            mistakes_.add(column.place, fmt::format("{} is generated by the database; leave it out",
                                                    column.name));
            return;
        }
        if (!found->type) {
            mistakes_.add(column.place, fmt::format("{} has the type {}, which cannot be made; "
                                                    "leave it to its default",
                                                    column.name, found->type_name));
            return;
        }
        layout.fields.push_back({number, column.name, *found->type});
    }

    void check_missing(const Layout& layout, const seeds::Table& there) {
        for (const auto& column : there.columns) {
            const bool needed = column.not_null && column.fallback == "null" && !column.generated;
            if (needed && !model_.tables[layout.table].column(column.name)) {
                mistakes_.add(model_.tables[layout.table].place,
                              fmt::format("{}.{} must have a value, and the file makes none",
                                          layout.name.text(), column.name));
            }
        }
    }

    void choose_key(Layout& layout, const seeds::Table& there) {
        for (const auto& key : there.keys) {
            const bool given =
                std::all_of(key.columns.begin(), key.columns.end(), [&](const std::string& column) {
                    return model_.tables[layout.table].column(column).has_value();
                });
            if ((key.primary || key.not_null) && given) {
                layout.key = key.columns;
                return;
            }
        }
        mistakes_.add(model_.tables[layout.table].place,
                      fmt::format("the file gives no key of {}: rows could not be found again; "
                                  "expected its primary key, or a unique key that allows no NULL",
                                  layout.name.text()));
    }

    pg::Connection& connection_;
    const Model& model_;
    const seeds::Target& target_;
    seeds::Mistakes& mistakes_;
};

}  // namespace

std::string Layout::copy_statement() const {
    std::vector<std::string> names;
    for (const auto& field : fields) {
        names.push_back(field.name);
    }
    return fmt::format("copy {} ({}) from stdin (format binary)", name.quoted(),
                       pg::identifiers(names));
}

const Field* Layout::field(const std::string& wanted) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& one) { return one.name == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

std::vector<KnownColumn> read_columns(pg::Connection& connection, const std::string& oid) {
    std::vector<KnownColumn> columns;
    for (const auto row : connection.query(columns_statement, {oid})) {
        columns.push_back({row.string("name"), row.string("type"), type_of(row)});
    }
    return columns;
}

std::vector<Layout> lay_out(pg::Connection& connection, const Model& model,
                            const seeds::Target& target, seeds::Mistakes& mistakes) {
    return LayingOut(connection, model, target, mistakes).run();
}

}  // namespace caisson::scale
