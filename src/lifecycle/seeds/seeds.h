// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Seeds: the rows that must be there, as files named after their table, upserted on a key and
/// tracked row by row. Flow: load() reads `seeds/` as values; plan() compares them with the
/// database and finds the order; apply() writes what is missing or new; info() tells what is there;
/// clear() takes back what was seeded and nothing else; script() gives it all as SQL for psql.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"
#include "platform/platform.h"
#include "trust/catalogue.h"

namespace caisson::seeds {

/// `reference` belongs everywhere, `sample` never in a protected environment.
enum class Set { reference, sample };
std::string_view name_of(Set set);
/// Errors: usage, with "did you mean".
Set set_named(const std::string& name);
/// reference everywhere, sample only where the environment is not protected.
std::vector<Set> default_sets(bool is_protected);

enum class Format { sql, csv, json };

/// Where the value of a column comes from: a field of the file, the scalar itself ("$value"), the
/// name of the file ("$file"), the line ("$line").
struct ColumnSource {
    enum class Kind { field, value, file, line };
    std::string column;
    Kind kind = Kind::field;
    std::size_t field = 0;  ///< Index into File::fields.
    Place place;            ///< Of the field's first appearance, or of the mapping in the manifest.
};

/// One file of seeds, read and checked, without its rows.
struct File {
    Set set = Set::reference;
    Format format = Format::csv;
    std::string name;   ///< `sample/kyc_checks.csv`: what tracking calls it, in every database.
    std::string shown;  ///< `seeds/sample/compliance/kyc_checks.csv`: for places.
    fs::path path;
    pg::QualifiedName table;  ///< For SQL only a wish about the order.
    std::string stem;         ///< What "$file" gives.
    std::string checksum;     ///< SHA-256 of normalise_lines().
    std::string definition;  ///< Digest of key and mapping: a change of it is a change of the file.
    std::size_t rows = 0;    ///< Records in it; statements of SQL.
    std::vector<std::string> fields;
    std::vector<ColumnSource> columns;
    std::vector<std::string> key;     ///< As declared; empty: to be found.
    Place key_place;                  ///< Of that declaration.
    std::vector<std::string> writes;  ///< Of SQL: the tables it names as targets, as written.
};

struct Seeds {
    std::vector<Set> sets;  ///< The ones that were looked for.
    std::vector<File> files;
};

/// Reads the files of one database below `<platform>/seeds`. Pure but for reading files.
/// Errors: seed_invalid, whose message lists every mistake with file, line and column.
Seeds load(const platform::Manifest& manifest, const platform::Database& database,
           const std::vector<Set>& sets = {Set::reference, Set::sample});

/// Whether a name of Options::files means this file: its own with or without folders and extension,
/// or its table's.
bool is_called(const File& file, const std::string& wanted);

/// One row, by its key as JSON, with the reason for what was (not) done with it.
struct RowNote {
    std::string table;
    std::string key;
    std::string reason;
};

/// Rows of one table that another module made, to be taken back by clear() together with those of
/// seeds, so that rows may refer to one another. Called inside the transaction of clear(), several
/// times when it is tried again.
struct Claim {
    std::string name;  ///< Of the file, as clear() may be told it; several tables may share it.
    pg::QualifiedName table;
    /// Adds every row that was made to the table `doomed` (file, table_schema, table_name, key,
    /// rel, tid, gone, reason): `file` as given, where it lies (tableoid and ctid) or that it is
    /// gone, and a reason where it has to stay. Rows with the same key stay or go together when the
    /// server refuses some; one with the member `rows` stands for many. What could not even be
    /// looked for comes back as notes.
    std::function<std::vector<RowNote>(pg::Connection& connection, const std::string& doomed,
                                       std::int64_t file)>
        collect;
    /// After the rows without a reason were removed.
    std::function<void(pg::Connection& connection, const std::string& doomed, std::int64_t file)>
        forget;
};

struct Options {
    bool is_protected = false;       ///< Of the environment: sample seeds are then refused.
    std::vector<std::string> files;  ///< Only these: names of files or of tables; empty: all.
    bool overwrite = false;          ///< Also rows that somebody changed since.
    bool dry_run = false;            ///< Of clear(): everything is tried, reported and taken back.
    std::vector<Claim> claims = {};  ///< Of clear(): what else it takes back.
    bool claims_only = false;        ///< Of clear(): no seeds, whatever sets are named.
    std::chrono::milliseconds wait{60'000};  ///< For another run that holds the lock.
    /// Told before each file.
    std::function<void(const File&)> started = {};
};

enum class Standing {
    fresh,      ///< Never applied here.
    unchanged,  ///< As it was applied.
    changed,    ///< Another content, key or mapping than it was applied with.
    gone,       ///< Applied once, and no longer in the platform.
};
std::string_view name_of(Standing standing);

/// What apply() would do with one file.
struct Step {
    File file;
    Standing standing = Standing::fresh;
    std::vector<std::string> key;  ///< The columns that the upsert goes by; empty for SQL.
};
struct Plan {
    std::vector<Step> steps;  ///< In the order in which they are applied.
    /// Constraints that are checked at the end because their tables refer to one another.
    std::vector<std::string> deferred;
};
/// Reads the database only. Errors: seed_invalid, listing every table and column that is not
/// there, every key that is none and every circle of references; protected_environment.
Plan plan(pg::Connection& connection, const Seeds& seeds, const Options& options = {});

/// What was done for one table of one file. Counts are rows.
struct Counts {
    std::string table;
    std::uint64_t inserted = 0;
    std::uint64_t updated = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t restored = 0;    ///< Had been seeded, were missing, are back.
    std::uint64_t kept = 0;        ///< Changed by somebody since; left as they are.
    std::uint64_t missing = 0;     ///< Of SQL: gone, and running the file again would not do.
    std::uint64_t left = 0;        ///< Seeded once, no longer in the file; they stay.
    std::uint64_t overridden = 0;  ///< Given by a later file as well, which wins.
    std::uint64_t duplicates = 0;  ///< The very same row again in the file.
};
struct FileReport {
    Set set = Set::reference;
    std::string file;
    Standing standing = Standing::fresh;
    std::vector<Counts> tables;
    std::vector<RowNote> rows;  ///< The first hundred of those kept, left or missing.
    std::vector<std::string> notes;
    std::chrono::nanoseconds duration{0};
};
struct Report {
    std::vector<FileReport> files;
    std::vector<std::string> gone;  ///< Files that were applied once and are no longer there.
    Counts total() const;
    /// Whether anything was written to a user's table.
    bool wrote() const;
};

/// Seeds in ONE transaction: all of it or nothing. `connection` must not be in a transaction; its
/// role needs TEMP on the database, rights on the tables and on caisson.seed_*, and BYPASSRLS where
/// tables have policies. Needs catalogue_steps() installed.
/// Errors: as plan(); seed_failed with the place of the row or statement that was refused; locked.
Report apply(pg::Connection& connection, const Seeds& seeds, const Options& options = {});

struct Cleared {
    struct Table {
        std::string file;
        std::string table;
        std::uint64_t removed = 0;
        std::uint64_t gone = 0;  ///< Were not there any more.
        std::uint64_t kept = 0;
    };
    std::vector<Table> tables;
    /// Every row that stays, and why; of claims the first hundred keys of each table.
    std::vector<RowNote> kept;
    std::uint64_t kept_rows() const;
};
/// Removes, children first and in ONE transaction, the rows that seeding inserted and nobody
/// changed or refers to. Tracking goes with the rows. No sets means all of them. The caller has
/// obtained consent (trust::require_consent). Errors: seed_failed; locked; usage for a file
/// that was never applied.
Cleared clear(pg::Connection& connection, const std::vector<Set>& sets = {},
              const Options& options = {});

/// What is there of one file in one table.
struct Presence {
    Set set = Set::reference;
    std::string file;
    std::string table;
    Standing standing = Standing::fresh;
    std::uint64_t rows = 0;     ///< Records in the file as it is now; statements of SQL.
    std::uint64_t tracked = 0;  ///< Rows that were seeded or found by it.
    std::uint64_t present = 0;  ///< … and are as they were seeded.
    std::uint64_t changed = 0;
    std::uint64_t missing = 0;
    std::uint64_t left = 0;   ///< Of the tracked ones: no longer in the file.
    std::uint64_t found = 0;  ///< Of the tracked ones: were there before; clear() keeps them.
    std::string applied_at;   ///< RFC 3339, UTC; empty: never.
    std::string applied_by;
};
struct Info {
    std::vector<Presence> files;
    std::vector<RowNote> rows;  ///< The first hundred that are changed or missing, for each table.
};
/// Reads only; a database without the schema `caisson` has never been seeded.
Info info(pg::Connection& connection, const Seeds& seeds);

/// Everything as one script that psql can run, any number of times, with the same result. Given
/// out piece by piece; the database is only asked for types and keys.
void script(pg::Connection& connection, const Seeds& seeds, const Options& options,
            const std::function<void(std::string_view)>& take);

/// The tables that tracking lives in. Numbers 20 to 29 are ours.
std::vector<trust::CatalogueStep> catalogue_steps();

}  // namespace caisson::seeds
