// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/structure.h"

#include "base/error.h"

namespace caisson::schema {

trust::CatalogueStep structure_step() {
    return {30, "structure", R"sql(
create table caisson.structure (
    only_row     boolean primary key default true check (only_row),
    head         text not null,
    server_major integer not null,
    recorded_at  timestamptz not null default now(),
    recorded_by  text not null default session_user,
    hash         text not null,
    snapshot     text not null
);
comment on table caisson.structure is 'The structure that the migrations led to: what verification expects'
)sql"};
}

Structure record(pg::Connection& connection, const std::string& head) {
    Structure structure;
    structure.head = head;
    structure.server_major = connection.server_version() / 10000;
    structure.snapshot = snapshot(connection);
    structure.hash = hash(structure.snapshot);
    structure.recorded_at =
        connection
            .query(R"sql(
insert into caisson.structure as s (head, server_major, hash, snapshot) values ($1, $2, $3, $4)
on conflict (only_row) do update
   set head = excluded.head, server_major = excluded.server_major, recorded_at = now(),
       recorded_by = session_user, hash = excluded.hash, snapshot = excluded.snapshot
returning to_char(s.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as recorded_at
)sql",
                   {head, structure.server_major, structure.hash, to_text(structure.snapshot)})
            .front()
            .string("recorded_at");
    return structure;
}

std::optional<std::string> recorded_head(pg::Connection& connection) {
    try {
        // One that knew less is recorded anew.
        const auto rows = connection.query(
            "select head from caisson.structure where snapshot not like 'caisson structure 1%'");
        return rows.empty() ? std::nullopt
                            : std::optional<std::string>(rows.front().string("head"));
    } catch (const pg::DatabaseError& error) {
        if (error.sqlstate == pg::sqlstate::undefined_table) {
            return std::nullopt;
        }
        throw;
    }
}

std::optional<Structure> recorded(pg::Connection& connection) {
    if (!connection.query("select to_regclass('caisson.structure') is not null as there")
             .front()
             .boolean("there")) {
        return std::nullopt;
    }
    const auto rows = connection.query(R"sql(
select head, server_major, hash, snapshot,
       to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as recorded_at
  from caisson.structure
)sql");
    if (rows.empty() || rows.front().text("snapshot").rfind("caisson structure 1\n", 0) == 0) {
        return std::nullopt;
    }
    const auto row = rows.front();
    auto kept = parse(row.text("snapshot"));
    if (hash(kept) != row.text("hash")) {
        throw Error(Code::internal, "caisson.structure does not match its own hash",
                    "somebody changed it; record it anew with: caisson migrate");
    }
    Structure structure;
    structure.head = row.string("head");
    structure.server_major = static_cast<int>(row.integer("server_major"));
    structure.recorded_at = row.string("recorded_at");
    structure.hash = row.string("hash");
    structure.snapshot = std::move(kept);
    return structure;
}

}  // namespace caisson::schema
