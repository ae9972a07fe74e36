// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/link.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/redis/ask.h"
#include "drivers/redis/greeting.h"

namespace caisson::redis {

namespace asio = boost::asio;
using std::chrono::milliseconds;

Link::Link(asio::any_io_executor executor, Settings settings, milliseconds grace)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      grace_(grace),
      stream_(make_stream(executor_, settings_)),
      timer_(executor_) {}

Link::~Link() { stream_->close(); }

asio::awaitable<void> Link::connect(milliseconds limit) {
    const auto self = shared_from_this();
    const auto deadline = Clock::now() + limit;
    struct Patience {
        bool is_over = false;
        bool is_needed = true;
    };
    const auto patience = std::make_shared<Patience>();
    asio::steady_timer timer(executor_, deadline);
    timer.async_wait([patience, stream = stream_](boost::system::error_code cancelled) {
        if (!cancelled && patience->is_needed) {
            patience->is_over = true;
            stream->close();
        }
    });
    try {
        co_await stream_->connect();
    } catch (const boost::system::system_error&) {
        if (!patience->is_over && !is_closed_) {
            throw;
        }
    }
    patience->is_needed = false;
    if (patience->is_over || is_closed_) {
        const auto why = is_closed_ ? std::string("the connection was closed")
                                    : fmt::format("it did not answer within {}", human(limit));
        close(Unanswered::Reason::connection, why);
        throw Error(Code::cannot_connect, fmt::format("Redis at {}: {}", settings_.text(), why))
            .with("server", settings_.text());
    }
    is_open_ = true;
    heard_ = Clock::now();
    read();
    try {
        co_await greet(deadline);
    } catch (...) {
        close(Unanswered::Reason::connection, "it was not ready");
        throw;
    }
}

asio::awaitable<void> Link::greet(Clock::time_point deadline) {
    Ask ask;
    auto greetings = greetings_of(settings_);
    greetings.emplace_back(1, "PING");
    for (const auto& greeting : greetings) {
        ask.bytes += format(greeting);
    }
    ask.expected = greetings.size();
    ask.deadline = std::max(std::chrono::duration_cast<milliseconds>(deadline - Clock::now()),
                            milliseconds(1));
    // CLIENT SETNAME is always among them, so that there are several replies.
    const auto replies = co_await ask_all(shared_from_this(), std::move(ask));
    for (const auto& reply : replies) {
        if (reply.is_error()) {
            throw refused(settings_, reply.value);
        }
    }
}

asio::awaitable<Reply> Link::command(std::vector<std::string> arguments, milliseconds limit) {
    Ask ask;
    ask.bytes = format(arguments);
    ask.deadline = limit;
    auto reply = co_await ask_one(shared_from_this(), std::move(ask));
    if (reply.is_error()) {
        throw rejected(settings_, arguments.front(), reply.value);
    }
    co_return reply;
}

void Link::submit(RequestPointer request) {
    if (!is_open_ || on_reply_) {
        request->give_up(std::make_exception_ptr(
            Unanswered(Unanswered::Reason::connection, request->may_have_run,
                       fmt::format("Redis at {}: the connection was closed", settings_.text()))));
        return;
    }
    request->start = handed_ + out_.size();
    out_ += request->bytes;
    watch_deadline(request->deadline);
    in_flight_.push_back(std::move(request));
    flush_soon();
}

void Link::hear(std::function<void(Reply)> on_reply) { on_reply_ = std::move(on_reply); }

void Link::write(std::string_view bytes) {
    if (is_open_) {
        out_ += bytes;
        flush_soon();
    }
}

void Link::flush_soon() {
    if (will_flush_ || is_writing_) {
        return;
    }
    will_flush_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        if (std::exchange(self->will_flush_, false)) {
            self->flush();
        }
    });
}

void Link::flush() {
    if (is_writing_ || out_.empty() || !is_open_) {
        return;
    }
    is_writing_ = true;
    writing_.clear();
    writing_.swap(out_);
    handed_ += writing_.size();
    ++writes_;
    stream_->write(writing_,
                   [self = shared_from_this()](boost::system::error_code failure, std::size_t) {
                       self->is_writing_ = false;
                       if (failure) {
                           self->close(Unanswered::Reason::connection, failure.message());
                       } else {
                           self->flush();
                       }
                   });
}

void Link::read() {
    if (!is_open_) {
        return;
    }
    stream_->read_some(
        buffer_.data(), buffer_.size(),
        [self = shared_from_this()](boost::system::error_code failure, std::size_t size) {
            self->on_read(failure, size);
        });
}

/// One reply, to whom it belongs. False when it belongs to nobody.
bool Link::take(Reply reply) {
    if (on_reply_) {
        on_reply_(std::move(reply));
        return true;
    }
    if (in_flight_.empty()) {
        return false;
    }
    auto& request = *in_flight_.front();
    if (request.start >= handed_) {
        return false;  // Answered before it was asked.
    }
    if (request.expected == 1) {
        request.reply = std::move(reply);
    } else {
        request.replies.push_back(std::move(reply));
    }
    if (++request.answered == request.expected) {
        ++answered_;
        complete_.push_back(std::move(in_flight_.front()));
        in_flight_.pop_front();
    }
    return true;
}

/// Fewer are not worth a write of their own.
constexpr std::size_t worth_halving = 32;

void Link::on_read(boost::system::error_code failure, std::size_t size) {
    if (!is_open_) {
        return;
    }
    heard_ = Clock::now();
    std::string broken;
    if (failure) {
        broken =
            failure == asio::error::eof ? "the server closed the connection" : failure.message();
    } else {
        try {
            reader_.feed({buffer_.data(), size});
            while (auto reply = reader_.next()) {
                if (!take(std::move(*reply))) {
                    broken = "it answered what nobody had asked";
                    break;
                }
            }
        } catch (const Error& error) {
            broken = error.message();
        }
    }
    if (!broken.empty()) {
        close(Unanswered::Reason::connection, broken);
    }
    // Callers go on inside: they may ask for more, or close us.
    const auto self = shared_from_this();
    auto complete = std::exchange(complete_, {});
    // The server works on what the first half asks next while the second half is told.
    const auto half = complete.size() >= worth_halving ? complete.size() / 2 : complete.size();
    for (std::size_t i = 0; i < complete.size(); ++i) {
        if (i == half) {
            flush();
        }
        if (!complete[i]->abandoned) {
            complete[i]->complete();
        }
    }
    flush();
    read();
}

void Link::close(Unanswered::Reason reason, const std::string& why) {
    if (is_closed_) {
        return;
    }
    const auto self = shared_from_this();
    is_closed_ = true;
    is_open_ = false;
    stream_->close();
    timer_.cancel();
    std::vector<RequestPointer> elsewhere;
    for (auto& request : std::exchange(in_flight_, {})) {
        if (request->abandoned) {
            continue;
        }
        const bool was_sent = request->start < handed_;
        request->may_have_run = request->may_have_run || was_sent;
        if (on_broken && reason == Unanswered::Reason::connection &&
            (!was_sent || request->idempotent)) {
            request->answered = 0;
            request->replies.clear();
            elsewhere.push_back(std::move(request));
            continue;
        }
        request->give_up(std::make_exception_ptr(Unanswered(
            reason, request->may_have_run, fmt::format("Redis at {}: {}", settings_.text(), why))));
    }
    out_.clear();
    on_reply_ = nullptr;
    if (const auto told = std::exchange(on_broken, nullptr)) {
        told(std::move(elsewhere), why);
    }
}

/// One timer for all: set again only for what is due before everything else, or when it fires.
void Link::watch_deadline(Clock::time_point deadline) {
    if (deadline >= timer_at_) {
        return;
    }
    timer_at_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto link = self.lock(); link && !cancelled && link->is_open_) {
            link->on_deadline();
        }
    });
}

void Link::on_deadline() {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    for (const auto& request : in_flight_) {
        if (request->abandoned) {
            continue;
        }
        if (request->deadline <= now) {
            request->give_up(std::make_exception_ptr(Unanswered(
                Unanswered::Reason::deadline, request->may_have_run || request->start < handed_,
                fmt::format("Redis at {} did not answer in time", settings_.text()))));
        } else {
            next = std::min(next, request->deadline);
        }
    }
    timer_at_ = Clock::time_point::max();
    if (!in_flight_.empty()) {
        const auto given_up = in_flight_.front()->deadline + grace_;
        if (given_up <= now && heard_ + grace_ <= now) {
            // Everybody is stuck behind it.
            close(Unanswered::Reason::connection,
                  fmt::format("it did not answer for {} longer than it was given", human(grace_)));
            return;
        }
        next = std::min(next, std::max(given_up, heard_ + grace_));
    }
    if (next != Clock::time_point::max()) {
        watch_deadline(next);
    }
}

}  // namespace caisson::redis
