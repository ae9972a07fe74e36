// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "drivers/pg/pool_state.h"

namespace caisson::pg {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

/// More requests in flight than this, and another lane is opened while there may be one.
constexpr std::size_t busy = 16;
/// Attempts at a time: a second one, because the first may hang on a server that just went away.
constexpr std::size_t most_opening = 2;
/// A request that every lane breaks at is the reason that they do.
constexpr std::uint8_t most_moves = 2;
/// How long a health check may take.
constexpr milliseconds check_limit{2'000};

}  // namespace

void Pool::State::begin() { maintain(); }

Pool::State::Entry* Pool::State::entry_of(const Lane::Core* core) {
    const auto found =
        std::ranges::find_if(lanes_, [&](const Entry& entry) { return entry.core.get() == core; });
    return found == lanes_.end() ? nullptr : &*found;
}

/// Takes it off the list; what it has counted stays.
void Pool::State::forget(const Lane::Core* core) {
    const auto found =
        std::ranges::find_if(lanes_, [&](const Entry& entry) { return entry.core.get() == core; });
    if (found == lanes_.end()) {
        return;
    }
    const auto lane = core->stats();
    stats_.answered += lane.answered;
    stats_.run_again += lane.run_again;
    stats_.prepares += lane.prepares;
    // It may be the one that is just telling us.
    asio::post(executor_, [last = std::move(found->core)] {});
    lanes_.erase(found);
}

bool Pool::State::needs_lane() {
    const auto there = lanes_.size() + opening_;
    if (is_closed_ || there >= limits_.max || opening_ >= most_opening) {
        return false;
    }
    if (there < limits_.min) {
        return true;
    }
    if (opening_ > 0 && !lanes_.empty()) {
        return false;
    }
    if (!waiting_.empty() || !waiting_alone_.empty()) {
        return true;
    }
    const auto now = Clock::now();
    return !lanes_.empty() && std::ranges::all_of(lanes_, [&](const Entry& entry) {
        const auto load = entry.core->in_flight();
        return entry.use != Use::shared || load > busy ||
               (load > 0 && now - entry.core->head_since() > limits_.slow);
    });
}

void Pool::State::grow() {
    if (is_retrying_) {
        return;
    }
    while (needs_lane()) {
        open_one();
    }
}

void Pool::State::open_one() {
    ++opening_;
    asio::co_spawn(executor_, open(shared_from_this()),
                   [self = weak_from_this()](std::exception_ptr failure) {
                       const auto state = self.lock();
                       if (!state) {
                           return;
                       }
                       --state->opening_;
                       if (failure) {
                           ++state->stats_.not_opened;
                           try {
                               std::rethrow_exception(failure);
                           } catch (const std::exception& thrown) {
                               state->last_failure_ = thrown.what();
                           }
                           state->fail_waiting();
                           state->retry_later();
                           return;
                       }
                       state->dispatch();
                       state->grow();
                   });
}

asio::awaitable<void> Pool::State::open(std::shared_ptr<State> self) {
    const auto core =
        std::make_shared<Lane::Core>(self->executor_, self->settings_, self->limits_.lane);
    co_await core->connect();
    if (self->is_closed_) {
        core->close(Unanswered::Reason::closed, "the pool was closed");
    } else {
        self->adopt(core);
    }
}

void Pool::State::adopt(CorePointer core) {
    core->on_answers = [self = weak_from_this(), lane = core.get()] {
        if (const auto state = self.lock()) {
            state->lane_answered(lane);
        }
    };
    core->on_broken = [self = weak_from_this(),
                       lane = core.get()](std::vector<RequestPointer> elsewhere) {
        if (const auto state = self.lock()) {
            state->lane_broke(lane, std::move(elsewhere));
        }
    };
    ++stats_.opened;
    last_failure_.clear();
    // Spread by a tenth, so that lanes opened together do not end together.
    const auto tenth = std::max<milliseconds::rep>(limits_.lifetime.count() / 10, 1);
    std::uniform_int_distribution<milliseconds::rep> spread(-tenth, tenth);
    const auto now = Clock::now();
    lanes_.push_back({std::move(core), Use::shared,
                      now + limits_.lifetime + milliseconds(spread(random_)), now, now});
}

void Pool::State::lane_broke(const Lane::Core* core, std::vector<RequestPointer> elsewhere) {
    if (!entry_of(core)) {
        // We closed it ourselves, and empty.
        return;
    }
    ++stats_.broken;
    forget(core);
    // Back to the front, in their order: they have waited before.
    for (auto request = elsewhere.rbegin(); request != elsewhere.rend(); ++request) {
        auto& one = **request;
        if (is_closed_ || !one.session || ++one.moves > most_moves ||
            one.deadline <= Clock::now()) {
            one.give_up(
                std::make_exception_ptr(Unanswered(Unanswered::Reason::connection, one.may_have_run,
                                                   "the connection broke, and then another one")));
            continue;
        }
        ++stats_.moved;
        const auto until = std::min(one.deadline, Clock::now() + limits_.acquire);
        watch_queue(until);
        waiting_.push_front({std::move(*request), until});
    }
    dispatch();
    grow();
}

void Pool::State::lane_answered(const Lane::Core* core) {
    auto* const entry = entry_of(core);
    if (!entry) {
        return;
    }
    if (core->in_flight() == 0) {
        entry->used = entry->checked = Clock::now();
        if (entry->use == Use::retiring) {
            ++stats_.retired;
            const auto last = entry->core;
            forget(core);
            last->close(Unanswered::Reason::closed, "the lane was retired");
        }
    }
    if (!waiting_.empty() || !waiting_alone_.empty()) {
        dispatch();
    }
}

void Pool::State::give_back(const CorePointer& core) {
    auto* const entry = entry_of(core.get());
    if (!entry || is_closed_) {
        core->close(Unanswered::Reason::closed, "the pool was closed");
        return;
    }
    entry->use = Use::cleaned;
    asio::co_spawn(executor_, clean(shared_from_this(), core), asio::detached);
}

asio::awaitable<void> Pool::State::clean(std::shared_ptr<State> self, CorePointer core) {
    bool is_clean = false;
    try {
        is_clean = co_await core->reset();
    } catch (const std::exception&) {
        // The lane is closed below, and whoever waits gets another one.
    }
    auto* const entry = self->entry_of(core.get());
    if (!entry) {
        co_return;
    }
    if (!is_clean || self->is_closed_) {
        core->close(Unanswered::Reason::connection, "the lane was left in the middle of something");
        co_return;
    }
    entry->use = Use::shared;
    entry->used = entry->checked = Clock::now();
    self->dispatch();
}

void Pool::State::look_after(Entry& entry, Clock::time_point now, std::size_t& spare) {
    if (entry.use != Use::shared) {
        return;
    }
    const bool is_idle = entry.core->in_flight() == 0;
    if (now >= entry.expiry) {
        entry.use = Use::retiring;
    } else if (is_idle && now - entry.used >= limits_.idle && spare > 0) {
        --spare;
        ++stats_.unused;
        entry.use = Use::retiring;
    } else if (is_idle && now - entry.checked >= limits_.check) {
        entry.checked = now;
        entry.core->check(check_limit);
    }
}

void Pool::State::maintain() {
    if (is_closed_) {
        return;
    }
    const auto now = Clock::now();
    std::size_t spare = lanes_.size() > limits_.min ? lanes_.size() - limits_.min : 0;
    for (auto& entry : lanes_) {
        look_after(entry, now, spare);
    }
    std::vector<CorePointer> ended;
    for (const auto& entry : lanes_) {
        if (entry.use == Use::retiring && entry.core->in_flight() == 0) {
            ended.push_back(entry.core);
        }
    }
    for (const auto& core : ended) {
        stats_.retired += entry_of(core.get())->expiry <= now ? 1 : 0;
        forget(core.get());
        core->close(Unanswered::Reason::closed, "the lane was retired");
    }
    dispatch();
    grow();
    reap_timer_.expires_after(limits_.reap);
    reap_timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto state = self.lock(); state && !cancelled) {
            state->maintain();
        }
    });
}

/// Where that is wanted: once there is no lane, and none is being opened.
void Pool::State::fail_waiting() {
    if (!limits_.fail_at_once || !lanes_.empty() || opening_ > 0) {
        return;
    }
    for (auto* const queue : {&waiting_, &waiting_alone_}) {
        for (const auto& waiting : std::exchange(*queue, {})) {
            if (!waiting.request->abandoned) {
                waiting.request->give_up(std::make_exception_ptr(Unanswered(
                    Unanswered::Reason::connection, waiting.request->may_have_run,
                    fmt::format("{} could not be reached: {}", settings_.text(), last_failure_))));
            }
        }
    }
}

void Pool::State::retry_later() {
    if (is_retrying_ || is_closed_) {
        return;
    }
    is_retrying_ = true;
    retry_timer_.expires_after(limits_.retry);
    retry_timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto state = self.lock(); state && !cancelled) {
            state->is_retrying_ = false;
            state->grow();
        }
    });
}

void Pool::State::close() {
    if (is_closed_) {
        return;
    }
    is_closed_ = true;
    reap_timer_.cancel();
    retry_timer_.cancel();
    queue_timer_.cancel();
    for (auto* const queue : {&waiting_, &waiting_alone_}) {
        for (const auto& waiting : std::exchange(*queue, {})) {
            if (!waiting.request->abandoned) {
                waiting.request->give_up(std::make_exception_ptr(
                    Unanswered(Unanswered::Reason::closed, waiting.request->may_have_run,
                               "the pool was closed")));
            }
        }
    }
    for (const auto& entry : std::exchange(lanes_, {})) {
        entry.core->close(Unanswered::Reason::closed, "the pool was closed");
    }
}

}  // namespace caisson::pg
