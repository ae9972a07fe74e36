// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::isolation {
namespace {

/// A disk that is full tells nothing of who may do what, and what comes after it neither.
void require_room(const pg::DatabaseError& error) {
    if (error.code() == Code::disk_full) {
        throw Error(Code::disk_full, error.message());
    }
}

}  // namespace

Stage::Stage(pg::Connection& connection, std::string role, std::string setting)
    : connection_(connection), role_(std::move(role)), setting_(std::move(setting)) {
    connection_.query("begin");
    // A function that waits tells nothing.
    connection_.query("set local statement_timeout = '10s'");
    connection_.query("set constraints all immediate");
}

Stage::~Stage() {
    try {
        connection_.query("rollback");
    } catch (const Error&) {
        // The connection is gone, and the transaction with it.
    }
}

void Stage::say(const std::optional<std::string>& value) {
    if (value) {
        connection_.query("select set_config($1, $2, true)", {setting_, *value});
    }
}

void Stage::act_for(const Actor& actor, const Islands& islands) {
    said_ = actor.kind == Actor::Kind::absent  ? std::nullopt
            : actor.kind == Actor::Kind::empty ? std::optional<std::string>("")
                                               : islands.tenants[actor.tenant].id;
    say(said_);
}

std::vector<Missing> Stage::put(const Tenant& tenant) {
    if (said_) {
        say(tenant.id);  // Triggers note who acts.
    }
    auto missing = put(tenant.rows);
    say(said_);
    return missing;
}

std::vector<Missing> Stage::put(const std::vector<Row>& rows) {
    std::vector<Missing> missing;
    for (const auto& row : rows) {
        if (auto why = put(row)) {
            missing.push_back({&row, std::move(*why)});
        }
    }
    return missing;
}

std::optional<std::string> Stage::put(const Row& row) {
    // Nobody is absent: a trigger that asks who acts is not what is tried here.
    const bool is_quiet = row.needs_quiet || !said_;
    auto statements = row.insert();
    if (!row.replaces.empty()) {
        statements = fmt::format("delete from {} where {};{}", row.table->name,
                                 row.condition_of(row.replaces), statements);
    }
    const auto why = manage(statements, is_quiet);
    return why && !is_quiet ? manage(statements, true) : why;
}

std::optional<std::string> Stage::manage(const std::string& statements, bool is_quiet) {
    try {
        connection_.script(
            fmt::format("savepoint managing;{}{};{}release savepoint managing",
                        is_quiet ? "set local session_replication_role = replica;" : "", statements,
                        is_quiet ? "set local session_replication_role = origin;" : ""));
        return std::nullopt;
    } catch (const pg::DatabaseError& error) {
        require_room(error);
        connection_.script("rollback to savepoint managing; release savepoint managing");
        return error.message();
    }
}

void Stage::remove(const Row& row) {
    manage(fmt::format("delete from {} where {}", row.table->name, condition_of(row)), true);
}

void Stage::remove_others(const std::vector<const Row*>& rows) {
    std::vector<std::string> conditions;
    for (const auto* row : rows) {
        conditions.push_back(fmt::format("({}) is not true", condition_of(*row)));
    }
    manage(fmt::format("delete from {} where {}", rows.front()->table->name,
                       join(conditions, " and ")),
           true);
}

Outcome Stage::run(const std::function<void(Outcome&)>& work, const std::function<void()>& prepare,
                   const std::function<void(const Outcome&)>& inspect, bool is_quiet) {
    Outcome outcome;
    outcome.is_quiet = is_quiet;
    ++attempts_;
    if (prepare) {
        connection_.query("savepoint trial");
        prepare();
    }
    connection_.script(fmt::format(
        "{}{}set local session authorization {}", prepare ? "" : "savepoint trial;",
        is_quiet ? "set local session_replication_role = replica;" : "", pg::identifier(role_)));
    try {
        work(outcome);
        outcome.is_done = true;
    } catch (const pg::DatabaseError& error) {
        require_room(error);
        outcome.sqlstate = error.sqlstate;
        outcome.message = error.message();
    }
    if (outcome.is_done && inspect) {
        connection_.query("reset session authorization");
        inspect(outcome);
    }
    connection_.script("rollback to savepoint trial; release savepoint trial");
    return outcome;
}

Outcome Stage::run(const std::string& statement, const std::function<void()>& prepare,
                   const std::function<void(const Outcome&)>& inspect, bool is_quiet) {
    return run(
        [&](Outcome& outcome) {
            outcome.rows = connection_.query(statement);
            outcome.affected = outcome.rows->affected();
        },
        prepare, inspect, is_quiet);
}

Outcome Stage::attempt(const std::string& statement, const std::function<void()>& prepare,
                       const std::function<void(const Outcome&)>& inspect) {
    return run(statement, prepare, inspect, false);
}

Outcome Stage::insist(const std::string& statement, const std::function<void()>& prepare,
                      const std::function<void(const Outcome&)>& inspect) {
    auto outcome = run(statement, prepare, inspect, false);
    return outcome.is_done ? outcome : run(statement, prepare, inspect, true);
}

Outcome Stage::attempt_copy_in(const std::string& statement, const std::string& line,
                               const std::function<void()>& prepare,
                               const std::function<void(const Outcome&)>& inspect) {
    return run(
        [&](Outcome& outcome) {
            bool is_sent = false;
            outcome.affected = connection_.copy_in(statement, [&]() -> std::string_view {
                return std::exchange(is_sent, true) ? std::string_view() : std::string_view(line);
            });
        },
        prepare, inspect);
}

Outcome Stage::attempt_copy_out(const std::string& statement, std::vector<std::string>& lines) {
    return run(
        [&](Outcome&) {
            connection_.copy_out(statement,
                                 [&](std::string_view line) { lines.emplace_back(trim(line)); });
        },
        {}, {});
}

std::string condition_of(const Row& row) {
    const auto& keys = row.table->keys;
    const auto primary = std::ranges::find_if(keys, [](const auto& key) { return key.is_primary; });
    if (primary != keys.end()) {
        return row.condition_of(primary->columns);
    }
    std::vector<std::string> written;
    for (const auto& column : row.table->columns) {
        if (column.generated.empty()) {
            written.push_back(column.name);
        }
    }
    return row.condition_of(written);
}

}  // namespace caisson::isolation
