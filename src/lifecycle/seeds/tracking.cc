// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/tracking.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::seeds {

bool is_tracked(pg::Connection& connection) {
    return connection
        .query(
            "select to_regclass('caisson.seed_files') is not null and "
            "       to_regclass('caisson.seed_rows') is not null as there")
        .front()
        .boolean("there");
}

void require_tracking(pg::Connection& connection) {
    if (!is_tracked(connection)) {
        throw Error(Code::database_rejected,
                    "the database has no tables to track seeds in (caisson.seed_files)",
                    "install them: caisson provision");
    }
}

std::vector<Recorded> recorded_files(pg::Connection& connection) {
    std::vector<Recorded> files;
    const auto rows = connection.query(
        "select id, set_name, name, checksum, definition, applied_by, "
        "       to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at "
        "  from caisson.seed_files order by set_name, name");
    for (const auto row : rows) {
        files.push_back({row.integer("id"), set_named(row.string("set_name")), row.string("name"),
                         row.string("checksum"), row.string("definition"), row.string("at"),
                         row.string("applied_by")});
    }
    return files;
}

std::vector<Shape> recorded_shapes(pg::Connection& connection) {
    std::vector<Shape> shapes;
    const auto rows = connection.query(
        "select id, table_schema, table_name, array_to_string(key_columns, chr(31)) as key, "
        "       array_to_string(columns, chr(31)) as columns "
        "  from caisson.seed_shapes order by table_schema, table_name, id");
    for (const auto row : rows) {
        shapes.push_back({row.integer("id"),
                          {row.string("table_schema"), row.string("table_name")},
                          list_of(row.text("key")),
                          list_of(row.text("columns"))});
    }
    return shapes;
}

Shape present_shape(pg::Connection& connection, const Table& table, const UniqueKey& key) {
    Shape shape{0, table.name, key.columns, stored_columns(table)};
    const pg::Parameters parameters = {table.name.schema, table.name.name, array_literal(shape.key),
                                       array_literal(shape.columns)};
    const auto find = [&] {
        return connection.query(
            "select id from caisson.seed_shapes where table_schema = $1 and table_name = $2 "
            "   and key_columns = $3::text[] and columns = $4::text[]",
            parameters);
    };
    auto found = find();
    if (found.empty()) {
        found = connection.query(
            "insert into caisson.seed_shapes (table_schema, table_name, key_columns, columns) "
            "values ($1, $2, $3::text[], $4::text[]) returning id",
            parameters);
    }
    shape.id = found.front().integer("id");
    return shape;
}

std::int64_t record_file(pg::Connection& connection, const File& file) {
    return connection
        .query(
            "insert into caisson.seed_files (set_name, name, checksum, definition) "
            "values ($1, $2, $3, $4) on conflict (name) do update "
            "   set checksum = excluded.checksum, definition = excluded.definition, "
            "       applied_at = now(), applied_by = session_user returning id",
            {name_of(file.set), file.name, file.checksum, file.definition})
        .front()
        .integer("id");
}

void settle_session(pg::Connection& connection) {
    // Whole files are joined and sorted: with the default of 4 MB everything would go to disk.
    // row_security off: a policy that hides rows from us must be an error, not a wrong answer.
    connection.script(
        "set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; "
        "set local intervalstyle = 'postgres'; set local extra_float_digits = 1; "
        "set local bytea_output = 'hex'; set local xmloption = 'content'; "
        "set local lc_monetary = 'C'; set local standard_conforming_strings = on; "
        "set local row_security = off; set local work_mem = '64MB'; set local jit = off; "
        "select pg_catalog.set_config('search_path', "
        "  case when pg_catalog.current_setting('search_path') in ('', '\"\"') then 'public' "
        "       else pg_catalog.current_setting('search_path') || ', public' end, true) "
        " where 'public' <> all (pg_catalog.current_schemas(false)) "
        "   and pg_catalog.to_regnamespace('public') is not null");
}

std::vector<std::string> stored_columns(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        if (!column.generated) {
            names.push_back(column.name);
        }
    }
    return names;
}

std::string digest(const Table& table, const Shape& shape) {
    std::vector<std::string> others;
    for (const auto& name : table.column_names()) {
        if (std::find(shape.columns.begin(), shape.columns.end(), name) == shape.columns.end()) {
            others.push_back(name);
        }
    }
    return fmt::format(
        "pg_catalog.sha256(pg_catalog.convert_to((pg_catalog.to_jsonb({}){})::text, 'UTF8'))",
        row_alias,
        others.empty() ? "" : fmt::format(" - {}::text[]", pg::literal(array_literal(others))));
}

std::string key_of_row(const Shape& shape) {
    std::string pairs;
    for (const auto& column : shape.key) {
        pairs += fmt::format("{}{}, {}.{}", pairs.empty() ? "" : ", ", pg::literal(column),
                             row_alias, pg::identifier(column));
    }
    return fmt::format("pg_catalog.jsonb_build_object({})", pairs);
}

Comparable comparable(const Table* table, const Shape& shape) {
    const auto has = [&](const std::string& column) { return table->column(column) != nullptr; };
    if (!table || !std::all_of(shape.key.begin(), shape.key.end(), has)) {
        return Comparable::no;
    }
    return std::all_of(shape.columns.begin(), shape.columns.end(), has) ? Comparable::yes
                                                                        : Comparable::key_only;
}

std::string from_tracked(const Table& table, const Shape& shape) {
    std::string definition;
    std::string condition;
    for (const auto& name : shape.key) {
        const auto* const column = table.column(name);
        const auto quoted = pg::identifier(name);
        definition += fmt::format("{}{} {}{}", definition.empty() ? "" : ", ", quoted, column->type,
                                  column->collation.empty() ? "" : " collate " + column->collation);
        condition += fmt::format("{}{}.{} = k.{}", condition.empty() ? "" : " and ", row_alias,
                                 quoted, quoted);
    }
    return fmt::format(
        "(select * from caisson.seed_rows where shape = {}) r "
        "cross join lateral pg_catalog.jsonb_to_record(r.key) as k({}) "
        "left join {} as {} on {}",
        shape.id, definition, table.name.quoted(), row_alias, condition);
}

namespace {

State state_of(pg::Connection& connection, std::int64_t file, const Shape& shape,
               const Table* table) {
    State state;
    state.shape = shape;
    const auto kind = comparable(table, shape);
    state.stale = kind != Comparable::yes;
    const auto row =
        kind == Comparable::no
            ? connection.query(
                  "select count(*) as tracked, 0 as there, 0 as intact, "
                  "       count(*) filter (where source is not null) as missing, "
                  "       count(*) filter (where source is null) as gone, "
                  "       count(*) filter (where not inserted) as found "
                  "  from caisson.seed_rows where shape = $1 and file = $2",
                  {shape.id, file})
            : connection.query(
                  fmt::format(
                      "select count(*) as tracked, "
                      "       count(*) filter (where {0}.ctid is not null) as there, "
                      "       count(*) filter (where {1}) as intact, "
                      "       count(*) filter (where {0}.ctid is null and r.source is not null) "
                      "           as missing, "
                      "       count(*) filter (where r.source is null) as gone, "
                      "       count(*) filter (where not r.inserted) as found "
                      "  from {2} where r.file = $1",
                      row_alias,
                      kind == Comparable::yes ? fmt::format("{}.ctid is not null and {} = r.digest",
                                                            row_alias, digest(*table, shape))
                                              : "false",
                      from_tracked(*table, shape)),
                  {file});
    const auto number = [&](std::string_view name) {
        return static_cast<std::uint64_t>(row.front().integer(name));
    };
    state.tracked = number("tracked");
    state.present = number("intact");
    state.changed = number("there") - number("intact");
    state.missing = number("missing");
    state.left = number("gone");
    state.found = number("found");
    return state;
}

}  // namespace

std::vector<State> states_of(pg::Connection& connection, std::int64_t file,
                             const std::vector<Shape>& shapes, const Target& target) {
    const auto used = connection.query(
        "select id from caisson.seed_shapes s "
        " where exists (select from caisson.seed_rows r where r.shape = s.id and r.file = $1)",
        {file});
    std::vector<State> states;
    for (const auto row : used) {
        const auto shape = std::find_if(shapes.begin(), shapes.end(), [&](const auto& known) {
            return known.id == row.integer("id");
        });
        if (shape != shapes.end()) {
            states.push_back(state_of(connection, file, *shape, target.table(shape->table)));
        }
    }
    return states;
}

std::vector<RowNote> odd_rows(pg::Connection& connection, std::int64_t file, const State& state,
                              const Target& target, std::size_t limit) {
    const auto* const table = target.table(state.shape.table);
    const auto kind = comparable(table, state.shape);
    if (kind == Comparable::no || state.changed + state.missing == 0) {
        return {};
    }
    const auto changed =
        kind == Comparable::yes ? digest(*table, state.shape) + " <> r.digest" : "true";
    const auto rows = connection.query(
        fmt::format("select r.key::text as key, {0}.ctid is null as missing from {1} "
                    " where r.file = $1 and (({0}.ctid is null and r.source is not null) "
                    "       or ({0}.ctid is not null and {2})) order by r.key limit {3}",
                    row_alias, from_tracked(*table, state.shape), changed, limit),
        {file});
    std::vector<RowNote> notes;
    for (const auto row : rows) {
        notes.push_back({state.shape.table.text(), row.string("key"),
                         row.boolean("missing")    ? "missing"
                         : kind == Comparable::yes ? "changed since it was seeded"
                                                   : "a column of it is gone since; it cannot be "
                                                     "told whether it was changed"});
    }
    return notes;
}

}  // namespace caisson::seeds
