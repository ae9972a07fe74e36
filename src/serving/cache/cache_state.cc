// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cache_state.h"

#include <cmath>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/crypto.h"
#include "base/error.h"
#include "serving/cache/envelope.h"
#include "serving/cache/marks.h"

namespace caisson::cache {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

redis::ClientLimits limits_of(const CacheOptions& options) {
    redis::ClientLimits limits;
    limits.request = options.redis;
    return limits;
}

redis::SubscriberLimits limits_of_changes(const CacheOptions& options) {
    redis::SubscriberLimits limits;
    limits.check = options.trust / 2;
    limits.answer = options.trust / 2;
    return limits;
}

}  // namespace

Cache::State::State(asio::any_io_executor on, Registry known, redis::Settings to, CacheOptions with)
    : executor(on),
      registry(std::move(known)),
      options(std::move(with)),
      version(version_of(options.version)),
      local(options.local_bytes),
      client(on, to, limits_of(options)),
      subscriber(on, to, {channel}, {}, limits_of_changes(options)),
      report_timer(on) {
    for (const auto& key : registry.declared()) {
        figures.emplace_back().pattern = key.pattern;
    }
    reported = figures;
    flushed.resize(figures.size());
    offers.resize(figures.size());
}

Held Cache::State::from_here(const Key& key) {
    if (!key.tags().empty() && !hears()) {
        return nullptr;
    }
    auto held = local.get(key.local_name());
    if (held && is_old_here(key, *held)) {
        local.remove(key.local_name());
        return nullptr;
    }
    return held;
}

/// Earlier than it must, by chance, the more so the nearer the end and the longer loading takes:
/// callers that ask at the same moment do not all load at the same moment. Source: Vattani,
/// Chierichetti, Lowenstein: "Optimal Probabilistic Cache Stampede Prevention" (2015).
bool Cache::State::wants_refresh(const Value& value) {
    const auto now = Value::Clock::now();
    if (now >= value.fresh) {
        return true;
    }
    const double chance = std::uniform_real_distribution<>(1e-12, 1.0)(random);
    const auto ahead = std::chrono::duration<double, std::micro>(
        -std::log(chance) * options.eagerness * static_cast<double>(value.cost.count()));
    return now + std::chrono::duration_cast<Value::Clock::duration>(ahead) >= value.fresh;
}

void Cache::State::refresh(const Key& key, const Loader& loader, Held older) {
    if (is_closed || flights.contains(key.local_name())) {
        return;
    }
    ++of(key).refreshed;
    asio::co_spawn(executor, fly(shared_from_this(), key, loader, true, std::move(older)),
                   // A failure was counted, and the older value is served until it expires.
                   [](std::exception_ptr, const Held&) {});
}

/// Whoever asks for a key while it is on its way waits for it.
asio::awaitable<Held> Cache::State::fly(std::shared_ptr<State> self, Key key, Loader loader,
                                        bool must_load, Held older) {
    auto flight = std::make_shared<Flight>(self->executor);
    const auto [found, is_new] = self->flights.try_emplace(key.local_name(), flight);
    if (is_new) {
        // On its own: a caller that is cancelled takes nobody's value away.
        asio::co_spawn(
            self->executor,
            steer(self, std::move(key), std::move(loader), must_load, std::move(older), flight),
            asio::detached);
    } else {
        flight = found->second;
        ++self->of(key).waited;
    }
    co_return co_await land(std::move(flight));
}

asio::awaitable<Held> Cache::State::land(std::shared_ptr<Flight> flight) {
    while (!flight->is_over) {
        boost::system::error_code landed;
        co_await flight->landed.async_wait(asio::redirect_error(asio::use_awaitable, landed));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none && !flight->is_over) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    if (flight->failure) {
        std::rethrow_exception(flight->failure);
    }
    co_return flight->value;
}

asio::awaitable<Held> Cache::State::load_after(std::shared_ptr<State> self, Key key,
                                               Loader loader) {
    auto& queue = self->queues[key.local_name()];
    auto& mine = queue.running ? queue.next : queue.running;
    const bool is_first = !queue.running;
    if (!mine) {
        mine = std::make_shared<Flight>(self->executor);
    } else {
        ++self->of(key).waited;
    }
    auto flight = mine;
    if (is_first) {
        asio::co_spawn(self->executor, serve_queue(self, std::move(key), std::move(loader)),
                       asio::detached);
    }
    co_return co_await land(std::move(flight));
}

asio::awaitable<void> Cache::State::serve_queue(std::shared_ptr<State> self, Key key,
                                                Loader loader) {
    const auto name = key.local_name();
    while (true) {
        const auto flight = self->queues[name].running;
        const auto heard_before = self->heard;
        ++self->of(key).misses;
        try {
            flight->value = co_await load(self, key, loader, 0, 0, heard_before, false);
        } catch (...) {
            flight->failure = std::current_exception();
        }
        flight->is_over = true;
        flight->landed.cancel();
        auto& queue = self->queues[name];
        queue.running = std::exchange(queue.next, nullptr);
        if (!queue.running) {
            self->queues.erase(name);
            co_return;
        }
    }
}

asio::awaitable<void> Cache::State::steer(std::shared_ptr<State> self, Key key, Loader loader,
                                          bool must_load, Held older,
                                          std::shared_ptr<Flight> flight) {
    const auto name = key.local_name();
    std::string token = random_uuid();
    Held fallback = std::move(older);
    bool is_locked = false;
    std::exception_ptr failure;
    try {
        const auto give_up = Steady::now() + self->options.lock;
        int lost = 0;
        while (true) {
            self->notice_connection();
            // Noted before anything is asked: a change that comes meanwhile makes the value old.
            const auto heard = self->heard;
            auto found = co_await self->look(key);
            if (self->notice_connection()) {
                // The answer may be that of the server before.
                found = {};
                if (++lost < 3) {
                    continue;
                }
            }
            if (self->must_hear && !key.tags().empty()) {
                found.may_store = false;
                if (found.value) {
                    found.doubtful = std::move(found.value);
                }
            }
            // A refresh takes what another process loaded meanwhile.
            const bool is_newer = found.value && fallback && found.value->made > fallback->made;
            if (found.value && (!must_load || is_newer)) {
                found.value->heard = heard;
                ++self->of(key).redis_hits;
                self->local.put(name, found.value);
                flight->value = std::move(found.value);
                if (is_locked) {
                    co_await self->store(key, nullptr, token, false);
                }
                break;
            }
            if (!fallback && found.doubtful) {
                fallback = std::move(found.doubtful);
            }
            // What could not be stored there would be waited for in vain.
            if (found.may_store && !is_locked) {
                is_locked = co_await self->lock(key, token);
                if (is_locked && !must_load) {
                    continue;  // It may have come between the question and the lock.
                }
                if (!is_locked && must_load) {
                    flight->value = fallback;  // Another process refreshes it.
                    break;
                }
                if (!is_locked && Steady::now() < give_up) {
                    // Another process loads it.
                    asio::steady_timer pause(
                        self->executor,
                        milliseconds(std::uniform_int_distribution<>(5, 15)(self->random)));
                    co_await pause.async_wait(asio::use_awaitable);
                    continue;
                }
            }
            ++self->of(key).misses;
            flight->value = co_await load(self, key, loader, found.epoch, found.position, heard,
                                          found.may_store);
            if (!is_locked) {
                token.clear();
            }
            co_await self->store(key, flight->value, token, found.may_store);
            break;
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        if (is_locked) {
            co_await self->store(key, nullptr, token, false);
        }
        if (fallback && Value::Clock::now() < fallback->expires) {
            ++self->of(key).old_served;
            flight->value = std::move(fallback);
        } else {
            flight->failure = failure;
        }
    }
    flight->is_over = true;
    self->flights.erase(name);
    flight->landed.cancel();
}

asio::awaitable<Held> Cache::State::load(std::shared_ptr<State> self, Key key, Loader loader,
                                         std::uint64_t epoch, std::uint64_t position,
                                         std::uint64_t heard_before, bool may_store) {
    auto value = std::make_shared<Value>();
    value->made = Value::Clock::now();
    const auto start = Steady::now();
    ++self->of(key).loads;
    std::optional<std::string> bytes;
    try {
        bytes = co_await loader(key.session());
    } catch (...) {
        ++self->of(key).failures;
        throw;
    }
    value->cost = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start);
    value->is_nothing = !bytes;
    value->bytes = std::move(bytes).value_or("");
    value->fresh = value->made + key.declared().fresh.value_or(*key.declared().ttl);
    value->expires = value->made + *key.declared().ttl;
    value->epoch = epoch;
    value->position = position;
    value->heard = heard_before;
    auto& figures = self->of(key);
    figures.loading += value->cost;
    figures.bytes += value->bytes.size();
    const bool is_trusted = key.tags().empty() || (self->hears() && may_store);
    if (is_trusted && value->bytes.size() <= self->options.largest &&
        !self->is_old_here(key, *value)) {
        self->local.put(key.local_name(), value);
    }
    co_return value;
}

}  // namespace caisson::cache
