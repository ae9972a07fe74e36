// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/sweep.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "serving/cache/cleaner.h"
#include "serving/cache/matcher.h"
#include "serving/cache/pace.h"
#include "serving/cache/seen.h"
#include "serving/cache/tally.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

std::vector<std::string> patterns_of(const std::vector<platform::CacheKey>& keys) {
    std::vector<std::string> patterns;
    for (const auto& key : keys) {
        patterns.push_back(key.pattern);
    }
    return patterns;
}

std::chrono::nanoseconds ping(redis::Connection& connection) {
    const Stopwatch watch;
    connection.command({"PING"});
    return watch.elapsed();
}

/// The middle one of some: the first may be the one that wakes the server up.
std::chrono::nanoseconds round_trip(redis::Connection& connection) {
    std::array<std::chrono::nanoseconds, 9> measured{};
    for (auto& each : measured) {
        each = ping(connection);
    }
    std::sort(measured.begin(), measured.end());
    return measured[measured.size() / 2];
}

void require_cleanable(const Instance& instance) {
    if (instance.is_replica) {
        throw Error(Code::database_rejected,
                    "this Redis is a replica, and only its primary can be written to",
                    "let the environment's address lead to the primary");
    }
    constexpr int first_with_conditions = 7;
    if (instance.major() > 0 && instance.major() < first_with_conditions) {
        throw Error(Code::database_rejected,
                    fmt::format("this is Redis {}, whose EXPIRE knows no conditions (NX, LT); "
                                "without them it could undo what an application does meanwhile",
                                instance.version),
                    "use Redis 7 or later");
    }
}

class Sweep {
 public:
    Sweep(redis::Connection& connection, const Options& options)
        : connection_(connection),
          options_(options),
          instance_(read_instance(connection)),
          matcher_(patterns_of(options.keys)),
          seen_(instance_.keys),
          tally_(options.keys, options.sample),
          cleaner_(options.keys,
                   [this](const Cleaner::Planned& planned, bool overtaken) {
                       tally_.cleaned(planned.pattern, planned.remedy, overtaken);
                       note(planned.key, planned.pattern, planned.standing, overtaken);
                   }),
          pace_(round_trip(connection)) {}

    Report run() {
        const Stopwatch watch;
        if (options_.apply) {
            require_cleanable(instance_);
        }
        if (options_.began) {
            options_.began(instance_);
        }
        while (!has_ended_ || !waiting_.empty() || !cleaner_.is_empty()) {
            step();
        }
        auto report = tally_.report();
        report.instance = instance_;
        report.gone = gone_;
        report.repeated = repeated_;
        report.memory_refused = memory_refused_;
        report.memory_after = read_instance(connection_).used_memory;
        report.duration = watch.elapsed();
        return report;
    }

 private:
    struct Waiting {
        std::string key;
        bool for_memory = false;  ///< Whether it is in the sample.
    };

    void step() {
        const bool scans = !has_ended_ && waiting_.size() < pace_.keys();
        std::vector<redis::Command> commands;
        if (scans) {
            commands.push_back({"SCAN", cursor_, "COUNT", std::to_string(pace_.scan_count())});
        }
        const auto asked = take(pace_.keys());
        for (const auto& each : asked) {
            ask(each, commands);
        }
        auto remedies = cleaner_.commands(pace_.keys(), steady_clock::now());
        const auto questions = commands.size();
        std::move(remedies.begin(), remedies.end(), std::back_inserter(commands));
        if (commands.empty()) {
            std::this_thread::sleep_for(20ms);  // Until the next deletion is due.
            interrupt::check();
            return;
        }
        const Stopwatch watch;
        auto replies = connection_.pipeline(commands);
        const auto rest = pace_.took(watch.elapsed(), asked.size() + (commands.size() - questions));
        const std::span answers(replies);
        cleaner_.answered(answers.subspan(questions));
        if (questions < commands.size()) {
            fault::point("cache-cleaned");
        }
        read(answers.subspan(scans ? 1 : 0), asked);
        if (scans) {
            scanned(answers[0]);
        }
        rest_for(rest);
    }

    std::vector<Waiting> take(std::size_t most) {
        std::vector<Waiting> taken;
        while (!waiting_.empty() && taken.size() < most) {
            taken.push_back(std::move(waiting_.back()));
            waiting_.pop_back();
        }
        return taken;
    }

    bool asks_memory(const Waiting& key) const { return key.for_memory && memory_refused_.empty(); }
    bool asks_frequency() const { return options_.sample > 0 && instance_.counts_frequency(); }

    void ask(const Waiting& key, std::vector<redis::Command>& commands) const {
        commands.push_back({"PTTL", key.key});
        if (asks_memory(key)) {
            commands.push_back({"MEMORY", "USAGE", key.key});
            if (options_.exact) {
                commands.back().insert(commands.back().end(), {"SAMPLES", "0"});
            }
        }
        if (asks_frequency()) {
            commands.push_back({"OBJECT", "FREQ", key.key});
        }
    }

    /// The answers to ask(), in its order.
    void read(std::span<const redis::Reply> answers, const std::vector<Waiting>& asked) {
        std::size_t next = 0;
        const bool memory_is_told = memory_refused_.empty();
        for (const auto& each : asked) {
            KeyFacts facts;
            const auto& ttl = answers[next++];
            if (each.for_memory && memory_is_told) {
                facts.bytes = bytes_of(answers[next++]);
            }
            if (asks_frequency()) {
                facts.frequency = whole(answers[next++]);
            }
            if (!has_moved(ttl)) {
                require_done("PTTL", ttl);
            }
            constexpr std::int64_t no_such_key = -2;
            if (has_moved(ttl) || ttl.integer() == no_such_key) {
                ++gone_;
                continue;
            }
            if (ttl.integer() >= 0) {
                facts.time_to_live = std::chrono::milliseconds(ttl.integer());
            }
            facts.key = each.key;
            facts.pattern = matcher_.match(each.key);
            judge_key(std::move(facts));
        }
        if (options_.progress) {
            options_.progress(seen_.size() - waiting_.size(), instance_.keys);
        }
    }

    static std::optional<std::uint64_t> whole(const redis::Reply& reply) {
        return reply.kind == redis::Reply::Kind::integer
                   ? std::optional(static_cast<std::uint64_t>(reply.number))
                   : std::nullopt;
    }

    /// Some accounts may not ask: then the rest is told all the same.
    std::optional<std::uint64_t> bytes_of(const redis::Reply& reply) {
        if (reply.is_error() && !has_moved(reply)) {
            memory_refused_ = reply.value;
        }
        return whole(reply);
    }

    void judge_key(KeyFacts facts) {
        const auto standing = tally_.add(facts);
        if (standing == Standing::right) {
            return;
        }
        const auto remedy =
            facts.pattern ? remedy_of(standing, options_.keys[*facts.pattern]) : Remedy::none;
        if (!options_.apply || remedy == Remedy::none) {
            note(facts.key, facts.pattern, standing, false);
            return;
        }
        cleaner_.plan({std::move(facts.key), *facts.pattern, standing, remedy, {}},
                      steady_clock::now());
    }

    void note(std::string_view key, std::optional<std::size_t> pattern, Standing standing,
              bool overtaken) const {
        if (!options_.note) {
            return;
        }
        if (!pattern) {
            options_.note({key, {}, standing, Remedy::none, overtaken});
            return;
        }
        const auto& declared = options_.keys[*pattern];
        options_.note({key, declared.pattern, standing, remedy_of(standing, declared), overtaken});
    }

    void scanned(redis::Reply& reply) {
        require_done("SCAN", reply);
        if (reply.items.size() != 2) {
            throw Error(Code::internal, "Redis answered SCAN with something else");
        }
        cursor_ = reply.items[0].text();
        has_ended_ = cursor_ == "0";
        auto& keys = reply.items[1].items;
        pace_.scanned(keys.size());
        for (auto& each : keys) {
            const auto hash = std::hash<std::string>()(each.value);
            if (seen_.add(hash)) {
                waiting_.push_back(
                    {std::move(each.value), options_.sample > 0 && hash % options_.sample == 0});
            } else {
                ++repeated_;
            }
        }
    }

    void rest_for(std::chrono::nanoseconds rest) {
        if (rest > 0ns) {
            std::this_thread::sleep_for(rest);
        }
        interrupt::check();
        constexpr std::uint64_t often = 64;
        if (++steps_ % often == 0) {
            pace_.pinged(ping(connection_));
        }
    }

    redis::Connection& connection_;
    const Options& options_;
    Instance instance_;
    Matcher matcher_;
    Seen seen_;
    Tally tally_;
    Cleaner cleaner_;
    Pace pace_;
    std::vector<Waiting> waiting_;
    std::string cursor_ = "0";
    std::string memory_refused_;
    bool has_ended_ = false;
    std::uint64_t gone_ = 0;
    std::uint64_t repeated_ = 0;
    std::uint64_t steps_ = 0;
};

}  // namespace

Report sweep(redis::Connection& connection, const Options& options) {
    return Sweep(connection, options).run();
}

}  // namespace caisson::cache
