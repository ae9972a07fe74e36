// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/pool_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::pg {

namespace asio = boost::asio;

Pool::State::State(asio::any_io_executor executor, Settings settings, PoolLimits limits)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      limits_(limits),
      queue_timer_(executor_),
      reap_timer_(executor_),
      retry_timer_(executor_) {
    limits_.max = std::max<std::size_t>(limits_.max, 1);
    limits_.min = std::min(limits_.min, limits_.max);
    limits_.depth = std::max<std::size_t>(limits_.depth, 1);
    if (limits_.alone == 0) {
        // One lane always remains for short requests, where there is more than one.
        limits_.alone = std::max<std::size_t>(limits_.max - 1, 1);
    }
}

void Pool::State::submit(RequestPointer request) {
    if (is_closed_) {
        request->give_up(std::make_exception_ptr(
            Unanswered(Unanswered::Reason::closed, false, "the pool was closed")));
        return;
    }
    if (!request->wants_lane && !request->session) {
        // Whatever was set in the connection it got would decide what it sees.
        request->give_up(std::make_exception_ptr(
            Error(Code::internal, "a request came to the pool without a session")));
        return;
    }
    if (!request->wants_lane && waiting_.empty()) {
        if (auto* const entry = least_loaded()) {
            entry->core->submit(std::move(request));
            grow();
            return;
        }
    }
    if (waiting_.size() + waiting_alone_.size() >= limits_.waiting) {
        ++stats_.refused;
        request->give_up(std::make_exception_ptr(
            Unanswered(Unanswered::Reason::full, false,
                       fmt::format("{} requests were waiting for {} already", limits_.waiting,
                                   settings_.text()))));
        return;
    }
    // Behind those who were here before.
    auto& queue = request->wants_lane ? waiting_alone_ : waiting_;
    enqueue(queue, std::move(request));
    dispatch();
    grow();
}

void Pool::State::enqueue(std::deque<Waiting>& queue, RequestPointer request) {
    const auto until = std::min(request->deadline, Clock::now() + limits_.acquire);
    watch_queue(until);
    queue.push_back({std::move(request), until});
}

/// With the fewest requests; one that seems to be stuck behind something slow only when there is no
/// other. Nothing when none has room.
Pool::State::Entry* Pool::State::least_loaded() {
    Entry* best = nullptr;
    std::size_t fewest = 0;
    for (auto& entry : lanes_) {
        const auto load = entry.core->in_flight();
        if (entry.use != Use::shared || !entry.core->is_open() || load >= limits_.depth) {
            continue;
        }
        const bool is_slow = load > 0 && Clock::now() - entry.core->head_since() > limits_.slow;
        const auto weight = load + (is_slow ? limits_.depth : 0);
        if (!best || weight < fewest) {
            best = &entry;
            fewest = weight;
        }
    }
    return best;
}

void Pool::State::dispatch() {
    grant();
    while (!waiting_.empty()) {
        if (waiting_.front().request->abandoned) {
            waiting_.pop_front();
            continue;
        }
        auto* const entry = least_loaded();
        if (!entry) {
            return;
        }
        auto request = std::move(waiting_.front().request);
        waiting_.pop_front();
        entry->core->submit(std::move(request));
    }
}

std::size_t Pool::State::held_alone() const {
    return static_cast<std::size_t>(std::ranges::count_if(lanes_, [](const Entry& entry) {
        return entry.use == Use::alone || entry.use == Use::cleaned || entry.use == Use::promised;
    }));
}

/// Gives lanes to those who want one alone: an idle one, else the one that will be so first.
void Pool::State::grant() {
    while (!waiting_alone_.empty() && waiting_alone_.front().request->abandoned) {
        waiting_alone_.pop_front();
    }
    for (auto& entry : lanes_) {
        if (waiting_alone_.empty()) {
            break;
        }
        const bool is_free = entry.core->is_open() && entry.core->in_flight() == 0 &&
                             (entry.use == Use::promised ||
                              (entry.use == Use::shared && held_alone() < limits_.alone));
        if (!is_free) {
            continue;
        }
        auto request = std::move(waiting_alone_.front().request);
        waiting_alone_.pop_front();
        if (request->abandoned) {
            continue;
        }
        entry.use = Use::alone;
        request->lane = entry.core;
        // Posted: who goes on may ask for more while we stand in this loop.
        request->complete_soon();
    }
    const auto promised =
        static_cast<std::size_t>(std::ranges::count(lanes_, Use::promised, &Entry::use));
    if (waiting_alone_.size() > promised && held_alone() < limits_.alone &&
        lanes_.size() + opening_ >= limits_.max) {
        Entry* first = nullptr;
        for (auto& entry : lanes_) {
            if (entry.use == Use::shared &&
                (!first || entry.core->in_flight() < first->core->in_flight())) {
                first = &entry;
            }
        }
        if (first) {
            first->use = Use::promised;
        }
    } else if (waiting_alone_.empty() && promised > 0) {
        // They gave up.
        for (auto& entry : lanes_) {
            entry.use = entry.use == Use::promised ? Use::shared : entry.use;
        }
    }
}

void Pool::State::watch_queue(Clock::time_point until) {
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

void Pool::State::expire_waiting() {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    expire(waiting_, now, next);
    expire(waiting_alone_, now, next);
    queue_timer_at_ = Clock::time_point::max();
    watch_queue(next);
}

void Pool::State::expire(std::deque<Waiting>& queue, Clock::time_point now,
                         Clock::time_point& next) {
    std::erase_if(queue, [&](Waiting& waiting) {
        if (waiting.request->abandoned) {
            return true;
        }
        if (waiting.until > now) {
            next = std::min(next, waiting.until);
            return false;
        }
        ++stats_.timeouts;
        const bool has_lanes = !lanes_.empty() || last_failure_.empty();
        waiting.request->give_up(std::make_exception_ptr(Unanswered(
            Unanswered::Reason::deadline, waiting.request->may_have_run,
            has_lanes ? fmt::format("{} had no room for the request in time: {} in use by {}",
                                    settings_.text(), counted(lanes_.size(), "lane"),
                                    counted(stats().in_flight, "request"))
                      : fmt::format("{} could not be reached in time: {}", settings_.text(),
                                    last_failure_))));
        return true;
    });
}

std::size_t Pool::State::load() const {
    std::size_t load = waiting_.size();
    for (const auto& entry : lanes_) {
        load += entry.core->in_flight();
    }
    return load;
}

PoolStats Pool::State::stats() const {
    auto stats = stats_;
    stats.opening = opening_;
    stats.waiting = waiting_.size();
    stats.waiting_alone = waiting_alone_.size();
    for (const auto& entry : lanes_) {
        const auto lane = entry.core->stats();
        ++stats.lanes;
        stats.idle += entry.use == Use::shared && lane.in_flight == 0 ? 1 : 0;
        stats.alone += entry.use == Use::alone ? 1 : 0;
        stats.in_flight += lane.in_flight;
        stats.answered += lane.answered;
        stats.run_again += lane.run_again;
        stats.prepares += lane.prepares;
    }
    return stats;
}

}  // namespace caisson::pg
