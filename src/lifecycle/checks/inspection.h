// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the built-in checks share. Each is a function that asks the database and puts what it finds
/// into its verdict.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/checks/run.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/partitions.h"
#include "lifecycle/schema/structure.h"

namespace caisson::checks {

/// How far the recorded structure can be relied upon.
enum class Basis {
    current,
    none,         ///< None was recorded.
    stale,        ///< The history went on since.
    other_major,  ///< Recorded by a server of another major version, which words things otherwise.
    damaged,      ///< It cannot be read.
};

class Inspection {
 public:
    Inspection(pg::Connection& database, const Options& wishes)
        : connection(database), options(wishes) {}

    /// Opens a read-only transaction in which nothing takes longer than the limit, names are
    /// qualified, and row-level security raises an error instead of hiding rows (unless the check
    /// wants it as users see it).
    void begin(bool with_row_security = false);
    void end();
    /// A statement that may fail without ending the check.
    std::variant<pg::Result, pg::DatabaseError> attempt(const std::string& statement);
    /// One that joins millions of rows: its hash tables get memory instead of files, and it is not
    /// compiled, which would take longer than running it.
    std::variant<pg::Result, pg::DatabaseError> attempt_large(const std::string& statement);

    /// The recorded structure compared with what is there; read once, at the first call.
    Basis basis();
    const std::optional<schema::Structure>& structure();
    /// But for the partitions that came and went.
    const std::vector<schema::Difference>& differences();
    const schema::Partitions& partitions();
    /// Why there is no basis, in a sentence.
    const std::string& basis_text();

    pg::Connection& connection;
    const Options& options;

 private:
    void read_structure();

    bool with_row_security_ = false;
    int attempts_ = 0;
    std::optional<Basis> basis_;
    std::string basis_text_;
    std::optional<schema::Structure> structure_;
    std::vector<schema::Difference> differences_;
    schema::Partitions partitions_;
};

void add_finding(Verdict& verdict, Severity severity, std::string message, std::string remedy = {});
/// Something that could not be looked at: the check holds no longer, whatever else it finds.
void add_unknown(Verdict& verdict, const std::string& what, const pg::DatabaseError& error,
                 std::chrono::milliseconds limit);
/// "cannot be examined within 30 s" or what the server said.
std::string reason(const pg::DatabaseError& error, std::chrono::milliseconds limit);

/// A built-in check. `inspect` runs inside the transaction of begin(); an outcome that it leaves at
/// `holds` becomes `fails` when there are findings beyond info.
struct BuiltIn {
    std::string_view name;
    std::string_view description;
    void (*inspect)(Inspection& inspection, Verdict& verdict);
};

// inspect_structure.cc
void inspect_record(Inspection& inspection, Verdict& verdict);
void inspect_tables(Inspection& inspection, Verdict& verdict);
void inspect_columns(Inspection& inspection, Verdict& verdict);
void inspect_enums(Inspection& inspection, Verdict& verdict);
void inspect_functions(Inspection& inspection, Verdict& verdict);
void inspect_triggers(Inspection& inspection, Verdict& verdict);
void inspect_policies(Inspection& inspection, Verdict& verdict);
void inspect_sequences(Inspection& inspection, Verdict& verdict);
/// Puts what differs among objects of these kinds into the verdict; `foreign_keys` picks among the
/// constraints. Skips the check without a basis when `nothing_else` is asked.
void compare(Inspection& inspection, Verdict& verdict, const std::vector<std::string>& kinds,
             std::string_view noun, bool nothing_else,
             std::optional<bool> foreign_keys = std::nullopt);
// inspect_integrity.cc
void inspect_indexes(Inspection& inspection, Verdict& verdict);
void inspect_constraints(Inspection& inspection, Verdict& verdict);
void inspect_foreign_keys(Inspection& inspection, Verdict& verdict);
void inspect_views(Inspection& inspection, Verdict& verdict);
// inspect_orphans.cc
void inspect_orphans(Inspection& inspection, Verdict& verdict);
// inspect_server.cc
void inspect_extensions(Inspection& inspection, Verdict& verdict);
void inspect_settings(Inspection& inspection, Verdict& verdict);
void inspect_history(Inspection& inspection, Verdict& verdict);
void inspect_journal(Inspection& inspection, Verdict& verdict);
// inspect_privileges.cc
void inspect_roles(Inspection& inspection, Verdict& verdict);
void inspect_privileges(Inspection& inspection, Verdict& verdict);

}  // namespace caisson::checks
