// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// caisson.seed_files, seed_shapes and seed_rows: which rows were seeded, by which file, and a
/// digest of what they were. Of the rows themselves only the key is kept.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/seeds/seeds.h"
#include "lifecycle/seeds/target.h"

namespace caisson::seeds {

/// How rows of a table were tracked at some time: known by these columns, digest over those.
struct Shape {
    std::int64_t id = 0;
    pg::QualifiedName table;
    std::vector<std::string> key;
    std::vector<std::string> columns;
};

struct Recorded {
    std::int64_t id = 0;
    Set set = Set::reference;
    std::string name;
    std::string checksum;  ///< Empty once rows of it were cleared: it is then to be applied again.
    std::string definition;
    std::string applied_at;
    std::string applied_by;
};

/// Whether the database has the tables of tracking.
bool is_tracked(pg::Connection& connection);
/// Errors: database_rejected, with the way to install them.
void require_tracking(pg::Connection& connection);

std::vector<Recorded> recorded_files(pg::Connection& connection);
std::vector<Shape> recorded_shapes(pg::Connection& connection);
/// The shape that rows of this table get today, stored when it is new.
Shape present_shape(pg::Connection& connection, const Table& table, const UniqueKey& key);
/// Stores that a file was applied as it is, and gives its number.
std::int64_t record_file(pg::Connection& connection, const File& file);

/// Begins what reads or writes seeds: repeatable read, and settings that make the text of values
/// the same everywhere. `public` is at least at the end of the search path. To be called again
/// after a script that may have changed them.
constexpr const char* begin_statement = "begin isolation level repeatable read";
void settle_session(pg::Connection& connection);

/// The alias that the table has in the expressions below; a column of that name is unlikely.
constexpr const char* row_alias = "\"caisson:row\"";
/// SQL of the digest of a row over the shape's columns. All of them must exist in `table`.
std::string digest(const Table& table, const Shape& shape);
/// SQL of the key of a row as jsonb.
std::string key_of_row(const Shape& shape);
/// Whether the rows of this shape can still be compared with the table.
enum class Comparable {
    yes,
    key_only,  ///< A column of the digest is gone: found, but not compared.
    no,        ///< The table or a column of the key is gone.
};
Comparable comparable(const Table* table, const Shape& shape);
/// `caisson.seed_rows r … left join TABLE as row_alias` for the rows of this shape: the table's
/// columns are NULL, its ctid too, where the row is missing.
std::string from_tracked(const Table& table, const Shape& shape);

/// The columns whose NULL or change is compared: all but generated ones.
std::vector<std::string> stored_columns(const Table& table);

/// How rows of a file stand in one table.
struct State {
    Shape shape;
    std::uint64_t tracked = 0;
    std::uint64_t present = 0;
    std::uint64_t changed = 0;
    std::uint64_t missing = 0;
    std::uint64_t left = 0;
    std::uint64_t found = 0;
    bool stale = false;  ///< Not comparable, or only by key.
};
/// One for each shape that rows of the file have.
std::vector<State> states_of(pg::Connection& connection, std::int64_t file,
                             const std::vector<Shape>& shapes, const Target& target);
/// The first `limit` keys of the file's rows of this shape that are changed or missing.
std::vector<RowNote> odd_rows(pg::Connection& connection, std::int64_t file, const State& state,
                              const Target& target, std::size_t limit);

}  // namespace caisson::seeds
