// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/tracking.h"

#include <algorithm>

namespace caisson::scale {

std::vector<trust::CatalogueStep> catalogue_steps() {
    return {{28, "synthetic rows", R"sql(
create table caisson.seed_scale_sources (
    id       bigint generated always as identity primary key,
    checksum text not null unique,
    text     text not null,
    lists    jsonb not null,
    inputs   jsonb not null,
    factor   double precision not null
);
comment on table caisson.seed_scale_sources is 'Files that synthetic rows were made from, as they were then';
comment on column caisson.seed_scale_sources.inputs is
    'Rows of other tables that were referred to, frozen when they were first needed';
create table caisson.seed_scale_tables (
    id           bigint generated always as identity primary key,
    table_schema text not null,
    table_name   text not null,
    source       bigint not null references caisson.seed_scale_sources,
    digest       text not null,
    generation   integer not null,
    rows         bigint not null,
    key_columns  text[] not null,
    server       text not null,
    database_oid text not null,
    begun_at     timestamptz not null default now(),
    finished_at  timestamptz,
    applied_by   text not null default session_user,
    unique (table_schema, table_name)
);
comment on table caisson.seed_scale_tables is 'Tables with synthetic rows: caisson seed scale';
comment on column caisson.seed_scale_tables.digest is
    'SHA-256 of what the rows follow from: declarations, seed, factor, lists';
comment on column caisson.seed_scale_tables.server is
    'System identifier and, beside it, the database''s OID: where the transactions of its chunks mean something';
create table caisson.seed_scale_chunks (
    scale        bigint not null references caisson.seed_scale_tables on delete cascade,
    first_row    bigint not null,
    rows         bigint not null check (rows > 0),
    transactions xid8[] not null,
    runs         xid8[] not null,
    times        timestamptz[] not null,
    cleared      boolean not null default false,
    primary key (scale, first_row)
);
comment on table caisson.seed_scale_chunks is
    'Rows of the file, from a number on, that are there; written in the transaction that wrote them';
comment on column caisson.seed_scale_chunks.transactions is
    'Who wrote them: a row with this xmin was not touched since';
comment on column caisson.seed_scale_chunks.runs is
    'By transaction: the run that it belonged to, as the transaction with which that began';
comment on column caisson.seed_scale_chunks.cleared is 'Taken back, but for rows that had to stay'
)sql"}};
}

std::uint64_t Recorded::there() const {
    std::uint64_t sum = 0;
    for (const auto& chunk : chunks) {
        sum += chunk.cleared ? 0 : chunk.rows;
    }
    return sum;
}

bool is_tracked(pg::Connection& connection) {
    return connection.query("select to_regclass('caisson.seed_scale_chunks') is not null as there")
        .front()
        .boolean("there");
}

void require_tracking(pg::Connection& connection) {
    if (!is_tracked(connection)) {
        throw Error(Code::database_rejected,
                    "the database has no tables to track synthetic rows in "
                    "(caisson.seed_scale_tables)",
                    "install them: caisson provision");
    }
}

std::vector<Recorded> recorded_tables(pg::Connection& connection) {
    std::vector<Recorded> tables;
    const auto rows = connection.query(
        "select t.*, s.factor, array_to_string(t.key_columns, chr(31)) as key, "
        "  to_char(t.begun_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as begun, "
        "  coalesce(to_char(t.finished_at at time zone 'UTC', "
        "                   'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), '') as finished "
        "  from caisson.seed_scale_tables t join caisson.seed_scale_sources s on s.id = t.source "
        " order by t.id");
    for (const auto row : rows) {
        Recorded table;
        table.id = row.integer("id");
        table.table = {row.string("table_schema"), row.string("table_name")};
        table.source = row.integer("source");
        table.digest = row.string("digest");
        table.generation = static_cast<int>(row.integer("generation"));
        table.rows = static_cast<std::uint64_t>(row.integer("rows"));
        table.factor = row.real("factor");
        table.key = seeds::list_of(row.text("key"));
        table.begun_at = row.string("begun");
        table.finished_at = row.string("finished");
        table.applied_by = row.string("applied_by");
        tables.push_back(std::move(table));
    }
    const auto chunks = connection.query(
        "select scale, first_row, rows, cleared from caisson.seed_scale_chunks order by 1, 2");
    for (const auto row : chunks) {
        const auto owner = std::find_if(tables.begin(), tables.end(), [&](const Recorded& table) {
            return table.id == row.integer("scale");
        });
        if (owner != tables.end()) {
            owner->chunks.push_back({static_cast<std::uint64_t>(row.integer("first_row")),
                                     static_cast<std::uint64_t>(row.integer("rows")),
                                     row.boolean("cleared")});
        }
    }
    return tables;
}

std::unique_ptr<const Source> recorded_source(pg::Connection& connection, std::int64_t id) {
    const auto row = connection
                         .query(
                             "select text, lists::text as lists, inputs::text as inputs, factor "
                             "  from caisson.seed_scale_sources where id = $1",
                             {id})
                         .front();
    const File file{"scale.toml as it was applied", row.string("text"),
                    lists_of(row.string("lists"))};
    return understand(file, row.real("factor"), inputs_of(row.string("inputs")));
}

Inputs recorded_inputs(pg::Connection& connection) {
    Inputs inputs;
    for (const auto row : connection.query(
             "select inputs::text as inputs from caisson.seed_scale_sources order by id")) {
        inputs.merge(inputs_of(row.string("inputs")));
    }
    return inputs;
}

void settle_tracking(pg::Connection& connection) {
    // Whoever writes a chunk holds its table's row by the foreign key. Two statements: the second
    // one sees what was committed while the first one waited.
    connection.query("select id from caisson.seed_scale_tables for update");
    connection.query(
        "delete from caisson.seed_scale_tables t "
        " where not exists (select from caisson.seed_scale_chunks c where c.scale = t.id)");
    connection.query(
        "delete from caisson.seed_scale_sources s "
        " where not exists (select from caisson.seed_scale_tables t where t.source = s.id)");
}

std::int64_t record_source(pg::Connection& connection, const Source& source) {
    const auto inputs = text_of(source.inputs);
    return connection
        .query(
            "insert into caisson.seed_scale_sources (checksum, text, lists, inputs, factor) "
            "values ($1, $2, $3, $4, $5) "
            "on conflict (checksum) do update set checksum = excluded.checksum returning id",
            {checksum(source.file, source.factor, inputs), source.file.text,
             text_of_lists(source.file), inputs, source.factor})
        .front()
        .integer("id");
}

std::int64_t record_table(pg::Connection& connection, const Layout& layout, std::uint64_t rows,
                          const std::string& digest, std::int64_t source) {
    return connection
        .query(
            "insert into caisson.seed_scale_tables "
            "  (table_schema, table_name, source, digest, generation, rows, key_columns, server, "
            "   database_oid) "
            "select $1, $2, $3, $4, $5, $6, $7::text[], "
            "       (select system_identifier::text from pg_control_system()), "
            "       (select oid::text from pg_database where datname = current_database()) "
            "returning id",
            {layout.name.schema, layout.name.name, source, digest, generation, rows,
             seeds::array_literal(layout.key)})
        .front()
        .integer("id");
}

void record_chunk(pg::Connection& connection, std::int64_t table, const std::string& run,
                  const Chunk& chunk) {
    if (chunk.cleared) {
        connection.query(
            "update caisson.seed_scale_chunks "
            "   set transactions = transactions || pg_current_xact_id(), times = times || now(), "
            "       runs = runs || $3::xid8, cleared = false "
            " where scale = $1 and first_row = $2",
            {table, chunk.first, run});
    } else {
        connection.query(
            "insert into caisson.seed_scale_chunks "
            "  (scale, first_row, rows, transactions, runs, times) "
            "values ($1, $2, $3, array[pg_current_xact_id()], array[$4::xid8], array[now()])",
            {table, chunk.first, chunk.rows, run});
    }
}

bool is_taken(const pg::DatabaseError& error) {
    return error.sqlstate == pg::sqlstate::unique_violation && error.schema == "caisson" &&
           error.table == "seed_scale_chunks";
}

void record_finish(pg::Connection& connection, std::int64_t table) {
    connection.query(
        "update caisson.seed_scale_tables set finished_at = now() "
        " where id = $1 and finished_at is null",
        {table});
}

}  // namespace caisson::scale
