// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/blame.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson::seeds {
namespace {

bool gives(const File& file, const std::string& column) {
    return std::any_of(file.columns.begin(), file.columns.end(),
                       [&](const auto& given) { return given.column == column; });
}

/// The column of the file that a constraint speaks of first; empty when it is of none.
std::string column_of(pg::Connection& connection, const pg::DatabaseError& error,
                      const Stage& stage) {
    if (!error.column.empty()) {
        return error.column;
    }
    const auto rows = connection.query(
        "select a.attname as name from pg_catalog.pg_constraint k "
        "  join lateral unnest(k.conkey) with ordinality u(number, place) on true "
        "  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number "
        " where k.conrelid = $1::oid and k.conname = $2 order by u.place",
        {stage.table->oid, error.constraint});
    for (const auto row : rows) {
        if (gives(*stage.file, row.string("name"))) {
            return row.string("name");
        }
    }
    return {};
}

/// The first record that would still be refused, looked for by halving.
std::size_t first_refused(pg::Connection& connection, std::size_t records,
                          const std::function<void(std::size_t)>& write) {
    std::size_t fine = 0;
    std::size_t refused = records;
    while (refused - fine > 1) {
        const auto middle = fine + (refused - fine) / 2;
        connection.query("savepoint \"caisson:try\"");
        try {
            write(middle);
            fine = middle;
        } catch (const pg::DatabaseError& error) {
            if (error.code() != Code::database_rejected || is_passing(error)) {
                throw;
            }
            refused = middle;
        }
        connection.query("rollback to savepoint \"caisson:try\"");
    }
    return refused;
}

}  // namespace

bool is_passing(const pg::DatabaseError& error) { return error.is("40001") || error.is("40P01"); }

Error refused(const pg::DatabaseError& error, const File& file, const Place& place) {
    std::string message = error.message();
    // "Failing row contains (…)" repeats the whole row; the place says which one it is.
    if (!error.detail.empty() && !error.is("23502") && !error.is("23514")) {
        message += fmt::format(" ({})", error.detail);
    }
    Error failed(Code::seed_failed, message,
                 "nothing of this run was kept; mend the place named and run the same command "
                 "again");
    failed.at(place).with("file", file.shown).with("sqlstate", error.sqlstate);
    failed.with("table", error.table).with("constraint", error.constraint);
    return failed;
}

std::optional<Place> find_orphan(pg::Connection& connection, const pg::DatabaseError& error,
                                 const Stage& stage, const Target& target) {
    const auto key = std::find_if(
        target.foreign_keys.begin(), target.foreign_keys.end(), [&](const auto& known) {
            return known.name == error.constraint && known.child == stage.table->name &&
                   known.child.name == error.table && known.child.schema == error.schema;
        });
    if (key == target.foreign_keys.end()) {
        return std::nullopt;
    }
    std::string given;
    std::string equal;
    for (std::size_t i = 0; i < key->child_columns.size(); ++i) {
        if (!gives(*stage.file, key->child_columns[i])) {
            return std::nullopt;
        }
        const auto child = pg::identifier(key->child_columns[i]);
        given += fmt::format(" and s.{} is not null", child);
        equal += fmt::format("{}x.{} = s.{}", equal.empty() ? "" : " and ",
                             pg::identifier(key->parent_columns[i]), child);
    }
    std::string also_own;
    if (key->child == key->parent &&
        std::all_of(key->parent_columns.begin(), key->parent_columns.end(),
                    [&](const auto& column) { return gives(*stage.file, column); })) {
        also_own = fmt::format(" and not exists (select from {} x where {})", stage.rows, equal);
    }
    const auto rows = connection.query(fmt::format(
        "select s.{0} as record from {1} s join {2} p using ({0}) "
        " where p.action in ('insert', 'update'){3} "
        "   and not exists (select from {4} x where {5}){6} order by 1 limit 1",
        record_column, stage.rows, stage.plan, given, key->parent.quoted(), equal, also_own));
    if (rows.empty()) {
        return std::nullopt;
    }
    return place_of(*stage.file, static_cast<std::size_t>(rows.front().integer("record")),
                    key->child_columns.front());
}

Place find_culprit(pg::Connection& connection, const pg::DatabaseError& error, const Stage& stage,
                   const Target& target, std::size_t records,
                   const std::function<void(std::size_t)>& write) {
    if (error.is(pg::sqlstate::insufficient_privilege) || records == 0) {
        return {stage.file->shown};
    }
    if (error.is(pg::sqlstate::foreign_key_violation)) {
        if (const auto place = find_orphan(connection, error, stage, target)) {
            return *place;
        }
    }
    const auto record = first_refused(connection, records, write);
    return place_of(*stage.file, record, column_of(connection, error, stage));
}

}  // namespace caisson::seeds
