// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::isolation {

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

void Stage::put(const Tenant& tenant) {
    if (said_) {
        say(tenant.id);  // Triggers note who acts.
    }
    put(tenant.rows);
    say(said_);
}

void Stage::put(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        // Nobody is absent: a trigger that asks who acts is not what is tried here.
        const bool is_quiet = row.needs_quiet || !said_;
        if (is_quiet) {
            connection_.query("set local session_replication_role = replica");
        }
        connection_.query(row.insert());
        if (is_quiet) {
            connection_.query("set local session_replication_role = origin");
        }
    }
}

void Stage::remove(const Row& row) {
    connection_.query("set local session_replication_role = replica");
    connection_.query(fmt::format("delete from {} where {}", row.table->name, condition_of(row)));
    connection_.query("set local session_replication_role = origin");
}

Outcome Stage::run(const std::function<void(Outcome&)>& work, const std::function<void()>& prepare,
                   const std::function<void(const Outcome&)>& inspect, bool is_quiet) {
    Outcome outcome;
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

Outcome Stage::attempt(const std::string& statement, const std::function<void()>& prepare,
                       const std::function<void(const Outcome&)>& inspect) {
    return run(
        [&](Outcome& outcome) {
            outcome.rows = connection_.query(statement);
            outcome.affected = outcome.rows->affected();
        },
        prepare, inspect, false);
}

Outcome Stage::attempt_quietly(const std::string& statement, const std::function<void()>& prepare,
                               const std::function<void(const Outcome&)>& inspect) {
    return run(
        [&](Outcome& outcome) {
            outcome.rows = connection_.query(statement);
            outcome.affected = outcome.rows->affected();
        },
        prepare, inspect, true);
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
        prepare, inspect, false);
}

Outcome Stage::attempt_copy_out(const std::string& statement, std::vector<std::string>& lines) {
    return run(
        [&](Outcome&) {
            connection_.copy_out(statement,
                                 [&](std::string_view line) { lines.emplace_back(trim(line)); });
        },
        {}, {}, false);
}

std::string condition_of(const Row& row) {
    const auto& keys = row.table->keys;
    const auto primary = std::ranges::find_if(keys, [](const auto& key) { return key.is_primary; });
    std::vector<std::string> parts;
    for (const auto& column : row.table->columns) {
        const bool is_asked =
            primary == keys.end() ||
            std::ranges::find(primary->columns, column.name) != primary->columns.end();
        if (!is_asked || !column.generated.empty()) {
            continue;
        }
        // Types without equality, such as json, are compared as text.
        const auto& value = row.value(column.name);
        parts.push_back(value ? fmt::format("{}::text = {}", column.name, pg::literal(*value))
                              : fmt::format("{} is null", column.name));
    }
    return parts.empty() ? "true" : join(parts, " and ");
}

}  // namespace caisson::isolation
