// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/client_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "drivers/redis/greeting.h"

namespace caisson::redis {

namespace asio = boost::asio;

Client::State::State(asio::any_io_executor executor, Sentinels sentinels, Settings settings,
                     ClientLimits limits, Tracking tracking)
    : executor_(std::move(executor)),
      sentinels_(std::move(sentinels)),
      settings_(std::move(settings)),
      limits_(limits),
      tracking_(std::move(tracking)),
      queue_timer_(executor_),
      retry_timer_(executor_),
      check_timer_(executor_) {}

void Client::State::submit(RequestPointer request) {
    if (is_closed_) {
        request->give_up(std::make_exception_ptr(
            Unanswered(Unanswered::Reason::closed, false, "the Redis client was closed")));
        return;
    }
    const auto there = waiting_.size() + (link_ ? link_->in_flight() : 0);
    if (there >= limits_.requests) {
        ++stats_.refused;
        request->give_up(std::make_exception_ptr(
            Unanswered(Unanswered::Reason::full, false,
                       fmt::format("{} requests were waiting for Redis at {} already",
                                   limits_.requests, settings_.text()))));
        return;
    }
    if (link_) {
        link_->submit(std::move(request));
    } else {
        wait(std::move(request), false);
    }
}

void Client::State::wait(RequestPointer request, bool at_front) {
    watch_queue(request->deadline);
    if (at_front) {
        waiting_.push_front(std::move(request));
    } else {
        waiting_.push_back(std::move(request));
    }
}

void Client::State::send_waiting() {
    for (auto& request : std::exchange(waiting_, {})) {
        if (request->abandoned) {
            continue;
        }
        if (link_) {
            link_->submit(std::move(request));
        } else {
            wait(std::move(request), false);
        }
    }
}

void Client::State::watch_queue(Clock::time_point until) {
    if (until >= queue_timer_at_) {
        return;
    }
    queue_timer_at_ = until;
    queue_timer_.expires_at(until);
    queue_timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto state = self.lock(); state && !cancelled) {
            state->expire_waiting();
        }
    });
}

void Client::State::expire_waiting() {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    std::erase_if(waiting_, [&](const RequestPointer& request) {
        if (request->abandoned) {
            return true;
        }
        if (request->deadline > now) {
            next = std::min(next, request->deadline);
            return false;
        }
        ++stats_.timeouts;
        request->give_up(std::make_exception_ptr(Unanswered(
            Unanswered::Reason::deadline, request->may_have_run,
            fmt::format("Redis at {} could not be reached in time{}", settings_.text(),
                        stats_.last_failure.empty() ? "" : ": " + stats_.last_failure))));
        return true;
    });
    queue_timer_at_ = Clock::time_point::max();
    watch_queue(next);
}

ClientStats Client::State::stats() const {
    auto stats = stats_;
    stats.waiting = waiting_.size();
    stats.server = settings_.text();
    if (link_) {
        stats.is_connected = true;
        stats.in_flight = link_->in_flight();
        stats.answered += link_->answered();
        stats.writes += link_->writes();
    }
    return stats;
}

void Client::State::close() {
    if (is_closed_) {
        return;
    }
    is_closed_ = true;
    queue_timer_.cancel();
    retry_timer_.cancel();
    check_timer_.cancel();
    for (const auto& follower : std::exchange(followers_, {})) {
        follower->close();
    }
    for (auto& request : std::exchange(waiting_, {})) {
        if (!request->abandoned) {
            request->give_up(std::make_exception_ptr(Unanswered(
                Unanswered::Reason::closed, request->may_have_run, "the Redis client was closed")));
        }
    }
    if (link_) {
        stats_.answered += link_->answered();
        stats_.writes += link_->writes();
    }
    for (auto* const one : {&link_, &opening_, &ear_}) {
        if (const auto link = std::exchange(*one, nullptr)) {
            link->close(Unanswered::Reason::closed, "the Redis client was closed");
        }
    }
}

}  // namespace caisson::redis
