// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/rate_limit.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "serving/cache/breaker.h"
#include "serving/cache/registry.h"

namespace caisson::cache {

namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

/// Users that this process counts by itself; more, and it begins anew.
constexpr std::size_t most_local = 100'000;

microseconds interval_of(const RatePolicy& policy) {
    return std::max(microseconds(policy.window) / std::max(policy.quota, 1U), microseconds(1));
}

std::uint32_t burst_of(const RatePolicy& policy) {
    return std::max(policy.burst == 0 ? policy.quota : policy.burst, 1U);
}

/// As gcra(), by the server's clock, in microseconds. KEYS: the arrival. ARGV: interval, burst,
/// cost. Gives whether it is allowed, what is left of the burst, and until when in microseconds all
/// of it is there again, and until it would be allowed. The number is written with all its digits:
/// Lua would round it.
const redis::Script& gcra_script() {
    static const redis::Script script(R"lua(
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
-- A clock that went back, or another policy, keeps nobody out for longer than a burst takes.
arrival = math.min(arrival, now + interval * burst)
local next = arrival + interval * cost
local allow_at = next - interval * burst
if allow_at > now then
  return {0, math.floor((now + interval * burst - arrival) / interval), arrival - now, allow_at - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor((now + interval * burst - next) / interval), next - now, 0}
)lua");
    return script;
}

/// RFC 9651, 3.3.3: printable ASCII, with quotes and backslashes escaped.
std::string structured_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
        }
        quoted += c >= 0x20 && c < 0x7F ? c : '?';
    }
    return quoted + "\"";
}

}  // namespace

RateVerdict gcra(const RatePolicy& policy, microseconds& arrival, microseconds now,
                 std::uint32_t cost) {
    const auto interval = interval_of(policy);
    const auto whole = interval * burst_of(policy);
    const auto from = std::min(std::max(arrival, now), now + whole);
    const auto next = from + interval * cost;
    const auto allow_at = next - whole;
    const auto left = [&](microseconds at) {
        return static_cast<std::uint32_t>(
            std::max<microseconds::rep>((now + whole - at) / interval, 0));
    };
    RateVerdict verdict;
    if (allow_at > now) {
        verdict.is_allowed = false;
        verdict.remaining = left(from);
        verdict.reset = std::chrono::ceil<milliseconds>(from - now);
        verdict.retry_after = std::chrono::ceil<milliseconds>(allow_at - now);
        return verdict;
    }
    arrival = next;
    verdict.remaining = left(next);
    verdict.reset = std::chrono::ceil<milliseconds>(next - now);
    return verdict;
}

std::string rate_limit_policy_field(const RatePolicy& policy) {
    return fmt::format("{};q={};w={}", structured_string(policy.name), policy.quota,
                       std::chrono::ceil<std::chrono::seconds>(policy.window).count());
}

std::string rate_limit_field(const RatePolicy& policy, const RateVerdict& verdict) {
    const auto until = verdict.is_allowed ? verdict.reset : verdict.retry_after;
    return fmt::format("{};r={};t={}", structured_string(policy.name), verdict.remaining,
                       std::chrono::ceil<std::chrono::seconds>(until).count());
}

struct RateLimiter::State {
    redis::Client& client;
    milliseconds limit;
    Breaker breaker{3, milliseconds(500)};
    std::unordered_map<std::string, microseconds> local;
};

RateLimiter::RateLimiter(redis::Client& client, milliseconds limit)
    : state_(std::make_unique<State>(State{client, limit, Breaker(3, milliseconds(500)), {}})) {}
RateLimiter::RateLimiter(RateLimiter&&) noexcept = default;
RateLimiter::~RateLimiter() = default;

asio::awaitable<RateVerdict> RateLimiter::ask(RatePolicy policy, std::string user,
                                              std::string action, std::uint32_t cost) {
    auto& state = *state_;
    if (cost == 0 || cost > burst_of(policy)) {
        throw Error(Code::usage,
                    fmt::format("the policy \"{}\" was asked for {} at once; expected 1 to {}",
                                policy.name, cost, burst_of(policy)),
                    "give the policy a burst that holds what one call may cost");
    }
    const auto key = fmt::format("caisson:rate:{}:{}:{}", key_part(policy.name), key_part(action),
                                 key_part(user));
    const auto now = Breaker::Clock::now();
    if (state.breaker.allows(now)) {
        std::vector<std::string> keys;
        keys.push_back(key);
        std::vector<std::string> arguments;
        arguments.push_back(std::to_string(interval_of(policy).count()));
        arguments.push_back(std::to_string(burst_of(policy)));
        arguments.push_back(std::to_string(cost));
        redis::RequestOptions options;
        options.deadline = state.limit;
        redis::Reply reply;
        try {
            reply = co_await state.client.evaluate(gcra_script(), std::move(keys),
                                                   std::move(arguments), options);
        } catch (const Error&) {
            reply = {};
        }
        if (reply.items.size() == 4) {
            state.breaker.succeeded();
            RateVerdict verdict;
            verdict.is_allowed = reply.items[0].number == 1;
            verdict.remaining =
                static_cast<std::uint32_t>(std::max<std::int64_t>(reply.items[1].number, 0));
            verdict.reset = std::chrono::ceil<milliseconds>(microseconds(reply.items[2].number));
            verdict.retry_after =
                std::chrono::ceil<milliseconds>(microseconds(reply.items[3].number));
            co_return verdict;
        }
        state.breaker.failed(Breaker::Clock::now());
    }
    if (state.local.size() > most_local) {
        state.local.clear();
    }
    auto verdict = gcra(policy, state.local[key],
                        std::chrono::duration_cast<microseconds>(now.time_since_epoch()), cost);
    verdict.is_local = true;
    co_return verdict;
}

}  // namespace caisson::cache
