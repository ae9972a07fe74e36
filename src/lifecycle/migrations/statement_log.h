// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lifecycle/migrations/run_file.h"

namespace caisson::migrations {

/// What the history says of a file that goes statement by statement, and the SQL that says it.
class StatementLog {
 public:
    /// `touches_role`: the file may leave another role than that of the session.
    StatementLog(const Session& session, const Step& step, bool touches_role)
        : session_(session), step_(step), touches_role_(touches_role) {}

    /// Chains the next statement: one checksum stands for all of them.
    void take(std::string_view statement);
    std::size_t taken() const { return taken_; }
    /// Errors: migration_edited unless the first `done` statements are those that were taken.
    void require_unchanged(std::size_t done) const;

    /// SQL that says that all that were taken are done. `last` is the newest, for people.
    std::string progress(const std::string& last) const;
    /// SQL that says that one is sent which cannot be undone.
    std::string running() const;
    /// `what` with the session's own role, in the transaction at hand, or in one of its own.
    std::string as_ourselves(const std::string& what) const;
    std::string in_transaction(const std::string& what) const;

    /// Drops invalid indexes that a statement left which was sent and not heard of again. To be
    /// called with the session's own role.
    void clear_up() const;
    /// Whether that statement has taken effect: what the catalogue tells, else what the user says
    /// (Options::interrupted). Errors: migration_failed, which asks for that, at `place`.
    bool has_happened(std::string_view statement, sql::StatementKind kind,
                      const Place& place) const;
    /// Notes what a statement ended with; the session is clean afterwards.
    void failed(const pg::DatabaseError& error, bool may_leave_index) const;
    /// What is done and what is left, for people. `total` 0: not known.
    std::string left(std::size_t total) const;

 private:
    std::string where() const;
    pg::Result made_since(bool valid) const;
    pg::Result ask(const std::string& query, const pg::Parameters& parameters = {}) const;
    std::optional<bool> look_for(std::string_view statement, sql::StatementKind kind) const;

    const Session& session_;
    const Step& step_;
    bool touches_role_;
    std::string chain_;
    std::size_t taken_ = 0;
};

}  // namespace caisson::migrations
