// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "drivers/pg/core.h"
#include "drivers/pg/lease.h"
#include "drivers/pg/quote.h"

namespace caisson::pg {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

/// Data of a COPY that libpq may hold before the server has taken them.
constexpr std::size_t most_unflushed = std::size_t{64} << 10U;

/// A pipeline carries no COPY. Leaves it, and comes back to it with end(); a lane that is not
/// brought back is closed.
class Interlude {
 public:
    explicit Interlude(std::shared_ptr<Lane::Core> core) : core_(std::move(core)) {
        core_->begin_manual();
        if (PQexitPipelineMode(core_->connection()) != 1) {
            throw Error(Code::internal, "a COPY was begun while something else was in flight");
        }
    }
    Interlude(const Interlude&) = delete;
    Interlude& operator=(const Interlude&) = delete;
    ~Interlude() {
        if (core_) {
            core_->close(Unanswered::Reason::connection, "a COPY did not come to its end");
        }
    }
    void end() {
        if (PQenterPipelineMode(core_->connection()) == 1) {
            std::exchange(core_, nullptr)->end_manual();
        }
    }

 private:
    std::shared_ptr<Lane::Core> core_;
};

/// The session before the statement, in one message of the simple protocol: one round trip, and one
/// implicit transaction. It takes no bound values, so they are quoted.
std::string preamble(const Session& session, Clock::time_point deadline) {
    return fmt::format(
        "select set_config('app.current_user_id', {}, true), set_config('role', {}, true), "
        "set_config('statement_timeout', '{}', true), set_config('app.request_id', {}, true), "
        "set_config('app.purpose', {}, true); ",
        literal(session.user()), literal(session.role().empty() ? "none" : session.role()),
        Lane::Core::statement_timeout(deadline), literal(session.request()),
        literal(session.purpose()));
}

/// Sends the statement, with what is said before it, and waits for the COPY to begin. Errors: what
/// the server says instead.
asio::awaitable<void> begin_copy(Lane::Core& core, const std::string& before,
                                 const std::string& statement, ExecStatusType wanted,
                                 Clock::time_point deadline) {
    if (PQsendQuery(core.connection(), (before + statement).c_str()) != 1) {
        throw libpq::broken(core.connection(), core.settings());
    }
    std::optional<DatabaseError> failure;
    while (const auto result = co_await core.next_result(deadline)) {
        const auto status = PQresultStatus(result.get());
        if (status == wanted) {
            co_return;
        }
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            throw Error(Code::usage, "the COPY goes in the other direction");
        }
        if (status == PGRES_FATAL_ERROR) {
            if (libpq::field(result.get(), PG_DIAG_SQLSTATE).empty()) {
                throw libpq::broken(core.connection(), core.settings());
            }
            failure = libpq::rejected(result.get(), core.settings());
            if (failure->position) {
                *failure->position -= std::min(*failure->position, before.size());
            }
        }
    }
    if (failure) {
        throw *failure;
    }
    throw Error(Code::usage, "the statement is no COPY from STDIN or to STDOUT");
}

/// The rows that were copied. Errors: what the server says instead.
asio::awaitable<std::uint64_t> end_copy(Lane::Core& core, Clock::time_point deadline) {
    std::uint64_t rows = 0;
    std::optional<DatabaseError> failure;
    while (const auto result = co_await core.next_result(deadline)) {
        if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
            if (libpq::field(result.get(), PG_DIAG_SQLSTATE).empty()) {
                throw libpq::broken(core.connection(), core.settings());
            }
            failure = libpq::rejected(result.get(), core.settings());
        } else {
            rows = std::strtoull(PQcmdTuples(result.get()), nullptr, 10);
        }
    }
    if (failure) {
        throw *failure;
    }
    co_return rows;
}

Clock::time_point deadline_of(const Lane::Core& core, const RequestOptions& options) {
    return Clock::now() + (options.deadline.count() > 0 ? options.deadline : core.limits().request);
}

/// The pool may have been closed while the caller was busy.
void check_open(const Lane::Core& core) {
    if (!core.is_open()) {
        throw Unanswered(Unanswered::Reason::closed, true, "the lane was closed during a COPY");
    }
}

/// Whether the connection is where a COPY left it when the server said no.
bool is_idle(const Lane::Core& core) {
    return PQtransactionStatus(core.connection()) == PQTRANS_IDLE;
}

/// As is_idle(), of a COPY inside a transaction, which may have ended by it.
bool is_in_transaction(const Lane::Core& core) {
    const auto status = PQtransactionStatus(core.connection());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/// `is_back`: whether the connection is where it was before.
asio::awaitable<std::uint64_t> copy_into(std::shared_ptr<Lane::Core> core, std::string before,
                                         std::string statement,
                                         std::function<asio::awaitable<std::string_view>()> next,
                                         Clock::time_point deadline,
                                         bool (*is_back)(const Lane::Core&)) {
    auto* const connection = core->connection();
    Interlude interlude(core);
    std::exception_ptr stopped;
    std::uint64_t rows = 0;
    try {
        co_await begin_copy(*core, before, statement, PGRES_COPY_IN, deadline);
        std::exception_ptr source_failed;
        std::size_t unflushed = 0;
        while (true) {
            std::string_view chunk;
            try {
                chunk = co_await next();
            } catch (...) {
                source_failed = std::current_exception();
            }
            check_open(*core);
            if (chunk.empty() || source_failed) {
                break;
            }
            int sent = 0;
            while ((sent = PQputCopyData(connection, chunk.data(),
                                         static_cast<int>(chunk.size()))) == 0) {
                co_await core->flush(deadline);
            }
            if (sent < 0) {
                throw libpq::broken(connection, core->settings());
            }
            unflushed += chunk.size();
            if (unflushed >= most_unflushed) {
                co_await core->flush(deadline);
                unflushed = 0;
            }
        }
        if (PQputCopyEnd(connection, source_failed ? "the source failed" : nullptr) < 0) {
            throw libpq::broken(connection, core->settings());
        }
        co_await core->flush(deadline);
        try {
            rows = co_await end_copy(*core, deadline);
        } catch (const DatabaseError&) {
            stopped = std::current_exception();
        }
        stopped = source_failed ? source_failed : stopped;
    } catch (const Error&) {
        stopped = std::current_exception();
    }
    if (is_back(*core)) {
        interlude.end();
    }
    if (stopped) {
        std::rethrow_exception(stopped);
    }
    co_return rows;
}

}  // namespace

asio::awaitable<std::uint64_t> Lease::copy_in(
    Session session, std::string statement, std::function<asio::awaitable<std::string_view>()> next,
    RequestOptions options) {
    const auto deadline = deadline_of(*core_, options);
    return copy_into(core_, preamble(session, deadline), std::move(statement), std::move(next),
                     deadline, &is_idle);
}

asio::awaitable<std::uint64_t> Lease::Transaction::copy_in(
    std::string statement, std::function<asio::awaitable<std::string_view>()> next) {
    if (Clock::now() >= deadline_) {
        throw Unanswered(Unanswered::Reason::deadline, false,
                         "the time of the transaction was over before the COPY was sent");
    }
    // Who acts was said where the transaction began.
    return copy_into(core_, {}, std::move(statement), std::move(next), deadline_,
                     &is_in_transaction);
}

asio::awaitable<std::uint64_t> Lease::copy_out(
    Session session, std::string statement,
    std::function<asio::awaitable<void>(std::string_view)> take, RequestOptions options) {
    const auto core = core_;
    auto* const connection = core->connection();
    const auto deadline = deadline_of(*core, options);
    Interlude interlude(core);
    std::exception_ptr stopped;
    std::uint64_t rows = 0;
    try {
        const auto before = preamble(session, deadline);
        co_await begin_copy(*core, before, statement, PGRES_COPY_OUT, deadline);
        while (true) {
            char* bytes = nullptr;
            const int size = PQgetCopyData(connection, &bytes, 1);
            const libpq::Owned<char> row(bytes);
            if (size > 0) {
                // When it throws, the server still sends: the lane is given up with the interlude.
                co_await take({bytes, static_cast<std::size_t>(size)});
                check_open(*core);
            } else if (size == 0) {
                co_await core->await_socket(false, deadline);
                if (PQconsumeInput(connection) == 0) {
                    throw libpq::broken(connection, core->settings());
                }
            } else {
                break;
            }
        }
        rows = co_await end_copy(*core, deadline);
    } catch (...) {
        stopped = std::current_exception();
    }
    if (is_idle(*core)) {
        interlude.end();
    }
    if (stopped) {
        std::rethrow_exception(stopped);
    }
    co_return rows;
}

/// Source: PostgreSQL, DISCARD ALL, but for the prepared statements, which are ours.
asio::awaitable<bool> Lane::Core::reset() {
    const auto self = shared_from_this();
    if (!is_open() || is_manual_ || in_flight() > 0) {
        co_return false;
    }
    const bool is_in_transaction = PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    if (is_pooled_ && !is_in_transaction) {
        co_return true;  // It holds no connection of the server, so nothing was left in one.
    }
    const auto deadline = Clock::now() + limits_.grace;
    Interlude interlude(self);
    if (PQsendQuery(connection_.get(),
                    is_pooled_ ? "rollback"
                    : is_in_transaction
                        ? "rollback; close all; set session authorization default; reset all; "
                          "unlisten *; select pg_advisory_unlock_all(); discard temp; "
                          "discard sequences"
                        : "close all; set session authorization default; reset all; unlisten *; "
                          "select pg_advisory_unlock_all(); discard temp; discard sequences") !=
        1) {
        co_return false;
    }
    bool is_clean = true;
    while (const auto result = co_await next_result(deadline)) {
        is_clean = is_clean && PQresultStatus(result.get()) != PGRES_FATAL_ERROR;
        if (PQstatus(connection_.get()) == CONNECTION_BAD) {
            co_return false;
        }
    }
    is_clean = is_clean && is_idle(*self);
    if (is_clean) {
        interlude.end();
    }
    co_return is_clean;
}

}  // namespace caisson::pg
