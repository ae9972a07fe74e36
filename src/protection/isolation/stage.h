// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protection/isolation/islands.h"

namespace caisson::isolation {

/// On whose behalf something is tried.
struct Actor {
    enum class Kind { tenant, empty, absent };
    Kind kind = Kind::absent;
    std::size_t tenant = 0;  ///< Index, of a tenant.
    std::string text;        ///< `tenant a`, `nobody`, `nobody (empty setting)`.
    bool is_tenant() const { return kind == Kind::tenant; }
};

/// What became of a statement.
struct Outcome {
    bool is_done = false;
    std::optional<pg::Result> rows;
    std::uint64_t affected = 0;
    std::string sqlstate;  ///< Of a refusal.
    std::string message;
    bool is_quiet = false;  ///< Triggers and foreign keys were off.

    bool is(std::string_view state) const { return sqlstate == state; }
    /// With triggers off, checks and keys are all that is looked at after the policies: what they
    /// refuse has passed these.
    bool has_passed_policies() const { return is_quiet && sqlstate.starts_with("23"); }
};

/// A row that could not be put there, and why.
struct Missing {
    const Row* row = nullptr;
    std::string why;
};

/// A superuser's transaction in which statements run as a role, on somebody's behalf. Every trial
/// is taken back; so is the transaction at the end. Threads: one at a time.
class Stage {
 public:
    Stage(pg::Connection& connection, std::string role, std::string setting);
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();

    /// Says who acts from here on. Nothing is said for an absent setting: a session that has once
    /// had a value has an empty one ever after.
    void act_for(const Actor& actor, const Islands& islands);
    /// Puts the rows of a tenant there, on its behalf. What is refused even without triggers is
    /// left out.
    std::vector<Missing> put(const Tenant& tenant);
    std::vector<Missing> put(const std::vector<Row>& rows);

    /// As the superuser.
    pg::Result ask(const std::string& sql) { return connection_.query(sql); }
    /// Does something as the superuser that may be refused: then nothing of it is left, and it is
    /// told why.
    std::optional<std::string> manage(const std::string& statements, bool is_quiet = false);
    void with_connection(const std::function<void(pg::Connection&)>& work) { work(connection_); }

    /// Runs the statement as the role and takes it back. `prepare` and `inspect` run as the
    /// superuser, before it and, where it was done, after it.
    Outcome attempt(const std::string& statement, const std::function<void()>& prepare = {},
                    const std::function<void(const Outcome&)>& inspect = {});
    /// The same; what is refused is tried once more with triggers and foreign keys switched off:
    /// they are no protection against the next row. What is refused then too, by lack of a right,
    /// policies refuse.
    Outcome insist(const std::string& statement, const std::function<void()>& prepare = {},
                   const std::function<void(const Outcome&)>& inspect = {});
    /// COPY in as the role: one line.
    Outcome attempt_copy_in(const std::string& statement, const std::string& line,
                            const std::function<void()>& prepare,
                            const std::function<void(const Outcome&)>& inspect);
    /// COPY out as the role: the lines are the rows.
    Outcome attempt_copy_out(const std::string& statement, std::vector<std::string>& lines);
    /// Takes a row away, or all others of its table, without triggers and foreign keys.
    void remove(const Row& row);
    void remove_others(const Row& row) { remove_others(std::vector<const Row*>{&row}); }
    /// All but these, of one table.
    void remove_others(const std::vector<const Row*>& rows);

    const std::string& role() const { return role_; }
    std::size_t attempts() const { return attempts_; }

 private:
    Outcome run(const std::function<void(Outcome&)>& work, const std::function<void()>& prepare,
                const std::function<void(const Outcome&)>& inspect, bool is_quiet = false);
    Outcome run(const std::string& statement, const std::function<void()>& prepare,
                const std::function<void(const Outcome&)>& inspect, bool is_quiet);
    std::optional<std::string> put(const Row& row);
    void say(const std::optional<std::string>& value);

    pg::Connection& connection_;
    const std::string role_;
    const std::string setting_;
    std::optional<std::string> said_;  ///< What the setting holds; nothing: it was never said.
    std::size_t attempts_ = 0;
};

/// A condition that holds for this very row and no other: its key, else all of its columns.
std::string condition_of(const Row& row);

}  // namespace caisson::isolation
