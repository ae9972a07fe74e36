// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/lease.h"

#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "drivers/pg/ask.h"
#include "drivers/pg/core.h"

namespace caisson::pg {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

/// Who waits for the thread of a cancel request, as long as somebody does. The executor is there as
/// long, and the thread touches nothing of it afterwards.
class Waiter {
 public:
    explicit Waiter(asio::steady_timer& timer) : timer_(&timer) {}
    void leave() {
        const std::lock_guard lock(mutex_);
        timer_ = nullptr;
    }
    static void wake(const std::shared_ptr<Waiter>& self) {
        const std::lock_guard lock(self->mutex_);
        if (self->timer_) {
            asio::post(self->timer_->get_executor(), [self] {
                const std::lock_guard again(self->mutex_);
                if (self->timer_) {
                    self->timer_->cancel();
                }
            });
        }
    }

 private:
    std::mutex mutex_;
    asio::steady_timer* timer_;
};

/// Leaves however the coroutine ends, also with its executor.
struct Leaving {
    explicit Leaving(std::shared_ptr<Waiter> one) : waiter(std::move(one)) {}
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
    ~Leaving() { waiter->leave(); }
    std::shared_ptr<Waiter> waiter;
};

Ask ask_until(Clock::time_point deadline) {
    Ask ask;
    // Elsewhere it would stand outside of its transaction, and without its user.
    ask.is_bound = true;
    ask.deadline = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (ask.deadline.count() <= 0) {
        throw Unanswered(Unanswered::Reason::deadline, false,
                         "the time of the transaction was over before the statement was sent");
    }
    return ask;
}

Clock::time_point deadline_of(const Lane::Core& core, const RequestOptions& options) {
    return Clock::now() + (options.deadline.count() > 0 ? options.deadline : core.limits().request);
}

}  // namespace

Lease::Lease(std::shared_ptr<Lane::Core> core,
             std::function<void(std::shared_ptr<Lane::Core>)> give_back)
    : core_(std::move(core)), give_back_(std::move(give_back)) {}

Lease::Lease(Lease&&) noexcept = default;

Lease::~Lease() {
    if (core_) {
        give_back_(std::move(core_));
    }
}

asio::awaitable<Rows> Lease::query(Session session, Statement statement, Arguments arguments,
                                   RequestOptions options) {
    if (core_->is_pooled()) {
        // It would change a connection that the pooler gives to somebody else.
        refuse_stateful(statement);
    }
    auto ask = ask_until(deadline_of(*core_, options));
    ask.session = std::move(session);
    ask.steps.push_back({std::move(statement), std::move(arguments)});
    return ask_one(core_, std::move(ask));
}

asio::awaitable<Lease::Transaction> Lease::begin(Session session, RequestOptions options,
                                                 std::string begin) {
    const auto core = core_;
    const auto deadline = deadline_of(*core, options);
    auto ask = ask_until(deadline);
    ask.steps.push_back({Statement(begin), {}});
    ask.steps.push_back(Lane::Core::preamble_of(session, deadline));
    co_await ask_all(core, std::move(ask));
    co_return Transaction(core, deadline);
}

asio::awaitable<Lease::Stream> Lease::stream(Session session, Statement statement,
                                             Arguments arguments, RequestOptions options) {
    const auto core = core_;
    const auto deadline = deadline_of(*core, options);
    auto ask = ask_until(deadline);
    ask.session = session;
    ask.only_prepares = true;
    Query query{std::move(statement), std::move(arguments)};
    ask.steps.push_back(query);
    co_await ask_one(core, std::move(ask));

    core->begin_manual();
    // From here on the lane is closed unless the stream comes to its end.
    Stream stream(core, query.statement, deadline);
    if (!core->send_alone(session, query, deadline)) {
        throw libpq::broken(core->connection(), core->settings());
    }
    const auto preamble = co_await core->next_result(deadline);
    if (PQresultStatus(preamble.get()) != PGRES_TUPLES_OK) {
        const auto failure = libpq::rejected(preamble.get(), core->settings());
        co_await stream.end();
        throw failure;
    }
    // The NULL behind it; only now is the statement the current one.
    co_await core->next_result(deadline);
    PQsetSingleRowMode(core->connection());
    co_return stream;
}

Lease::Stream::~Stream() {
    if (core_) {
        core_->close(Unanswered::Reason::connection, "a stream was not read to its end");
    }
}

asio::awaitable<std::optional<Rows>> Lease::Stream::next() {
    while (core_) {
        auto result = co_await core_->next_result(deadline_);
        switch (PQresultStatus(result.get())) {
            case PGRES_SINGLE_TUPLE:
                co_return Rows(result.release());
            case PGRES_TUPLES_OK:
            case PGRES_COMMAND_OK:
                co_await end();
                co_return std::nullopt;
            case PGRES_FATAL_ERROR: {
                if (libpq::field(result.get(), PG_DIAG_SQLSTATE).empty()) {
                    throw libpq::broken(core_->connection(), core_->settings());
                }
                const auto failure = libpq::rejected(result.get(), core_->settings());
                if (Lane::Core::is_outdated(result.get())) {
                    core_->forget(statement_);
                }
                co_await end();
                throw failure;
            }
            default:
                throw Error(Code::internal, fmt::format("a stream was answered with {}",
                                                        PQresStatus(PQresultStatus(result.get()))));
        }
    }
    co_return std::nullopt;
}

asio::awaitable<void> Lease::Stream::end() {
    std::exception_ptr failure;
    while (true) {
        const auto result = co_await core_->next_result(deadline_);
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_PIPELINE_SYNC) {
            break;
        }
        if (result && status == PGRES_FATAL_ERROR && !failure) {
            // Behind its rows: a deferred constraint that the implicit commit violates.
            failure = std::make_exception_ptr(libpq::rejected(result.get(), core_->settings()));
        }
        if (PQstatus(core_->connection()) == CONNECTION_BAD) {
            throw libpq::broken(core_->connection(), core_->settings());
        }
    }
    std::exchange(core_, nullptr)->end_manual();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

/// PQcancel() connects and waits, without a limit: a thread of its own does, and what waits for the
/// thread waits for a limited time. A server that hangs keeps that thread, and nothing else.
asio::awaitable<void> Lease::cancel() {
    const std::shared_ptr<PGcancel> request(PQgetCancel(core_->connection()), PQfreeCancel);
    asio::steady_timer timer(core_->executor(), core_->settings().connect_limit);
    const Leaving leaving(std::make_shared<Waiter>(timer));
    std::thread([request, waiter = leaving.waiter] {
        std::array<char, 256> message{};
        PQcancel(request.get(), message.data(), static_cast<int>(message.size()));
        Waiter::wake(waiter);
    }).detach();
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

int Lease::backend_process() const { return PQbackendPID(core_->connection()); }

asio::awaitable<Rows> Lease::Transaction::query(Statement statement, Arguments arguments) {
    auto ask = ask_until(deadline_);
    ask.steps.push_back({std::move(statement), std::move(arguments)});
    return ask_one(core_, std::move(ask));
}

asio::awaitable<std::vector<Rows>> Lease::Transaction::batch(std::vector<Query> queries) {
    auto ask = ask_until(deadline_);
    for (auto& query : queries) {
        ask.steps.push_back(std::move(query));
    }
    return ask_all(core_, std::move(ask));
}

asio::awaitable<void> Lease::Transaction::commit() {
    const auto rows = co_await query("commit");
    if (rows.tag() != "COMMIT") {
        DatabaseError failure(Code::database_rejected,
                              "the transaction was rolled back: a statement in it had failed");
        failure.sqlstate = "25P02";
        throw failure;
    }
}

asio::awaitable<void> Lease::Transaction::rollback() { co_await query("rollback"); }

}  // namespace caisson::pg
