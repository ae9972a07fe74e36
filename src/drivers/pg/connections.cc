// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/connections.h"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::pg {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Connections::State {
    struct Idle {
        std::unique_ptr<Connection> connection;
        steady_clock::time_point expiry;
        steady_clock::time_point since;
    };

    State(Settings where, ConnectionLimits what) : settings(std::move(where)), limits(what) {}

    std::unique_ptr<Connection> open() const {
        auto connection = std::make_unique<Connection>(settings);
        connection->limit_waits(limits.answer);
        return connection;
    }

    /// Spread by a tenth, so that connections opened together do not end together.
    steady_clock::time_point next_expiry() {
        const auto tenth = std::max<milliseconds::rep>(limits.lifetime.count() / 10, 1);
        std::uniform_int_distribution<milliseconds::rep> spread(-tenth, tenth);
        return steady_clock::now() + limits.lifetime + milliseconds(spread(random));
    }

    const Settings settings;
    const ConnectionLimits limits;
    mutable std::mutex mutex;
    std::condition_variable freed;
    std::vector<Idle> idle;  ///< The last one was used last.
    std::size_t in_use = 0;  ///< Given out, or being opened.
    std::size_t waiting = 0;
    std::uint64_t opened = 0;
    std::uint64_t broken = 0;
    std::uint64_t timeouts = 0;
    std::minstd_rand random{std::random_device{}()};
};

namespace {

/// Closes outside the lock: saying good-bye to a server may take its time.
template <typename Idle>
std::vector<std::unique_ptr<Connection>> take_unusable(std::vector<Idle>& idle, std::size_t keep,
                                                       milliseconds idle_limit) {
    const auto now = steady_clock::now();
    std::vector<std::unique_ptr<Connection>> closed;
    std::size_t left = idle.size();
    std::erase_if(idle, [&](Idle& entry) {
        const bool is_unused = now - entry.since >= idle_limit && left > keep;
        if (now < entry.expiry && !is_unused && !entry.connection->has_ended()) {
            return false;
        }
        --left;
        closed.push_back(std::move(entry.connection));
        return true;
    });
    return closed;
}

}  // namespace

Connections::Connections(Settings settings, ConnectionLimits limits)
    : state_(std::make_shared<State>(std::move(settings), limits)) {}

Connections::Lease Connections::acquire() {
    auto& state = *state_;
    std::vector<std::unique_ptr<Connection>> ended;
    std::unique_lock lock(state.mutex);
    ++state.waiting;
    const bool is_free = state.freed.wait_for(lock, state.limits.acquire, [&] {
        return !state.idle.empty() || state.in_use < state.limits.max;
    });
    --state.waiting;
    if (!is_free) {
        ++state.timeouts;
        throw Error(Code::cannot_connect,
                    fmt::format("all {} connections of the pool were in use for {}",
                                state.limits.max, human(state.limits.acquire)));
    }
    while (!state.idle.empty()) {
        auto entry = std::move(state.idle.back());
        state.idle.pop_back();
        if (steady_clock::now() < entry.expiry && !entry.connection->has_ended()) {
            ++state.in_use;
            return {state_, std::move(entry.connection), entry.expiry};
        }
        ended.push_back(std::move(entry.connection));
        ++state.broken;
    }
    ++state.in_use;
    lock.unlock();
    try {
        auto connection = state.open();
        lock.lock();
        ++state.opened;
        return {state_, std::move(connection), state.next_expiry()};
    } catch (...) {
        if (!lock.owns_lock()) {
            lock.lock();
        }
        --state.in_use;
        state.freed.notify_one();
        throw;
    }
}

Connections::Lease::~Lease() {
    if (!connection_) {
        return;
    }
    const auto now = steady_clock::now();
    const bool is_usable = !connection_->is_broken() && !connection_->in_transaction();
    const std::lock_guard lock(state_->mutex);
    --state_->in_use;
    if (is_usable && now < expiry_) {
        state_->idle.push_back({std::move(connection_), expiry_, now});
    } else if (!is_usable) {
        ++state_->broken;
    }
    state_->freed.notify_one();
}

void Connections::maintain() noexcept {
    auto& state = *state_;
    try {
        std::vector<std::unique_ptr<Connection>> closed;
        std::size_t missing = 0;
        {
            const std::lock_guard lock(state.mutex);
            closed = take_unusable(state.idle, state.limits.min, state.limits.idle);
            const std::size_t size = state.idle.size() + state.in_use;
            const std::size_t wanted = std::min(state.limits.min, state.limits.max);
            missing = wanted > size ? wanted - size : 0;
        }
        for (; missing > 0; --missing) {
            auto connection = state.open();
            const std::lock_guard lock(state.mutex);
            if (state.idle.size() + state.in_use < state.limits.max) {
                ++state.opened;
                const auto expiry = state.next_expiry();
                state.idle.push_back({std::move(connection), expiry, steady_clock::now()});
                state.freed.notify_one();
            }
        }
    } catch (const std::exception&) {
        // The server is away, or we are interrupted: the next caller finds out.
    }
}

void Connections::clear() noexcept {
    std::vector<State::Idle> closed;
    const std::lock_guard lock(state_->mutex);
    closed.swap(state_->idle);
}

ConnectionStats Connections::stats() const {
    const std::lock_guard lock(state_->mutex);
    const auto& state = *state_;
    return {state.idle.size() + state.in_use,
            state.idle.size(),
            state.in_use,
            state.limits.max,
            state.waiting,
            state.opened,
            state.broken,
            state.timeouts};
}

}  // namespace caisson::pg
