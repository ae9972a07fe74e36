// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "serving/cache/cache_state.h"
#include "serving/cache/envelope.h"
#include "serving/cache/marks.h"

namespace caisson::cache {

namespace asio = boost::asio;

namespace {

std::uint64_t number(const redis::Reply& reply) {
    std::uint64_t value = 0;
    std::from_chars(reply.value.data(), reply.value.data() + reply.value.size(), value);
    return value;
}

const redis::Script& unlock_script() {
    static const redis::Script script(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end "
        "return 0");
    return script;
}

}  // namespace

/// The marks are read before the value: what a change puts between the two makes the value old by
/// the next question at the latest, as if this one had come a little earlier.
asio::awaitable<Cache::State::Found> Cache::State::look(const Key& key) {
    Found found;
    if (!breaker.allows(Steady::now())) {
        co_return found;
    }
    const bool has_tags = !key.tags().empty();
    std::vector<redis::Command> commands;
    if (has_tags) {
        redis::Command marks(1, "HMGET");
        marks.emplace_back(marks_key);
        marks.emplace_back(epoch_field);
        marks.emplace_back(number_field);
        marks.push_back(pattern_tag(key.declared().pattern));
        marks.insert(marks.end(), key.tags().begin(), key.tags().end());
        commands.push_back(std::move(marks));
    }
    redis::Command get(1, "MGET");
    get.push_back(key.name());
    if (has_tags) {
        get.emplace_back(alive_key);
    }
    commands.push_back(std::move(get));
    std::vector<redis::Reply> replies;
    bool has_failed = false;
    try {
        redis::RequestOptions idempotent;
        idempotent.idempotent = true;
        replies = co_await client.pipeline(std::move(commands), idempotent);
    } catch (const Error&) {
        has_failed = true;
    }
    for (const auto& reply : replies) {
        has_failed = has_failed || reply.is_error();
    }
    if (has_failed) {
        breaker.failed(Steady::now());
        co_return found;
    }
    breaker.succeeded();
    found.is_there = true;
    const auto& values = replies.back().items;
    auto value =
        values.at(0).is_nothing() ? nullptr : unseal(values[0].value, version, key.identity());
    if (value && value->expires <= Value::Clock::now()) {
        value = nullptr;
    }
    if (!has_tags) {
        found.may_store = true;
        found.value = std::move(value);
        co_return found;
    }
    const auto& marks = replies.front().items;
    found.epoch = number(marks.at(0));
    found.position = number(marks.at(1));
    const bool is_told = !values.at(1).is_nothing() && found.epoch != 0;
    found.may_store = is_told;
    if (!value || value->epoch != found.epoch) {
        co_return found;
    }
    for (std::size_t i = 2; i < marks.size(); ++i) {
        if (number(marks[i]) > value->position) {
            co_return found;
        }
    }
    (is_told ? found.value : found.doubtful) = std::move(value);
    co_return found;
}

asio::awaitable<bool> Cache::State::lock(const Key& key, const std::string& token) {
    redis::Command command(1, "SET");
    command.push_back(lock_prefix + key.name());
    command.push_back(token);
    command.emplace_back("NX");
    command.emplace_back("PX");
    command.push_back(std::to_string(options.lock.count()));
    try {
        const auto reply = co_await client.command(std::move(command));
        co_return !reply.is_nothing();
    } catch (const Error&) {
        co_return true;  // Nobody can be waited for: it is loaded here.
    }
}

/// And gives the lock back, where there is one. Failing is no reason to fail the caller.
asio::awaitable<void> Cache::State::store(const Key& key, Held value, const std::string& token,
                                          bool may_store) {
    const auto now = Value::Clock::now();
    try {
        if (value && may_store && !is_old_here(key, *value) &&
            value->bytes.size() <= options.largest && value->expires > now) {
            redis::Command command(1, "SET");
            command.push_back(key.name());
            command.push_back(seal(*value, version, key.identity()));
            command.emplace_back("PX");
            command.push_back(std::to_string(
                std::chrono::ceil<std::chrono::milliseconds>(value->expires - now).count()));
            co_await client.command(std::move(command));
        }
        if (!token.empty()) {
            std::vector<std::string> keys;
            keys.push_back(lock_prefix + key.name());
            std::vector<std::string> arguments;
            arguments.push_back(token);
            co_await client.evaluate(unlock_script(), std::move(keys), std::move(arguments));
        }
    } catch (const Error&) {
        breaker.failed(Steady::now());
    }
}

/// Adds what was counted since the last time to what all processes count together.
asio::awaitable<void> Cache::State::report(std::shared_ptr<State> self) {
    while (!self->is_closed) {
        self->report_timer.expires_after(self->options.report);
        boost::system::error_code cancelled;
        co_await self->report_timer.async_wait(
            asio::redirect_error(asio::use_awaitable, cancelled));
        std::vector<redis::Command> commands;
        const auto current = self->figures;
        const auto add = [&](const std::string& pattern, const char* name, auto now, auto before) {
            if (now != before) {
                redis::Command command(1, "HINCRBY");
                command.emplace_back(stats_key);
                command.push_back(std::string(name) + "|" + pattern);
                command.push_back(std::to_string(now - before));
                commands.push_back(std::move(command));
            }
        };
        for (std::size_t i = 0; i < current.size(); ++i) {
            const auto& now = current[i];
            const auto& before = self->reported[i];
            add(now.pattern, "local_hits", now.local_hits, before.local_hits);
            add(now.pattern, "redis_hits", now.redis_hits, before.redis_hits);
            add(now.pattern, "misses", now.misses, before.misses);
            add(now.pattern, "loads", now.loads, before.loads);
            add(now.pattern, "failures", now.failures, before.failures);
            add(now.pattern, "waited", now.waited, before.waited);
            add(now.pattern, "refreshed", now.refreshed, before.refreshed);
            add(now.pattern, "old_served", now.old_served, before.old_served);
            add(now.pattern, "bytes", now.bytes, before.bytes);
            add(now.pattern, "loading_us", now.loading.count(), before.loading.count());
            add(now.pattern, "age_ms", now.age.count(), before.age.count());
        }
        if (self->is_closed) {
            continue;
        }
        co_await record_hottest(self, self->options.hottest);
        if (commands.empty()) {
            continue;
        }
        try {
            co_await self->client.pipeline(std::move(commands));
            self->reported = current;
        } catch (const Error&) {
            // With the next report.
        }
    }
}

}  // namespace caisson::cache
