// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A blocking connection for verbs and workers: every wait can be interrupted (base/interrupt.h)
/// and is then cancelled at the server, so that nothing runs on behind our back. Threads: one at a
/// time.

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/error.h"
#include "drivers/pg/result.h"
#include "drivers/pg/settings.h"

struct pg_conn;

namespace caisson::pg {

class Arguments;
struct Prepared;
struct Query;
class Rows;
class Statement;

/// A value bound to $1, $2, …: sent beside the statement, never inside it. Nothing given is NULL.
class Parameter {
 public:
    Parameter(std::nullopt_t) {}
    Parameter(std::string_view text) : text_(text) {}
    Parameter(const std::string& text) : text_(text) {}
    Parameter(const char* text) : text_(text) {}
    Parameter(bool value) : text_(value ? "t" : "f") {}
    Parameter(int value) : text_(std::to_string(value)) {}
    Parameter(std::int64_t value) : text_(std::to_string(value)) {}
    Parameter(std::size_t value) : text_(std::to_string(value)) {}
    Parameter(double value);
    template <typename T>
    Parameter(const std::optional<T>& value) {
        if (value) {
            *this = Parameter(*value);
        }
    }
    const char* pointer() const { return text_ ? text_->c_str() : nullptr; }

 private:
    std::optional<std::string> text_;
};
using Parameters = std::vector<Parameter>;

/// A NOTICE or WARNING that the server sent along.
struct Notice {
    std::string severity;
    std::string message;
};

/// Forgets those environment variables of libpq (PGPASSWORD, PGHOSTADDR, PGOPTIONS, …) that would
/// come before a passfile, lead to another server, or change what values look like. Those of TLS
/// and Kerberos stay. Threads: before the first one is started.
void ignore_environment();

class Connection {
 public:
    /// Connects. Errors: cannot_connect, with the fact "sqlstate" when a server answered and
    /// refused.
    explicit Connection(const Settings& settings);
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    /// One statement, with parameters. Errors: DatabaseError; cannot_connect when the connection
    /// broke; interrupted.
    Result query(std::string_view statement, const Parameters& parameters = {});
    /// As query(), for what is asked again and again: prepared once and kept, as by fetch().
    /// Errors: as fetch().
    Result repeat(const Statement& statement, const Parameters& parameters = {});
    /// One statement with typed arguments; its rows come in binary where all columns can
    /// (codec.h). It is prepared once and kept, as a lane does; outdated outside of a transaction,
    /// it is prepared again. Errors: as query(); usage for arguments that do not fit.
    Rows fetch(const Statement& statement, const Arguments& arguments);
    /// All of them through the pipeline, one implicit transaction outside of one: all are applied
    /// or none. What they give is held in memory. Errors: as fetch(); DatabaseError.statement
    /// counts those that had succeeded.
    std::vector<Rows> fetch_all(const std::vector<Query>& queries);
    /// Any number of statements in ONE message of the simple protocol: one round trip, and one
    /// implicit transaction unless the text has its own BEGIN. Gives the results of all of them.
    /// Errors: as query(); DatabaseError.statement counts those that had succeeded.
    std::vector<Result> script(std::string_view statements);
    /// COPY … FROM STDIN: `next` gives chunk after chunk, an empty one at the end. Rows copied.
    /// When `next` throws, the COPY is failed at the server and the exception goes on.
    std::uint64_t copy_in(std::string_view statement,
                          const std::function<std::string_view()>& next);
    /// COPY … TO STDOUT: `take` gets each row's bytes as they arrive.
    std::uint64_t copy_out(std::string_view statement,
                           const std::function<void(std::string_view)>& take);

    /// Notices since the last call.
    std::vector<Notice> take_notices();
    /// 150015 for 15.15.
    int server_version() const;
    int backend_process() const;
    bool is_broken() const;
    /// Whether the server has closed an idle connection meanwhile. Looks at the socket only: no
    /// round trip.
    bool has_ended();
    bool in_transaction() const;
    /// The SCRAM-SHA-256 verifier of a password: what is sent instead of it.
    std::string scram_verifier(const std::string& user, const std::string& password) const;
    /// Waits at most this long for each answer from now on; zero waits for ever (the default).
    /// Errors of later calls: cannot_connect once it is over; the connection is then broken.
    void limit_waits(std::chrono::milliseconds limit) { wait_limit_ = limit; }
    const Settings& settings() const { return settings_; }

 private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    friend struct Description describe(Connection& connection, std::string_view statement);
    struct Kept;
    void connect();
    void prepare(const char* name, const std::string& text);
    void refuse_pooler();
    Prepared& prepared(const Statement& statement);
    void evict_statements();
    pg_result* only_result();
    void send_prepared(const Prepared& prepared, const Arguments& arguments);
    template <typename Send>
    pg_result* ask_prepared(const Statement& statement, const Send& send_one);
    void send(bool accepted);
    pg_result* next_result();
    bool end_copy(pg_result* result);
    bool wait(bool for_write, std::chrono::steady_clock::time_point deadline);
    void await_readiness();
    void cancel_and_drain();
    [[noreturn]] void fail_broken();
    [[noreturn]] void fail(pg_result* result, std::size_t succeeded);

    Settings settings_;
    std::unique_ptr<pg_conn, Close> connection_;
    std::unique_ptr<std::vector<Notice>> notices_;
    std::unique_ptr<Kept> kept_;  ///< Statements that are prepared.
    std::chrono::milliseconds wait_limit_{0};
};

/// BEGIN now, ROLLBACK in the destructor unless committed.
class Transaction {
 public:
    explicit Transaction(Connection& connection, std::string_view begin = "begin");
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

 private:
    Connection& connection_;
    bool open_ = true;
};

}  // namespace caisson::pg
