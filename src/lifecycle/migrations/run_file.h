// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/migrations/apply.h"
#include "lifecycle/migrations/patience.h"

namespace caisson::migrations {

/// What files run in: a connection, and what a run adds to each transaction.
struct Session {
    pg::Connection& connection;
    const Options& options;
    Patience& patience;
    std::string guard;  ///< Proves that the run still has its lock; empty where the session has.
    /// Takes the tools' locks for a file's transaction; empty where the session has them.
    std::string tool_locks;
    bool pooled = false;  ///< Each transaction may meet another server session.
    /// Takes the session's locks again, the tool's too, after they may have been given up; false
    /// when another run was faster.
    std::function<bool()> retake_locks;
};

/// A file that is about to run.
struct Prepared {
    const Step* step = nullptr;
    Body body;
};

/// Brings a session back to what it was after connecting, but for its advisory locks. Nothing of it
/// is refused inside a transaction.
extern const std::string_view clean_session;

/// What opens a transaction of ours: BEGIN, the guard, how long locks are waited for.
std::string opening(const Session& session, const Step& step);
/// The part that the options add to the transaction in which this becomes true.
std::string within(const Session& session, const Event& event);
/// Tells on_event.
void tell(const Options& options, const Event& event);

/// Whether a statement was refused because it cannot be in a transaction: 25001 and 2D000.
bool refuses_transaction(const pg::DatabaseError& error);
/// A statement outside a transaction may have given up every advisory lock of its session, ours
/// among them: takes them again where its text speaks of that. Errors: locked, when another run
/// was faster.
void keep_locks(const Session& session, const Step& step, std::string_view statement);

/// Runs files in one transaction, each on a clean session, and records them. Errors:
/// migration_failed; locked.
void run_whole(const Session& session, std::vector<Prepared>& files);
/// Statement by statement, going on where an earlier attempt stopped. Errors: migration_failed;
/// locked; migration_edited when what was applied of it was changed since.
void run_by_statement(const Session& session, const Step& step, const Body& body);

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
/// The history follows an edited file.
std::string record_taken_over(const Status& edited);

}  // namespace caisson::migrations
