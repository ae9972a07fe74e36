// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/read_through.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/error.h"
#include "serving/cache/cache_state.h"

namespace caisson::cache {

namespace asio = boost::asio;

Cache::Cache(asio::any_io_executor executor, Registry registry, redis::Settings redis,
             CacheOptions options)
    : state_(std::make_shared<State>(executor, std::move(registry), std::move(redis),
                                     std::move(options))) {
    asio::co_spawn(executor, State::listen(state_), asio::detached);
    asio::co_spawn(executor, State::report(state_), asio::detached);
}

Cache::Cache(Cache&&) noexcept = default;

Cache::~Cache() {
    if (state_) {
        close();
    }
}

void Cache::close() {
    state_->is_closed = true;
    state_->subscriber.close();
    state_->client.close();
    state_->report_timer.cancel();
}

bool Cache::hears_changes() const { return state_->hears(); }

asio::awaitable<Held> Cache::get(pg::Session session, std::string pattern,
                                 std::vector<std::string> values, Loader loader, WriteToken token) {
    return State::serve(state_, state_->registry.key(session, pattern, values), std::move(loader),
                        token);
}

asio::awaitable<Held> Cache::get(pg::Session session, pg::CacheKey wanted, Loader loader,
                                 WriteToken token) {
    return State::serve(state_, state_->registry.key(session, wanted), std::move(loader), token);
}

asio::awaitable<Held> Cache::State::serve(std::shared_ptr<State> state, Key key, Loader loader,
                                          WriteToken token) {
    auto& figures = state->of(key);
    Held held;
    if (!key.tags().empty() && !state->knows(token)) {
        // What is kept may be older than that write, and so may a load that is under way.
        held = co_await State::load_after(state, std::move(key), std::move(loader));
        co_return held;
    }
    held = state->from_here(key);
    const bool is_local = held != nullptr;
    if (is_local) {
        ++figures.local_hits;
    } else {
        held = co_await State::fly(state, key, loader, false, nullptr);
        // It may have been on its way when a change was heard.
        for (int again = 0; again < 2 && state->is_old_here(key, *held); ++again) {
            held = co_await State::fly(state, key, loader, false, nullptr);
        }
        if (token.transaction != 0 && state->is_old_here(key, *held)) {
            held = co_await State::load_after(state, key, loader);
        }
    }
    figures.age +=
        std::chrono::duration_cast<std::chrono::milliseconds>(Value::Clock::now() - held->made);
    if (state->wants_refresh(*held)) {
        state->refresh(key, loader, held);
    }
    co_return held;
}

asio::awaitable<void> Cache::remove(pg::Session session, std::string pattern,
                                    std::vector<std::string> values) {
    const auto state = state_;
    const auto key = state->registry.key(session, pattern, values);
    state->local.remove(key.local_name());
    redis::Command command(1, "UNLINK");
    command.push_back(key.name());
    co_await state->client.command(std::move(command));
}

CacheStats Cache::stats() const {
    CacheStats stats;
    stats.patterns = state_->figures;
    stats.local = state_->local.stats();
    stats.changes = state_->heard;
    stats.gaps = state_->gaps;
    stats.warmed = state_->warmed;
    stats.redis_is_away = state_->breaker.is_open();
    stats.redis = state_->client.stats();
    return stats;
}

}  // namespace caisson::cache
