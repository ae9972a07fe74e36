// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Synthetic rows by the million, from seeds/scale.toml: what a platform is like with a million
/// customers can be tried. Flow: load() reads the file; plan() compares it with the database;
/// apply() makes the rows and sends them by COPY, chunk by chunk, each with a row of tracking in
/// the same transaction; claims() hands them to seeds::clear(). Every row follows from the file and
/// its number alone: the same seed gives the same bytes.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"
#include "lifecycle/seeds/seeds.h"
#include "platform/platform.h"
#include "trust/catalogue.h"

namespace caisson::scale {

/// scale.toml of one database, with the lists it names.
struct File {
    std::string shown;  ///< `seeds/scale.toml`: for places.
    std::string text;
    std::map<std::string, std::string> lists;  ///< By name as written: `scale/industries.csv`.
};
/// `seeds/scale/KEY.toml`; for the first database also `seeds/scale.toml`. Nothing where there is
/// none. Errors: seed_invalid, whose message lists every mistake with file, line and column.
std::optional<File> load(const platform::Manifest& manifest, const platform::Database& database);

struct Options {
    bool is_protected = false;        ///< Of the environment: synthetic rows are then refused.
    double factor = 1;                ///< 0.01 to 10: times the rows that the file says.
    std::vector<std::string> tables;  ///< Only these, and what they refer to; empty: all.
    std::size_t connections = 2;      ///< Tables that do not wait for one another go side by side.
    std::chrono::milliseconds wait{60'000};  ///< For another run that holds the lock of seeds.
    /// Called when rows are there for good; `table` as people write it. From any thread, one at a
    /// time.
    std::function<void(const std::string& table, std::uint64_t rows)> made = {};
    /// A connection as the owner of the tables: their statistics are brought up to date and their
    /// sequences advanced as it, because service may not. Asked for and used by one thread at a
    /// time. Without it this is left undone, and said.
    std::function<pg::Connection&()> owner = {};
};

/// Errors: protected_environment; usage for a factor out of bounds.
void check(const Options& options);

/// How one table stands to the file.
struct TablePlan {
    std::string table;
    std::uint64_t rows = 0;   ///< That it has when all is done.
    std::uint64_t there = 0;  ///< Of these, made by earlier runs.
    /// Estimated from a sample of rows, for those still to be made: what is sent, and what the
    /// table grows by without its indexes.
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_stored = 0;
    std::vector<std::string> columns;  ///< That are given.
    std::vector<std::string> after;    ///< Tables of the file that must be whole before.
};
struct Plan {
    std::vector<TablePlan> tables;  ///< Parents first.
    std::uint64_t missing() const;
};
/// Reads the database only. Errors: seed_invalid, listing every table and column that is not there
/// or cannot be made; protected_environment; database_rejected where rows are there that another
/// file, factor or version made.
Plan plan(pg::Connection& connection, const File& file, const Options& options);

struct TableReport {
    std::string table;
    std::uint64_t rows = 0;
    std::uint64_t made = 0;  ///< In this run.
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds duration{0};
    std::vector<std::string> notes;  ///< What was left undone.
};
struct Report {
    std::vector<TableReport> tables;
    std::uint64_t made() const;
};
/// Makes what is missing. `connect` opens a connection as service; its role needs what
/// seeds::apply() needs. Interrupted anywhere, the next run makes the rest, and nothing twice.
/// Errors: as plan(); seed_failed with the column, or with the row that was refused; locked.
Report apply(const std::function<pg::Connection()>& connect, const File& file,
             const Options& options);

/// Where the file of a database is read from: `seeds/scale/KEY.toml`, or of the first database
/// `seeds/scale.toml` where that is there or nothing is.
std::string file_name(const platform::Manifest& manifest, const platform::Database& database);

/// What the database knows of one table of synthetic rows.
struct Presence {
    std::string table;
    std::uint64_t rows = 0;
    std::uint64_t there = 0;
    double factor = 1;
    std::string begun_at;     ///< RFC 3339, UTC.
    std::string finished_at;  ///< Empty: not whole, or partly cleared.
    std::string applied_by;
};
std::vector<Presence> info(pg::Connection& connection);

/// Everything that was made, for seeds::clear(): a row goes when it was made by us and nobody has
/// changed it since.
std::vector<seeds::Claim> claims(pg::Connection& connection);

/// The tables that tracking lives in. Number 28 is ours.
std::vector<trust::CatalogueStep> catalogue_steps();

}  // namespace caisson::scale
