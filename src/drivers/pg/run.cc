// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/run.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

/// How many rows of a stream are asked for at a time.
constexpr int together = 1000;

const Statement& session_settings() {
    static const Statement statement(
        "select set_config('app.current_user_id', $1, true), set_config('role', $2, true), "
        "set_config('app.request_id', $3, true), set_config('app.purpose', $4, true)");
    return statement;
}

const Statement& limit_setting() {
    static const Statement statement("select set_config('statement_timeout', $1, true)");
    return statement;
}

Query settings_of(const Session& session) {
    return {session_settings(),
            Arguments(session.user(), session.role().empty() ? "none" : session.role(),
                      session.request(), session.purpose())};
}

std::string text_of(std::chrono::milliseconds limit) { return fmt::format("{}ms", limit.count()); }

std::string current_limit(Connection& connection) {
    static const Statement current("select current_setting('statement_timeout')");
    return connection.fetch(current, Arguments()).front().get<std::string>(0);
}

std::uint64_t copy_text(Connection& connection, const Copy& copy) {
    bool is_given = false;
    return connection.copy_in(copy.statement, [&]() -> std::string_view {
        return std::exchange(is_given, true) ? std::string_view() : std::string_view(copy.data);
    });
}

/// The transaction may go on, and its owner knows nothing of the cursor.
void close_after_failure(Connection& connection, const std::string& cursor) {
    if (!connection.is_broken() && connection.in_transaction()) {
        try {
            connection.query("close " + cursor);
        } catch (const Error&) {
            // A transaction that failed takes its cursors with it.
        }
    }
}

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
        all.emplace_back(limit_setting(), Arguments(current_limit(connection)));
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
        return detail::fetch(connection, nullptr, *copy.insert, copy.limit).affected();
    }
    if (copy.statement.empty()) {
        return 0;
    }
    if (copy.limit.count() == 0) {
        return copy_text(connection, copy);
    }
    // COPY goes through no pipeline, so its limit is set before it.
    std::optional<Transaction> transaction;
    std::string before;
    if (connection.in_transaction()) {
        before = current_limit(connection);
    } else {
        transaction.emplace(connection);
    }
    connection.fetch(limit_setting(), Arguments(text_of(copy.limit)));
    const auto rows = copy_text(connection, copy);
    if (transaction) {
        transaction->commit();
    } else {
        connection.fetch(limit_setting(), Arguments(before));
    }
    return rows;
}

std::uint64_t run(Connection& connection, const Session& session, const Copy& copy) {
    refuse_session_inside(connection);
    if (copy.insert) {
        return detail::fetch(connection, &session, *copy.insert, copy.limit).affected();
    }
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
    // A name of its own, because `take` may read the same stream again.
    static std::atomic<std::uint64_t> cursors{0};
    const auto cursor = fmt::format("caisson_{}", ++cursors);
    const Statement declare(
        fmt::format("declare {} no scroll cursor for {}", cursor, query.statement.text()));
    fetch(connection, nullptr, {declare, query.arguments}, limit);
    try {
        const Statement next(fmt::format("fetch {} from {}", together, cursor));
        while (true) {
            const auto rows = fetch(connection, nullptr, {next}, limit);
            for (const auto row : rows) {
                take(row);
            }
            if (rows.empty()) {
                break;
            }
        }
    } catch (...) {
        close_after_failure(connection, cursor);
        throw;
    }
    connection.query("close " + cursor);
    if (transaction) {
        transaction->commit();
    }
}

void detail::each(Connection& connection, const Session& session, const Query& query,
                  std::chrono::milliseconds limit,
                  const std::function<void(const Rows::Row&)>& take) {
    refuse_session_inside(connection);
    Transaction transaction(connection);
    begin(connection, session, {});
    each(connection, query, limit, take);
    transaction.commit();
}

void detail::begin(Connection& connection, const Session& session, const TransactOptions& options) {
    std::vector<Query> settings = {settings_of(session)};
    if (options.limit.count() > 0) {
        settings.emplace_back(limit_setting(), Arguments(text_of(options.limit)));
    }
    connection.fetch_all(settings);
}

void detail::refuse_nested(const Connection& connection) {
    if (connection.in_transaction()) {
        throw Error(Code::usage, "transact() was called inside a transaction",
                    "let the outer one do this work too: give it the connection");
    }
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
