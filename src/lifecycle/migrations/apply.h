// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/migrations/mirror.h"
#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {

/// One file that was run.
struct Applied {
    Direction direction = Direction::up;
    std::string source;
    std::string version;
    std::string name;
    std::string file;
    std::chrono::nanoseconds duration{0};
    std::size_t resumed_after = 0;    ///< Statements that an earlier attempt had done.
    std::vector<pg::Notice> notices;  ///< What the server said meanwhile.
};

struct Report {
    std::vector<Applied> applied;
    std::vector<std::string> cuts;        ///< As Plan::cuts.
    std::vector<std::string> warnings;    ///< As Plan::warnings.
    std::vector<std::string> taken_over;  ///< Edited files whose checksum the history took over.
};

/// Something that a run did, at the moment when it is certain: for the journal.
struct Event {
    enum class Kind { planned, started, statement, failed, finished, reverted };
    Kind kind = Kind::planned;
    const Step* step = nullptr;  ///< Null for `planned`, which is about all steps.
    std::size_t statement = 0;   ///< From 1: of `statement` and, where known, of `failed`.
    std::string detail;          ///< The error; for `planned` the list of files with checksums.
};

/// What the user says of a statement that was sent and not heard of again, where nothing else
/// tells.
enum class Interrupted { done, again };

struct Options {
    /// How long locks are waited for, and how often.
    platform::MigrationRules rules;
    /// The histories that the tools of the sources keep: read before ours, written with it, their
    /// locks held beside ours. Null: there is none.
    const Mirror* mirror = nullptr;
    /// Called for each event, beside the transaction of the file: what fails is told as well.
    /// `finished` and `reverted` come when the commit is certain.
    std::function<void(const Event&)> on_event;
    /// SQL, ending in a semicolon, that joins the transaction of the file or of the statement, in
    /// the same message, for `statement`, `finished` and `reverted`: it is true when they are.
    std::function<std::string(const Event&)> within;
    /// How to look for those who hold a lock; the run's own role, where nothing is given, sees
    /// less.
    std::optional<pg::Settings> observer;
    /// Called before a transaction is tried again, with those who hold the lock, where that is
    /// known, and the number of the attempt that failed.
    std::function<void(const Step&, const std::string& blockers, int attempt)> on_blocked;
    fs::path root;  ///< Scripts reach no file outside of it; empty: of the folder they lie in.
    bool allow_programs = false;             ///< Of scripts, on this host or the server's.
    std::optional<Interrupted> interrupted;  ///< Nothing: the run stops there and asks.
    /// What scripts print, line by line.
    std::function<void(const std::string& line)> on_output;
    std::chrono::milliseconds wait{std::chrono::seconds(30)};  ///< For another run to end.
    /// Called with the holder before the first wait.
    std::function<void(const std::string& holder)> on_wait;
    /// Called before each file, with its number (from 1) and how many there are.
    std::function<void(const Step&, std::size_t number, std::size_t total)> on_start;
    /// Called after each file.
    std::function<void(const Applied&, std::size_t number, std::size_t total)> on_finish;
};

/// The connection for sources that say migrate_as = "admin" (true) and for all others (false). It
/// may be opened at the first call and is replaced in place when a file changes what sessions begin
/// with. Nobody else may use it meanwhile.
using Connect = std::function<pg::Connection&(bool as_admin)>;

/// Applies what is pending. Each file runs from a clean session, in one transaction with its row in
/// the history; files that cannot be in one run statement by statement, each recorded. The plan is
/// made again under the lock, so that of several runners each file is run by one.
/// Errors: those of plan_up(); locked by another run, or by sessions that hold a table for longer
/// than the rules have patience; migration_failed, with place and statement: the database is as it
/// was before the transaction, or the message says what of it is done; migration_order when a
/// program of another tool is next: what comes before it is applied; cannot_connect: whether the
/// file in flight was applied is decided by the history at the next run.
Report up(const Connect& connect, const std::vector<Migration>& files, const Features& features,
          const UpRequest& request, const Options& options);

/// Reverts. Errors: those of plan_down(), and as up().
Report down(const Connect& connect, const std::vector<Migration>& files, const Features& features,
            const DownRequest& request, const Options& options);

}  // namespace caisson::migrations
