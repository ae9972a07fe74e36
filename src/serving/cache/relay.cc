// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/relay.h"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "drivers/redis/client.h"
#include "serving/cache/marks.h"
#include "serving/cache/outbox.h"
#include "serving/cache/relay_source.h"

namespace caisson::cache {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

const redis::Script& tell_script() {
    static const redis::Script script(told_text);
    return script;
}

}  // namespace

struct Relay::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor on, const std::vector<pg::Settings>& from, redis::Settings to,
          std::vector<WatchedTable> watched, RelayLimits within)
        : executor(on),
          tables(std::move(watched)),
          limits(within),
          client(on, std::move(to)),
          news(on) {
        for (const auto& one : from) {
            sources.push_back(std::make_unique<RelaySource>(on, one));
        }
    }

    asio::any_io_executor executor;
    std::vector<WatchedTable> tables;
    RelayLimits limits;
    std::vector<std::unique_ptr<RelaySource>> sources;
    redis::Client client;
    asio::steady_timer news;  ///< Cancelled when there is something to read.
    std::vector<std::unique_ptr<asio::cancellation_signal>> stops;
    std::string token = random_uuid();
    std::string server;             ///< The run of Redis that was told.
    std::uint64_t connections = 0;  ///< Of the client, when it told the last time.
    bool must_reset = true;
    bool has_news = false;
    bool is_closed = false;
    std::chrono::steady_clock::time_point cleaned{};
    std::chrono::steady_clock::time_point inspected{};
    RelayStats stats;

    /// What was read of all of them, and is to be told.
    struct News {
        std::vector<SourceNews> of;  ///< By source.
        std::uint64_t open = 0;
        std::uint64_t rows = 0;
        std::vector<std::string> tags;
        boost::json::array told;
    };

    /// One text of all sources, as the marks have it: a line for each.
    std::string all_of(std::string RelaySource::*what) const {
        std::string text;
        for (const auto& source : sources) {
            text += (text.empty() && source == sources.front() ? "" : "\n") + (*source).*what;
        }
        return text;
    }

    void set_all(std::string RelaySource::*what, std::string_view text) {
        const auto lines = split(text, '\n');
        for (std::size_t i = 0; i < sources.size(); ++i) {
            (*sources[i]).*what = lines.size() == sources.size() ? lines[i] : std::string();
        }
    }

    static asio::awaitable<void> hear(std::shared_ptr<State> self, std::size_t source) {
        while (!self->is_closed) {
            // A gap is as good as a word: the outbox is read either way.
            co_await self->sources[source]->listener.next();
            if (!self->sources[source]->is_needed) {
                // It has the triggers now, or was away while it may have got them.
                ask_again(self, source);
                continue;
            }
            self->has_news = true;
            self->news.cancel();
        }
    }

    /// A database without the tables, beside the others, which do not wait for it.
    static void ask_again(const std::shared_ptr<State>& self, std::size_t number) {
        if (std::exchange(self->sources[number]->is_asked, true)) {
            return;
        }
        asio::co_spawn(
            self->executor,
            [](std::shared_ptr<State> state, std::size_t which) -> asio::awaitable<void> {
                auto& source = *state->sources[which];
                bool has_some = false;
                try {
                    const auto plan = co_await source.inspect(state->tables);
                    has_some = !plan.has_none_of(state->tables);
                } catch (const Error& error) {
                    // Its tables came before its outbox: said by the look that follows.
                    has_some = error.code() == Code::usage;
                } catch (const std::exception&) {
                    // The relay was closed.
                }
                source.is_asked = false;
                if (has_some) {
                    source.is_needed = true;
                    state->inspected = {};
                    state->has_news = true;
                    state->news.cancel();
                }
            }(self, number),
            asio::detached);
    }

    /// Those that are read.
    std::vector<RelaySource*> needed() const {
        std::vector<RelaySource*> some;
        for (const auto& source : sources) {
            if (source->is_needed) {
                some.push_back(source.get());
            }
        }
        return some;
    }

    asio::awaitable<News> look() {
        News found;
        found.open = std::numeric_limits<std::uint64_t>::max();
        bool is_one_server = true;
        std::string server_of_first;
        for (const auto& source : sources) {
            found.of.emplace_back();
            if (!source->is_needed) {
                continue;
            }
            found.of.back() = co_await source->look();
            const auto& one = found.of.back();
            if (server_of_first.empty()) {
                server_of_first = one.database;
            }
            found.open = std::min(found.open, one.open);
            found.rows += one.rows;
            found.tags.insert(found.tags.end(), one.tags.begin(), one.tags.end());
            for (const auto& xid : one.told) {
                found.told.emplace_back(xid);
            }
            is_one_server = is_one_server && one.database == server_of_first;
        }
        if (!is_one_server) {
            // Numbers of transactions of two servers mean nothing to each other: no write's token
            // is known to be told, and who carries one loads.
            found.open = 0;
            found.told.clear();
        }
        std::ranges::sort(found.tags);
        const auto repeated = std::ranges::unique(found.tags);
        found.tags.erase(repeated.begin(), repeated.end());
        co_return found;
    }

    /// Whether every change is written down. Errors: platform_invalid when one may not be.
    asio::awaitable<void> inspect() {
        std::vector<TriggerPlan> plans;
        const auto asked = needed();
        for (auto* const source : asked) {
            plans.push_back(co_await source->inspect(tables));
        }
        require_tables(plans);
        std::vector<std::string> missing;
        for (const auto& plan : plans) {
            missing.insert(missing.end(), plan.missing.begin(), plan.missing.end());
        }
        if (!missing.empty()) {
            // What they miss is not known: the next one who tells begins anew.
            set_all(&RelaySource::triggers, "");
            must_reset = true;
            throw Error(Code::platform_invalid,
                        "changes are not written down: triggers are missing or disabled on " +
                            join(missing, ", "),
                        "run caisson cache triggers");
        }
        for (std::size_t i = 0; i < asked.size(); ++i) {
            auto& source = *asked[i];
            source.is_needed = !plans[i].has_none_of(tables);
            if (!source.is_needed) {
                source.snapshot.clear();
                source.database.clear();
                plans[i].fingerprint.clear();
            }
            if (plans[i].fingerprint != source.triggers) {
                must_reset = true;
                source.triggers = plans[i].fingerprint;
            }
        }
        inspected = std::chrono::steady_clock::now();
    }

    /// Another server, another line of its history, or an older state of itself: what was told is
    /// not what it has.
    void compare(const News& found) {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            auto& source = *sources[i];
            if (!source.is_needed) {
                continue;
            }
            if (found.of[i].database != source.database ||
                found.of[i].open < number_of(source.snapshot)) {
                must_reset = true;
                source.database = found.of[i].database;
            }
        }
    }

    /// Where the one before us had come to, while what it told still stands; else everything that
    /// is kept is declared old. Another run of Redis may be an older one of itself: what processes
    /// still carry of the run before must not count there.
    asio::awaitable<void> take_over() {
        redis::Command fields(1, "HMGET");
        fields.emplace_back(marks_key);
        fields.emplace_back("read");
        fields.emplace_back("at");
        fields.emplace_back("server");
        fields.emplace_back("database");
        fields.emplace_back("triggers");
        redis::Command info(1, "INFO");
        info.emplace_back("server");
        std::vector<redis::Command> commands;
        commands.push_back(std::move(fields));
        commands.push_back(std::move(info));
        connections = client.stats().connected;
        const auto replies = co_await client.pipeline(std::move(commands));
        if (replies[0].is_error() || replies[1].is_error()) {
            throw Error(Code::database_rejected,
                        "Redis refused: " + replies[replies[0].is_error() ? 0 : 1].value);
        }
        if (connections == 0) {
            connections = client.stats().connected;
        }
        const auto& text = replies[1].value;
        const auto from = text.find("run_id:");
        server = from == std::string::npos
                     ? std::string()
                     : text.substr(from + 7, text.find_first_of("\r\n", from) - from - 7);
        const auto& marks = replies[0].items;
        const auto& before = marks.at(0).value;
        // A snapshot is "xmin:xmax:…".
        const bool is_same =
            before.find(':') != std::string::npos && marks.at(2).value == server &&
            seconds_now() < number_of(marks.at(1).value) +
                                static_cast<std::uint64_t>(limits.kept.count()) / 2'000;
        set_all(&RelaySource::snapshot, is_same ? std::string_view(before) : "");
        set_all(&RelaySource::database, marks.at(3).value);
        set_all(&RelaySource::triggers, marks.at(4).value);
        must_reset = !is_same;
        co_await inspect();
        for (const auto* const source : needed()) {
            must_reset = must_reset || source->snapshot.empty();
        }
    }

    static std::uint64_t seconds_now() {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
    }

    asio::awaitable<bool> tell(const News& found) {
        boost::json::object message;
        message["reset"] = must_reset;
        message["open"] = std::to_string(found.open);
        message["told"] = found.told;
        boost::json::array tags;
        for (const auto& tag : found.tags) {
            tags.emplace_back(tag);
        }
        message["tags"] = std::move(tags);
        std::vector<std::string> keys;
        keys.emplace_back(marks_key);
        keys.emplace_back(alive_key);
        std::vector<std::string> arguments;
        arguments.push_back(token);
        arguments.push_back(std::to_string(limits.lease.count()));
        arguments.emplace_back(must_reset ? "1" : "0");
        std::random_device random;
        arguments.push_back(
            std::to_string(((std::uint64_t{random()} << 31U) ^ random()) | std::uint64_t{1}));
        std::string snapshots;
        for (std::size_t i = 0; i < found.of.size(); ++i) {
            snapshots += (i == 0 ? "" : "\n") + found.of[i].snapshot;
        }
        arguments.push_back(snapshots);
        arguments.push_back(std::to_string(seconds_now()));
        arguments.push_back(server);
        arguments.push_back(all_of(&RelaySource::database));
        arguments.push_back(all_of(&RelaySource::triggers));
        arguments.emplace_back(channel);
        arguments.push_back(boost::json::serialize(message));
        arguments.insert(arguments.end(), found.tags.begin(), found.tags.end());
        const auto reply =
            co_await client.evaluate(tell_script(), std::move(keys), std::move(arguments));
        co_return reply.integer() == 1;
    }

    asio::awaitable<void> clean() {
        const auto now = std::chrono::steady_clock::now();
        if (now - cleaned < limits.kept / 10) {
            co_return;
        }
        cleaned = now;
        for (auto* const source : needed()) {
            co_await source->clean(static_cast<double>(limits.kept.count()) / 1000);
        }
    }

    asio::awaitable<void> turn() {
        if (!stats.is_telling || client.stats().connected != connections) {
            co_await take_over();
        } else if (std::chrono::steady_clock::now() - inspected >= limits.triggers) {
            co_await inspect();
            for (std::size_t i = 0; i < sources.size(); ++i) {
                if (!sources[i]->is_needed) {
                    ask_again(shared_from_this(), i);
                }
            }
        }
        auto found = co_await look();
        compare(found);
        if (must_reset && !all_of(&RelaySource::snapshot).empty()) {
            // In snapshots that are not older than the look at the triggers, and without the past.
            set_all(&RelaySource::snapshot, "");
            found = co_await look();
            compare(found);
        }
        const bool was_told = co_await tell(found);
        if (!was_told) {
            stats.is_telling = false;
            co_return;
        }
        stats.is_telling = true;
        stats.resets += std::exchange(must_reset, false) ? 1 : 0;
        stats.changes += found.rows;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            sources[i]->snapshot = found.of[i].snapshot;
        }
        if (client.stats().connected != connections) {
            // It was told over another connection than was looked at: look again, at once.
            has_news = true;
        }
        co_await clean();
    }
};

Relay::Relay(asio::any_io_executor executor, pg::Settings database, redis::Settings redis,
             std::vector<WatchedTable> tables, RelayLimits limits)
    : Relay(std::move(executor), std::vector<pg::Settings>{std::move(database)}, std::move(redis),
            std::move(tables), limits) {}

Relay::Relay(asio::any_io_executor executor, const std::vector<pg::Settings>& databases,
             redis::Settings redis, std::vector<WatchedTable> tables, RelayLimits limits)
    : state_(std::make_shared<State>(std::move(executor), databases, std::move(redis),
                                     std::move(tables), limits)) {}

Relay::Relay(Relay&&) noexcept = default;

Relay::~Relay() {
    if (state_) {
        close();
    }
}

RelayStats Relay::stats() const { return state_->stats; }

void Relay::close() {
    state_->is_closed = true;
    for (const auto& stop : state_->stops) {
        stop->emit(asio::cancellation_type::terminal);
    }
    state_->news.cancel();
    for (const auto& source : state_->sources) {
        source->pool.close();
    }
    state_->client.close();
}

asio::awaitable<void> Relay::run() {
    const auto self = state_;
    for (std::size_t i = 0; i < self->sources.size(); ++i) {
        self->stops.push_back(std::make_unique<asio::cancellation_signal>());
        asio::co_spawn(self->executor, State::hear(self, i),
                       asio::bind_cancellation_slot(self->stops.back()->slot(), asio::detached));
    }
    while (!self->is_closed) {
        self->has_news = false;
        bool has_failed = false;
        try {
            co_await self->turn();
        } catch (const std::exception& error) {
            has_failed = true;
            ++self->stats.failures;
            self->stats.last_failure = error.what();
        }
        if (self->is_closed) {
            co_return;
        }
        if (has_failed) {
            // It is not known what arrived.
            self->stats.is_telling = false;
        } else if (self->has_news && self->stats.is_telling) {
            continue;
        }
        self->news.expires_after(has_failed ? std::min(self->limits.beat, milliseconds(100))
                                            : self->limits.beat);
        boost::system::error_code woken;
        co_await self->news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

}  // namespace caisson::cache
