// SPDX-License-Identifier: Apache-2.0
// Keys that are loaded before anybody asks for them.
#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.h"
#include "serving/cache/cache_state.h"
#include "serving/cache/hottest.h"
#include "serving/cache/marks.h"
#include "serving/cache/stored.h"

namespace caisson::cache {

namespace asio = boost::asio;

namespace {

/// What was hot before counts half as much each time, once an interval however many processes
/// write, and goes when it is next to nothing. KEYS: hottest, halved. ARGV: a ttl in seconds, how
/// many stay, the interval in ms, then scores and members.
const redis::Script& record_script() {
    static const redis::Script script(R"lua(
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) then
  redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', '0.5')
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '0.1')
end
for i = 4, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
)lua");
    return script;
}

constexpr std::uint64_t most_failures = 10;

asio::awaitable<void> wait_until(asio::any_io_executor executor,
                                 std::chrono::steady_clock::time_point moment) {
    asio::steady_timer timer(executor);
    timer.expires_at(moment);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// Counts one of the rounds under way, however it ends.
class Counted {
 public:
    explicit Counted(int& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

 private:
    int& count_;
};

}  // namespace

/// Several that work through one list.
struct Cache::State::Round {
    Round(asio::any_io_executor executor, WarmOptions within) : options(within), over(executor) {
        over.expires_at(Steady::time_point::max());
    }
    WarmOptions options;
    std::vector<std::pair<Key, Loader>> keys;
    Steady::time_point start = Steady::now();
    Steady::time_point end = start + options.within;
    std::size_t next = 0;
    std::size_t working = 0;
    std::uint64_t failures_in_a_row = 0;
    WarmReport report;
    std::exception_ptr failure;
    bool is_over = false;
    asio::steady_timer over;  ///< Cancelled at each end of one that works, and at that of all.

    Steady::time_point turn_of(std::size_t number) const {
        return start + std::chrono::nanoseconds(std::chrono::seconds(1)) *
                           static_cast<std::int64_t>(number) /
                           static_cast<std::int64_t>(std::max<std::size_t>(options.a_second, 1));
    }
};

/// Names in the list may be anything: the key is made anew, for the session that its name says, and
/// must come to the same name.
std::optional<std::pair<Key, Cache::Loader>> Cache::State::warmable(const HotKey& hot) const {
    const auto& declared = registry.declared();
    const auto found = std::ranges::find(declared, hot.pattern, &platform::CacheKey::pattern);
    if (found == declared.end()) {
        return std::nullopt;
    }
    const auto& offered = offers[static_cast<std::size_t>(found - declared.begin())];
    const auto offer = std::ranges::find(offered, hot.version, &Offer::version);
    const auto parts = parts_of_key(hot.pattern, hot.name);
    if (offer == offered.end() || !parts) {
        return std::nullopt;
    }
    std::string user;
    std::string role;
    std::vector<std::string> values;
    for (const auto& [name, value] : *parts) {
        if (name == "tenant") {
            user = value;
        } else if (name == "role") {
            role = value == registry.login() ? std::string() : value;
        } else {
            values.push_back(value);
        }
    }
    try {
        auto key = registry.key(user.empty() ? pg::Session::nobody(std::move(role))
                                             : pg::Session(std::move(user), std::move(role)),
                                pg::CacheKey{found->pattern, values, hot.version});
        if (key.name() != hot.name) {
            return std::nullopt;
        }
        Loader loader = [load = offer->loader, values](const pg::Session& who) {
            return load(who, values);
        };
        return std::pair(std::move(key), std::move(loader));
    } catch (const Error&) {
        return std::nullopt;
    }
}

asio::awaitable<std::vector<std::pair<Key, Cache::Loader>>> Cache::State::to_warm(
    std::shared_ptr<State> self, WarmOptions options) {
    std::vector<std::pair<Key, Loader>> keys;
    const auto& declared = self->registry.declared();
    for (std::size_t i = 0; i < declared.size(); ++i) {
        // One that needs no value has one key, whose name is its pattern.
        if (!declared[i].is_shared ||
            declared[i].pattern.find_first_of("{}") != std::string::npos) {
            continue;
        }
        for (const auto& offer : self->offers[i]) {
            HotKey only;
            only.pattern = declared[i].pattern;
            only.version = offer.version;
            only.name = declared[i].pattern;
            if (auto key = self->warmable(only)) {
                keys.push_back(*std::move(key));
            }
        }
    }
    redis::Reply listed;
    try {
        listed = co_await self->client.command(hottest_command(options.most));
    } catch (const Error&) {
        // It is away: without the hottest.
    }
    for (const auto& member : listed.items) {
        const auto hot = hot_key_of(member.value);
        if (auto key = hot ? self->warmable(*hot) : std::nullopt) {
            keys.push_back(*std::move(key));
        }
    }
    if (keys.size() > options.most) {
        keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(options.most), keys.end());
    }
    co_return keys;
}

/// Until changes are heard, keys with tables would not stay in the process.
asio::awaitable<void> Cache::State::await_word(std::shared_ptr<State> self,
                                               Steady::time_point until) {
    bool needs_word = false;
    for (std::size_t i = 0; i < self->offers.size(); ++i) {
        needs_word = needs_word ||
                     (!self->offers[i].empty() && !self->registry.declared()[i].tables.empty());
    }
    while (needs_word && !self->hears() && !self->is_closed && Steady::now() < until) {
        co_await wait_until(self->executor, Steady::now() + std::chrono::milliseconds(20));
    }
}

asio::awaitable<void> Cache::State::warm_some(std::shared_ptr<State> self,
                                              std::shared_ptr<Round> round) {
    auto& report = round->report;
    while (round->next < round->keys.size() && round->failures_in_a_row < most_failures) {
        const auto number = round->next++;
        const auto turn = round->turn_of(number);
        if (turn >= round->end) {
            co_return;
        }
        co_await wait_until(self->executor, turn);
        if (self->is_closed) {
            co_return;
        }
        const auto& [key, loader] = round->keys[number];
        if (self->from_here(key)) {
            ++report.kept;
            continue;
        }
        if (!key.tags().empty() && !self->hears()) {
            continue;  // It would be loaded for nobody.
        }
        try {
            co_await fly(self, key, loader, false, nullptr);
            round->failures_in_a_row = 0;
            const bool is_kept = self->from_here(key) != nullptr;
            report.warmed += is_kept ? 1 : 0;
            self->warmed += is_kept ? 1 : 0;
        } catch (const std::exception&) {
            ++round->failures_in_a_row;
            ++report.failures;
        }
    }
}

asio::awaitable<void> Cache::State::warm_round(std::shared_ptr<State> self,
                                               std::shared_ptr<Round> round) {
    const Counted counted(self->is_warming);
    co_await await_word(self, std::min(round->end, round->start + self->options.trust));
    round->keys = co_await to_warm(self, round->options);
    round->start = Steady::now();
    for (std::size_t i = 0; i < std::max<std::size_t>(round->options.at_once, 1); ++i) {
        ++round->working;
        asio::co_spawn(self->executor, warm_some(self, round), [round](const std::exception_ptr&) {
            --round->working;
            round->over.cancel();
        });
    }
    while (round->working > 0) {
        boost::system::error_code one;
        co_await round->over.async_wait(asio::redirect_error(asio::use_awaitable, one));
    }
}

/// On its own: a caller that is cancelled leaves nothing half counted.
asio::awaitable<WarmReport> Cache::State::warm(std::shared_ptr<State> self, WarmOptions options) {
    const auto round = std::make_shared<Round>(self->executor, options);
    asio::co_spawn(self->executor, warm_round(self, round), [round](std::exception_ptr failure) {
        round->failure = std::move(failure);
        round->is_over = true;
        round->over.cancel();
    });
    while (!round->is_over) {
        boost::system::error_code one;
        co_await round->over.async_wait(asio::redirect_error(asio::use_awaitable, one));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none && !round->is_over) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    if (round->failure) {
        std::rethrow_exception(round->failure);
    }
    co_return round->report;
}

asio::awaitable<void> Cache::State::record_hottest(std::shared_ptr<State> self,
                                                   std::chrono::milliseconds every) {
    const auto now = Steady::now();
    if (now - self->recorded < every) {
        co_return;
    }
    self->recorded = now;
    std::vector<std::string> arguments;
    arguments.emplace_back("86400");
    arguments.push_back(std::to_string(most_hot_keys));
    // A little less, so that the next time is not a moment too early.
    arguments.push_back(
        std::to_string(std::max<std::int64_t>(self->options.hottest.count() * 9 / 10, 1)));
    Hottest search(self->local, most_hot_keys);
    while (search.step()) {
        co_await asio::post(self->executor, asio::use_awaitable);
    }
    const auto hottest = search.take();
    for (const auto& [score, local_name] : hottest) {
        // "number:version:name"
        const auto first = local_name.find(':');
        const auto second = local_name.find(':', first + 1);
        const auto name = local_name.substr(second + 1);
        if (name.size() > longest_hot_key) {
            continue;
        }
        const auto number = std::stoul(local_name.substr(0, first));
        if (self->offers[number].empty()) {
            continue;  // Nobody here would load it.
        }
        const auto version =
            std::stoull(local_name.substr(first + 1, second - first - 1), nullptr, 16);
        arguments.push_back(std::to_string(score));
        HotKey key;
        key.pattern = self->figures[number].pattern;
        key.version = version;
        key.name = name;
        arguments.push_back(to_text(key));
    }
    if (arguments.size() == 3) {
        co_return;  // What the last run wrote down stays.
    }
    try {
        std::vector<std::string> keys;
        keys.emplace_back(hottest_key);
        keys.emplace_back(halved_key);
        co_await self->client.evaluate(record_script(), std::move(keys), std::move(arguments));
    } catch (const std::exception&) {
        // With the next one.
    }
}

void Cache::offer(std::string_view pattern, KeyLoader loader, std::uint64_t version) {
    const auto& declared = state_->registry.declared();
    const auto found = std::ranges::find(declared, pattern, &platform::CacheKey::pattern);
    if (found == declared.end()) {
        throw Error(Code::usage,
                    "the pattern \"" + std::string(pattern) + "\" is not declared in [cache.keys]");
    }
    state_->offers[static_cast<std::size_t>(found - declared.begin())].push_back(
        {version, std::move(loader)});
}

asio::awaitable<WarmReport> Cache::warm(WarmOptions options) {
    return State::warm(state_, options);
}

asio::awaitable<void> Cache::record_hottest() {
    return State::record_hottest(state_, std::chrono::milliseconds(0));
}

}  // namespace caisson::cache
