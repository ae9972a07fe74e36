// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/core.h"

namespace caisson::pg {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

using Addresses = std::vector<std::string>;

/// Where a host is: libpq would ask, too, but the whole thread would wait. One empty address where
/// nothing is to be asked. Errors: cannot_connect.
asio::awaitable<Addresses> addresses_of(const Settings& settings, asio::any_io_executor executor,
                                        std::chrono::steady_clock::time_point deadline) {
    boost::system::error_code is_name;
    asio::ip::make_address(settings.host, is_name);
    if (settings.host.empty() || settings.host.front() == '/' || settings.host.front() == '@' ||
        !settings.address.empty() || !is_name) {
        co_return Addresses{std::string()};
    }
    // Kept by the answer, which may come long after nobody waits for it any more.
    struct Lookup {
        explicit Lookup(const asio::any_io_executor& on) : resolver(on), timer(on) {}
        asio::ip::tcp::resolver resolver;
        asio::steady_timer timer;
        bool is_over = false;
        Addresses found;
        boost::system::error_code failure;
    };
    const auto lookup = std::make_shared<Lookup>(executor);
    lookup->timer.expires_at(deadline);
    lookup->resolver.async_resolve(
        settings.host, "", [lookup](boost::system::error_code failure, auto results) {
            lookup->is_over = true;
            lookup->failure = failure;
            for (const auto& result : results) {
                auto address = result.endpoint().address().to_string();
                if (std::ranges::find(lookup->found, address) == lookup->found.end()) {
                    lookup->found.push_back(std::move(address));
                }
            }
            lookup->timer.cancel();
        });
    co_await lookup->timer.async_wait(quietly);
    if (lookup->found.empty()) {
        throw Error(Code::cannot_connect,
                    fmt::format("cannot connect to {}: {}", settings.text(),
                                !lookup->is_over  ? "its name was not found in time"
                                : lookup->failure ? lookup->failure.message()
                                                  : "its name has no address"));
    }
    co_return lookup->found;
}

}  // namespace

asio::awaitable<void> Lane::Core::connect() {
    const auto self = shared_from_this();
    const auto deadline = Clock::now() + settings_.connect_limit;
    const auto addresses = co_await addresses_of(settings_, executor_, deadline);
    for (std::size_t i = 0;; ++i) {
        // Each of those that are left gets the same share of the time.
        const auto share = (deadline - Clock::now()) / static_cast<long>(addresses.size() - i);
        try {
            co_await connect_to(addresses[i], Clock::now() + share);
            co_return;
        } catch (const Error&) {
            if (i + 1 == addresses.size()) {
                throw;
            }
        }
    }
}

asio::awaitable<void> Lane::Core::connect_to(std::string address, Clock::time_point deadline) {
    connection_ = libpq::start(settings_, address);
    // libpq would print them.
    PQsetNoticeReceiver(
        connection_.get(), [](void*, const PGresult*) {}, nullptr);
    auto state = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED
                                                               : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        // libpq may have gone to another socket, and closes one on its way.
        attach_socket();
        bool is_late = false;
        try {
            co_await await_socket(state == PGRES_POLLING_WRITING, deadline);
        } catch (const Unanswered&) {
            is_late = true;
        }
        release_socket();
        if (is_late || !connection_) {
            connection_.reset();
            throw Error(Code::cannot_connect,
                        fmt::format("{} did not answer within {}", settings_.text(),
                                    human(settings_.connect_limit)));
        }
        state = PQconnectPoll(connection_.get());
    }
    if (state == PGRES_POLLING_OK && PQsetnonblocking(connection_.get(), 1) == 0) {
        attach_socket();
        co_await look_for_pooler(deadline);
    }
    if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK ||
        PQenterPipelineMode(connection_.get()) != 1) {
        auto error = libpq::broken(connection_.get(), settings_);
        release_socket();
        connection_.reset();
        throw error;
    }
    watch_readable();
}

asio::awaitable<void> Lane::Core::look_for_pooler(Clock::time_point deadline) {
    try {
        if (PQsendQuery(connection_.get(), "select pg_backend_pid()") != 1) {
            co_return;
        }
        while (const auto result = co_await next_result(deadline)) {
            if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
                is_pooled_ = std::to_string(PQbackendPID(connection_.get())) !=
                             PQgetvalue(result.get(), 0, 0);
            } else if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
                throw libpq::broken(connection_.get(), settings_);
            }
        }
    } catch (...) {
        release_socket();
        connection_.reset();
        throw;
    }
}

void Lane::Core::attach_socket() {
    if (!socket_.is_open()) {
        socket_.assign(PQsocket(connection_.get()));
    }
}

/// The descriptor is libpq's to close.
void Lane::Core::release_socket() {
    ++watch_;
    is_reading_ = false;
    is_writing_ = false;
    if (socket_.is_open()) {
        socket_.release();
    }
}

void Lane::Core::watch_readable() {
    if (is_reading_) {
        return;
    }
    is_reading_ = true;
    socket_.async_wait(stream_descriptor::wait_read,
                       [self = shared_from_this(), watch = watch_](boost::system::error_code) {
                           if (watch == self->watch_) {
                               self->is_reading_ = false;
                               self->on_readable();
                           }
                       });
}

/// As watch_readable(), without waiting; others that are ready come first.
void Lane::Core::look_again() {
    is_reading_ = true;
    asio::post(executor_, [self = shared_from_this(), watch = watch_] {
        if (watch == self->watch_) {
            self->is_reading_ = false;
            self->on_readable();
        }
    });
}

void Lane::Core::watch_writable() {
    if (is_writing_) {
        return;
    }
    is_writing_ = true;
    socket_.async_wait(stream_descriptor::wait_write,
                       [self = shared_from_this(), watch = watch_](boost::system::error_code) {
                           if (watch != self->watch_) {
                               return;
                           }
                           self->is_writing_ = false;
                           // A failure shows when the socket is read, behind what was answered.
                           if (PQflush(self->connection_.get()) > 0) {
                               self->watch_writable();
                           }
                       });
}

/// One timer for all: set again only for what is due before everything else, or when it fires.
void Lane::Core::watch_deadline(Clock::time_point deadline) {
    if (deadline >= timer_at_) {
        return;
    }
    timer_at_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        if (!cancelled && self->connection_) {
            self->on_deadline();
        }
    });
}

void Lane::Core::on_deadline() {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    const auto expire = [&](Request& request, bool was_sent) {
        if (request.abandoned || request.kind != Request::Kind::work) {
            return;  // What a lane asks for itself is for everybody that waits behind it.
        }
        if (request.deadline <= now) {
            request.give_up(std::make_exception_ptr(
                Unanswered(Unanswered::Reason::deadline, was_sent || request.may_have_run,
                           fmt::format("{} did not answer in time", settings_.text()))));
        } else {
            next = std::min(next, request.deadline);
        }
    };
    for (const auto& request : in_flight_) {
        expire(*request, true);
    }
    statements_.for_each_waiting([&](Request& request) { expire(request, false); });
    timer_at_ = Clock::time_point::max();
    if (!in_flight_.empty()) {
        // The server ends what takes too long by itself. When even that does not come back, the
        // lane is stuck, with everybody behind it.
        const auto given_up = in_flight_.front()->deadline + limits_.grace;
        if (given_up <= now) {
            close(Unanswered::Reason::connection,
                  fmt::format("it did not answer for {} longer than it was given",
                              human(limits_.grace)));
            return;
        }
        next = std::min(next, given_up);
    }
    watch_deadline(next);
}

void Lane::Core::begin_manual() {
    if (!is_open() || is_manual_ || in_flight() > 0) {
        throw Error(Code::usage, is_open() ? "the lane is busy with another request of its holder"
                                           : "the lane was closed");
    }
    is_manual_ = true;
    ++watch_;
    is_reading_ = false;
    is_writing_ = false;
    socket_.cancel();
}

void Lane::Core::end_manual() {
    is_manual_ = false;
    if (is_open()) {
        watch_readable();
    }
}

asio::awaitable<void> Lane::Core::await_socket(bool for_write, Clock::time_point deadline) {
    const auto self = shared_from_this();
    const auto wait = ++manual_wait_;
    is_late_ = false;
    if (deadline != Clock::time_point::max()) {
        manual_timer_.expires_at(deadline);
        manual_timer_.async_wait([self, wait](boost::system::error_code cancelled) {
            if (!cancelled && self->manual_wait_ == wait && self->socket_.is_open()) {
                self->is_late_ = true;
                self->socket_.cancel();
            }
        });
    }
    const auto [failure] = co_await socket_.async_wait(
        for_write ? stream_descriptor::wait_write : stream_descriptor::wait_read, quietly);
    ++manual_wait_;
    manual_timer_.cancel();
    if (is_late_) {
        throw Unanswered(Unanswered::Reason::deadline, true,
                         fmt::format("{} did not answer in time", settings_.text()));
    }
    if (!connection_) {
        throw Unanswered(Unanswered::Reason::closed, true, "the lane was closed");
    }
    if (failure) {
        throw boost::system::system_error(failure);
    }
}

asio::awaitable<void> Lane::Core::flush(Clock::time_point deadline) {
    int unsent = PQflush(connection_.get());
    while (unsent > 0) {
        co_await await_socket(true, deadline);
        if (!connection_ || PQconsumeInput(connection_.get()) == 0) {
            break;
        }
        unsent = PQflush(connection_.get());
    }
    if (unsent != 0) {
        throw libpq::broken(connection_.get(), settings_);
    }
}

asio::awaitable<libpq::Owned<pg_result>> Lane::Core::next_result(Clock::time_point deadline) {
    while (connection_ && PQisBusy(connection_.get()) == 1) {
        if (PQflush(connection_.get()) < 0) {
            break;
        }
        co_await await_socket(false, deadline);
        if (connection_ && PQconsumeInput(connection_.get()) == 0 &&
            PQisBusy(connection_.get()) == 1) {
            break;
        }
    }
    if (!connection_ || PQisBusy(connection_.get()) == 1) {
        throw libpq::broken(connection_.get(), settings_);
    }
    co_return libpq::Owned<pg_result>(PQgetResult(connection_.get()));
}

}  // namespace caisson::pg
