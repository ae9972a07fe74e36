// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/connection.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/kept.h"
#include "drivers/pg/libpq.h"
#include "drivers/pg/quote.h"

namespace caisson::pg {
namespace {

/// Data of a COPY that libpq may hold before the server has taken them.
constexpr std::size_t most_unflushed = std::size_t{64} << 10U;

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using libpq::field;
using OwnedResult = libpq::Owned<pg_result>;

}  // namespace

void ignore_environment() {
    // Source: PostgreSQL, "Environment Variables" of libpq.
    for (const char* const name :
         {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE",
          "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGAPPNAME", "PGTARGETSESSIONATTRS",
          "PGLOADBALANCEHOSTS", "PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGGEQO"}) {
        ::unsetenv(name);
    }
}

Parameter::Parameter(double value) : text_(fmt::format("{}", value)) {}

std::string Settings::text() const {
    return host.rfind('/', 0) == 0
               ? fmt::format("{}@{}/.s.PGSQL.{} database {}", user, host, port, database)
               : fmt::format("{}@{}:{} database {}", user, host, port, database);
}

void Connection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(const Settings& settings)
    : settings_(settings), notices_(std::make_unique<std::vector<Notice>>()) {
    connect();
}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

void Connection::connect() {
    connection_.reset(libpq::start(settings_).release());
    const auto deadline = steady_clock::now() + settings_.connect_limit;
    auto state = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED
                                                               : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        if (!wait(state == PGRES_POLLING_WRITING, deadline)) {
            throw Error(Code::cannot_connect,
                        fmt::format("{} did not answer within {}", settings_.text(),
                                    human(settings_.connect_limit)));
        }
        state = PQconnectPoll(connection_.get());
    }
    if (state == PGRES_POLLING_FAILED) {
        fail_broken();
    }
    PQsetnonblocking(connection_.get(), 1);
    PQsetNoticeReceiver(
        connection_.get(),
        [](void* list, const PGresult* result) {
            static_cast<std::vector<Notice>*>(list)->push_back(
                {field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                 field(result, PG_DIAG_MESSAGE_PRIMARY)});
        },
        notices_.get());
}

bool Connection::wait(bool for_write, steady_clock::time_point deadline) {
    const auto events = static_cast<short>(for_write ? POLLOUT | POLLIN : POLLIN);
    while (true) {
        std::array<pollfd, 2> waits = {pollfd{PQsocket(connection_.get()), events, 0},
                                       pollfd{interrupt::descriptor(), POLLIN, 0}};
        int limit = -1;
        if (deadline != steady_clock::time_point::max()) {
            const auto left =
                std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
            if (left <= 0) {
                return false;
            }
            limit = static_cast<int>(left);
        }
        const int ready = ::poll(waits.data(), waits.size(), limit);
        interrupt::check();
        if (ready > 0 && waits[0].revents != 0) {
            return true;
        }
    }
}

void Connection::send(bool accepted) {
    if (!accepted) {
        fail_broken();
    }
}

/// Until the next answer can be taken without blocking.
void Connection::await_readiness() {
    const auto deadline = wait_limit_.count() > 0 ? steady_clock::now() + wait_limit_
                                                  : steady_clock::time_point::max();
    try {
        int unsent = PQflush(connection_.get());
        while (unsent > 0 || PQisBusy(connection_.get()) == 1) {
            if (!wait(unsent > 0, deadline)) {
                connection_.reset();
                throw Error(Code::cannot_connect,
                            fmt::format("{} did not answer within {}", settings_.text(),
                                        human(wait_limit_)));
            }
            if (PQconsumeInput(connection_.get()) == 0) {
                fail_broken();
            }
            unsent = PQflush(connection_.get());
        }
        if (unsent < 0) {
            fail_broken();
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            cancel_and_drain();
        }
        throw;
    }
}

pg_result* Connection::next_result() {
    await_readiness();
    return PQgetResult(connection_.get());
}

void Connection::cancel_and_drain() {
    const libpq::Owned<PGcancel> request(PQgetCancel(connection_.get()));
    std::array<char, 256> message{};
    if (request && PQcancel(request.get(), message.data(), static_cast<int>(message.size())) == 1) {
        while (pg_result* const result = PQgetResult(connection_.get())) {
            const auto status = PQresultStatus(result);
            PQclear(result);
            if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
                break;
            }
        }
    }
}

void Connection::fail_broken() { throw libpq::broken(connection_.get(), settings_); }

void Connection::fail(pg_result* result, std::size_t succeeded) {
    const OwnedResult owned(result);
    const std::string state = field(result, PG_DIAG_SQLSTATE);
    if (state.empty() || is_broken()) {
        if (state.empty()) {
            fail_broken();
        }
        throw Error(Code::cannot_connect, fmt::format("the server ended the connection: {}",
                                                      field(result, PG_DIAG_MESSAGE_PRIMARY)))
            .with("sqlstate", state)
            .with("database", settings_.database);
    }
    auto error = libpq::rejected(result, settings_);
    error.statement = succeeded;
    throw error;
}

/// A COPY where none was asked for: it is ended, because its state would be reported for ever.
bool Connection::end_copy(pg_result* result) {
    const auto status = PQresultStatus(result);
    if (status != PGRES_COPY_IN && status != PGRES_COPY_OUT) {
        return false;
    }
    PQclear(result);
    if (status == PGRES_COPY_IN) {
        send(PQputCopyEnd(connection_.get(), "COPY FROM STDIN has no data here") == 1);
    } else {
        char* row = nullptr;
        while (PQgetCopyData(connection_.get(), &row, 0) > 0) {
            PQfreemem(row);
        }
    }
    return true;
}

Result Connection::query(std::string_view statement, const Parameters& parameters) {
    if (!connection_) {
        fail_broken();
    }
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter.pointer());
    }
    const std::string text(statement);
    send(PQsendQueryParams(connection_.get(), text.c_str(), static_cast<int>(values.size()),
                           nullptr, values.data(), nullptr, nullptr, 0) == 1);
    // Owned: the connection may break, and next_result() throw, after the server has spoken.
    OwnedResult kept;
    OwnedResult failed;
    while (pg_result* const result = next_result()) {
        if (!end_copy(result)) {
            (PQresultStatus(result) == PGRES_FATAL_ERROR ? failed : kept).reset(result);
        }
    }
    if (failed) {
        fail(failed.release(), 0);
    }
    return Result(kept.release());
}

std::vector<Result> Connection::script(std::string_view statements) {
    if (!connection_) {
        fail_broken();
    }
    const std::string text(statements);
    send(PQsendQuery(connection_.get(), text.c_str()) == 1);
    std::vector<Result> results;
    OwnedResult failed;
    while (pg_result* const result = next_result()) {
        if (end_copy(result)) {
            continue;
        }
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            failed.reset(result);
        } else {
            results.emplace_back(result);
        }
        if (PQstatus(connection_.get()) == CONNECTION_BAD) {
            break;
        }
    }
    if (failed) {
        fail(failed.release(), results.size());
    }
    return results;
}

std::uint64_t Connection::copy_in(std::string_view statement,
                                  const std::function<std::string_view()>& next) {
    if (!connection_) {
        fail_broken();
    }
    const std::string text(statement);
    send(PQsendQuery(connection_.get(), text.c_str()) == 1);
    pg_result* result = next_result();
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        while (pg_result* const rest = next_result()) {
            PQclear(rest);
        }
        fail(result, 0);
    }
    PQclear(result);
    const auto put = [&](auto&& attempt) {
        int sent = 0;
        while ((sent = attempt()) == 0) {
            wait(true, steady_clock::time_point::max());
            PQflush(connection_.get());
            PQconsumeInput(connection_.get());
        }
        send(sent == 1);
    };
    // libpq keeps what the server does not take yet, however much it is.
    const auto flush = [&] {
        int unsent = 0;
        while ((unsent = PQflush(connection_.get())) > 0) {
            wait(true, steady_clock::time_point::max());
            PQconsumeInput(connection_.get());
        }
        send(unsent == 0);
    };
    std::exception_ptr stopped;
    std::size_t unflushed = 0;
    try {
        for (auto chunk = next(); !chunk.empty(); chunk = next()) {
            put([&] {
                return PQputCopyData(connection_.get(), chunk.data(),
                                     static_cast<int>(chunk.size()));
            });
            unflushed += chunk.size();
            if (unflushed >= most_unflushed) {
                flush();
                unflushed = 0;
            }
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    put([&] { return PQputCopyEnd(connection_.get(), stopped ? "the source failed" : nullptr); });
    pg_result* failed = nullptr;
    std::uint64_t rows = 0;
    while ((result = next_result()) != nullptr) {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            PQclear(std::exchange(failed, result));
        } else {
            rows = Result(result).affected();
        }
    }
    if (stopped) {
        PQclear(failed);
        std::rethrow_exception(stopped);
    }
    if (failed) {
        fail(failed, 0);
    }
    return rows;
}

std::uint64_t Connection::copy_out(std::string_view statement,
                                   const std::function<void(std::string_view)>& take) {
    if (!connection_) {
        fail_broken();
    }
    const std::string text(statement);
    send(PQsendQuery(connection_.get(), text.c_str()) == 1);
    pg_result* result = next_result();
    if (PQresultStatus(result) != PGRES_COPY_OUT) {
        while (pg_result* const rest = next_result()) {
            PQclear(rest);
        }
        fail(result, 0);
    }
    PQclear(result);
    while (true) {
        char* row = nullptr;
        const int size = PQgetCopyData(connection_.get(), &row, 1);
        if (size > 0) {
            const std::unique_ptr<char, decltype(&PQfreemem)> owned(row, PQfreemem);
            take({row, static_cast<std::size_t>(size)});
        } else if (size == 0) {
            wait(false, steady_clock::time_point::max());
            if (PQconsumeInput(connection_.get()) == 0) {
                fail_broken();
            }
        } else {
            break;
        }
    }
    // All that the server says is read, or the next statement would meet the rest of this one.
    OwnedResult failed;
    std::uint64_t rows = 0;
    while ((result = next_result()) != nullptr) {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            failed.reset(result);
        } else {
            rows = Result(result).affected();
        }
    }
    if (failed) {
        fail(failed.release(), 0);
    }
    return rows;
}

std::vector<Notice> Connection::take_notices() { return std::exchange(*notices_, {}); }

int Connection::server_version() const { return PQserverVersion(connection_.get()); }
int Connection::backend_process() const { return PQbackendPID(connection_.get()); }
bool Connection::is_broken() const {
    return !connection_ || PQstatus(connection_.get()) != CONNECTION_OK;
}

bool Connection::has_ended() {
    // A server that goes away says so first, so there may be more to read than the end.
    for (int attempt = 0; !is_broken() && attempt < 16; ++attempt) {
        pollfd waits{PQsocket(connection_.get()), POLLIN, 0};
        if (::poll(&waits, 1, 0) <= 0) {
            return false;
        }
        if (PQconsumeInput(connection_.get()) == 0) {
            return true;
        }
        PQisBusy(connection_.get());
    }
    return is_broken();
}

bool Connection::in_transaction() const {
    const auto status = connection_ ? PQtransactionStatus(connection_.get()) : PQTRANS_UNKNOWN;
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

std::string Connection::scram_verifier(const std::string& user, const std::string& password) const {
    char* const verifier =
        PQencryptPasswordConn(connection_.get(), password.c_str(), user.c_str(), "scram-sha-256");
    if (!verifier) {
        throw Error(Code::internal, "libpq made no SCRAM verifier");
    }
    std::string text(verifier);
    PQfreemem(verifier);
    return text;
}

Transaction::Transaction(Connection& connection, std::string_view begin) : connection_(connection) {
    connection_.query(begin);
}

Transaction::~Transaction() {
    if (open_ && !connection_.is_broken()) {
        try {
            connection_.query("rollback");
        } catch (const Error&) {
            // The server rolls back by itself once the connection is gone.
        }
    }
}

void Transaction::commit() {
    // COMMIT of a transaction in which a statement failed answers ROLLBACK, and no error: what
    // stands before it in the same message is refused there. SHOW takes no snapshot.
    try {
        connection_.script("show transaction_isolation; commit");
    } catch (const DatabaseError& error) {
        if (error.sqlstate != "25P02") {
            throw;
        }
        connection_.query("rollback");
        open_ = false;
        DatabaseError failure(Code::database_rejected,
                              "the transaction was rolled back: a statement in it had failed");
        failure.sqlstate = "25P02";
        throw failure;
    }
    open_ = false;
}

}  // namespace caisson::pg
