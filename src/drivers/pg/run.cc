// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/run.h"

#include <thread>

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

/// How many rows of a stream are asked for at a time.
constexpr int together = 1000;

const Statement& session_settings() {
    static const Statement statement(
        "select set_config('app.current_user_id', $1, true), set_config('role', $2, true)");
    return statement;
}

const Statement& limit_setting() {
    static const Statement statement("select set_config('statement_timeout', $1, true)");
    return statement;
}

Query settings_of(const Session& session) {
    return {session_settings(),
            Arguments(session.user(), session.role().empty() ? "none" : session.role())};
}

std::string text_of(std::chrono::milliseconds limit) { return fmt::format("{}ms", limit.count()); }

void refuse_session_inside(const Connection& connection) {
    if (connection.in_transaction()) {
        throw Error(Code::usage, "a session was named inside a transaction",
                    "a transaction has one session for all of it: give it to transact()");
    }
}

}  // namespace

Rows detail::fetch(Connection& connection, const Session* session, const Query& query,
                   std::chrono::milliseconds limit) {
    if (!session && limit.count() == 0) {
        return connection.fetch(query.statement, query.arguments);
    }
    return std::move(fetch_all(connection, session, {query}, limit).front());
}

std::vector<Rows> detail::fetch_all(Connection& connection, const Session* session,
                                    std::vector<Query> queries, std::chrono::milliseconds limit) {
    std::vector<Query> all;
    if (session) {
        refuse_session_inside(connection);
        all.push_back(settings_of(*session));
    }
    if (limit.count() > 0) {
        all.emplace_back(limit_setting(), Arguments(text_of(limit)));
    }
    const auto before = static_cast<std::ptrdiff_t>(all.size());
    const auto wanted = static_cast<std::ptrdiff_t>(queries.size());
    std::move(queries.begin(), queries.end(), std::back_inserter(all));
    if (limit.count() > 0 && connection.in_transaction()) {
        // The rest of the transaction has its own limit again.
        static const Statement current("select current_setting('statement_timeout')");
        all.emplace_back(
            limit_setting(),
            Arguments(connection.fetch(current, Arguments()).front().get<std::string>(0)));
    }
    std::vector<Rows> rows;
    try {
        rows = connection.fetch_all(all);
    } catch (DatabaseError& error) {
        // Counted without what was set before.
        error.statement -= std::min(error.statement, static_cast<std::size_t>(before));
        throw;
    }
    rows.erase(rows.begin(), rows.begin() + before);
    rows.erase(rows.begin() + wanted, rows.end());
    return rows;
}

std::uint64_t run(Connection& connection, const Copy& copy) {
    if (copy.insert) {
        return connection.fetch(copy.insert->statement, copy.insert->arguments).affected();
    }
    if (copy.statement.empty()) {
        return 0;
    }
    bool is_given = false;
    return connection.copy_in(copy.statement, [&]() -> std::string_view {
        return std::exchange(is_given, true) ? std::string_view() : std::string_view(copy.data);
    });
}

std::uint64_t run(Connection& connection, const Session& session, const Copy& copy) {
    refuse_session_inside(connection);
    if (copy.insert) {
        return detail::fetch(connection, &session, *copy.insert, {}).affected();
    }
    // COPY goes through no pipeline.
    Transaction transaction(connection);
    detail::begin(connection, session, {});
    const auto rows = run(connection, copy);
    transaction.commit();
    return rows;
}

void detail::each(Connection& connection, const Query& query, std::chrono::milliseconds limit,
                  const std::function<void(const Rows::Row&)>& take) {
    std::optional<Transaction> transaction;
    if (!connection.in_transaction()) {
        transaction.emplace(connection);
    }
    // Named after its text: what is prepared to fetch from it has its columns.
    const auto cursor = fmt::format("caisson_{:016x}", query.statement.hash());
    const Statement declare(
        fmt::format("declare {} no scroll cursor for {}", cursor, query.statement.text()));
    fetch(connection, nullptr, {declare, query.arguments}, limit);
    const Statement next(fmt::format("fetch {} from {}", together, cursor));
    while (true) {
        const auto rows = connection.fetch(next, Arguments());
        for (const auto row : rows) {
            take(row);
        }
        if (rows.empty()) {
            break;
        }
    }
    connection.query("close " + cursor);
    if (transaction) {
        transaction->commit();
    }
}

void detail::begin(Connection& connection, const Session& session, const TransactOptions& options) {
    std::vector<Query> settings = {settings_of(session)};
    if (options.limit.count() > 0) {
        settings.emplace_back(limit_setting(), Arguments(text_of(options.limit)));
    }
    connection.fetch_all(settings);
}

bool detail::again(Connection& connection, const DatabaseError& error, int attempt,
                   const TransactOptions& options) {
    if (!may_succeed_again(error) || attempt >= options.attempts || connection.is_broken()) {
        return false;
    }
    std::this_thread::sleep_for(pause_after(attempt, options));
    return true;
}

}  // namespace caisson::pg
