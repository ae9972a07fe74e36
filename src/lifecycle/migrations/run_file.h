// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/pg/connection.h"
#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {

/// Brings a session back to what it was after connecting, but for its advisory locks. Nothing of it
/// is refused inside a transaction.
extern const std::string_view clean_session;

/// Runs one file on a clean session and records it. Errors: migration_failed.
void run_whole(pg::Connection& connection, const Step& step, const Body& body);
/// Statement by statement, going on where an earlier attempt stopped. Errors: migration_failed;
/// migration_edited when what was applied of it was changed since.
void run_by_statement(pg::Connection& connection, const Step& step, const Body& body);

/// What the server said of a file, told as a migration_failed with its place. `offset` is the byte
/// in the body's text where it happened; the number of the statement is enough otherwise.
[[noreturn]] void throw_failed(const Step& step, const Body& body, std::size_t statement,
                               std::optional<std::size_t> offset, const pg::DatabaseError& error,
                               const std::string& hint);

/// SQL that records a file as done (up: its row; down: none), in literals: it goes into the same
/// message as the file.
std::string record_done(const Step& step);
/// As above for a file that has not done anything yet, or continues with changed text.
std::string record_begun(const Step& step, std::size_t statements);

}  // namespace caisson::migrations
