// SPDX-License-Identifier: Apache-2.0
// The cache in the process.
//
//   cache_local speed: hits a second, 16,384 and 100,000 keys, on 1, 2, 4 threads, beside a plain
//                      table of the standard library (Google Benchmark)
//   cache_local ratio: hit ratios on traces, beside LRU and what the most popular keys would give
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

#include "serving/cache/local.h"

namespace {

using caisson::cache::Held;
using caisson::cache::Local;
using caisson::cache::Value;

constexpr std::size_t value_size = 100;
constexpr std::size_t entry_size = 240 + 16 + value_size;  // As the cache counts it.

std::string key_of(std::uint64_t number) {
    char key[24];
    std::snprintf(key, sizeof key, "key:%012llu", static_cast<unsigned long long>(number));
    return key;
}

Held value() {
    auto made = std::make_shared<Value>();
    made->bytes.assign(value_size, 'x');
    made->expires = Value::Clock::time_point::max();
    return made;
}

/// Numbers from 0, the first the most popular.
class Zipf {
 public:
    Zipf(double skew, std::size_t keys) : sums_(keys) {
        double sum = 0;
        for (std::size_t i = 0; i < keys; ++i) {
            sums_[i] = sum += std::pow(static_cast<double>(i + 1), -skew);
        }
    }
    std::uint64_t operator()(std::mt19937_64& random) const {
        const double at = std::uniform_real_distribution<>(0, sums_.back())(random);
        return static_cast<std::uint64_t>(std::ranges::lower_bound(sums_, at) - sums_.begin());
    }
    double optimum(std::size_t kept) const { return sums_[kept - 1] / sums_.back(); }

 private:
    std::vector<double> sums_;
};

class Lru {
 public:
    explicit Lru(std::size_t entries) : entries_(entries) {}
    bool ask(std::uint64_t key) {
        if (const auto found = places_.find(key); found != places_.end()) {
            order_.splice(order_.begin(), order_, found->second);
            return true;
        }
        order_.push_front(key);
        places_[key] = order_.begin();
        if (places_.size() > entries_) {
            places_.erase(order_.back());
            order_.pop_back();
        }
        return false;
    }

 private:
    std::size_t entries_;
    std::list<std::uint64_t> order_;
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places_;
};

constexpr std::size_t requests = 65536;

/// The keys that one thread asks for, by Zipf 1.0 over `keys`, one after the other in memory: who
/// asks has just put the key together.
std::vector<std::string> asked_for(std::size_t keys, int thread) {
    std::mt19937_64 random(static_cast<std::uint64_t>(thread));
    const Zipf zipf(1.0, keys);
    std::vector<std::string> asked(requests);
    for (auto& key : asked) {
        key = key_of(zipf(random));
    }
    return asked;
}

/// All keys are there, and every request is a hit.
template <typename Get>
void ask(benchmark::State& state, const Get& get) {
    const auto asked = asked_for(static_cast<std::size_t>(state.range(0)), state.thread_index());
    std::size_t at = 0;
    std::size_t missed = 0;
    for (auto _ : state) {
        const Held held = get(asked[at++ & (requests - 1)]);
        missed += held ? 0 : 1;
        benchmark::DoNotOptimize(held);
    }
    if (missed > 0) {
        state.SkipWithError("a miss");
    }
    state.SetItemsProcessed(state.iterations());
}

/// What a table of the standard library under one lock does, without any order or bound.
void floor_hit(benchmark::State& state) {
    static std::unordered_map<std::string, Held> table;
    static std::mutex mutex;
    if (state.thread_index() == 0) {
        table.clear();
        for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
            table[key_of(i)] = value();
        }
    }
    ask(state, [](const std::string& key) {
        const std::lock_guard lock(mutex);
        return table.find(key)->second;
    });
}
BENCHMARK(floor_hit)->Arg(16'384)->Arg(100'000)->Threads(1)->UseRealTime();

void hit(benchmark::State& state) {
    static std::unique_ptr<Local> filled;
    if (state.thread_index() == 0) {
        filled = std::make_unique<Local>(std::size_t{256} << 20U);
        for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
            filled->put(key_of(i), value());
        }
    }
    ask(state, [](const std::string& key) { return filled->get(key); });
}
BENCHMARK(hit)->Arg(16'384)->Arg(100'000)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

/// What a process does once a minute, for warming: the locks of the parts are held one at a time.
void hottest(benchmark::State& state) {
    Local local(std::size_t{256} << 20U);
    for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
        local.put(key_of(i), value());
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(local.hottest(1000));
    }
}
BENCHMARK(hottest)->Arg(200'000)->Unit(benchmark::kMillisecond);

/// Asks 8 times as often as there are keys, after as many requests to warm up.
void trace(const char* name, std::size_t keys, double share, double best,
           const std::function<std::uint64_t(std::mt19937_64&)>& next) {
    const auto entries = static_cast<std::size_t>(static_cast<double>(keys) * share);
    Local local(entries * entry_size);
    Lru lru(entries);
    std::mt19937_64 random(42);
    const Held one = value();
    std::uint64_t hits = 0;
    std::uint64_t lru_hits = 0;
    const std::size_t measured = keys * 8;
    for (std::size_t i = 0; i < measured * 2; ++i) {
        const auto number = next(random);
        const auto key = key_of(number);
        const bool was_hit = local.get(key) != nullptr;
        if (!was_hit) {
            local.put(key, one);
        }
        const bool was_lru_hit = lru.ask(number);
        hits += was_hit && i >= measured ? 1 : 0;
        lru_hits += was_lru_hit && i >= measured ? 1 : 0;
    }
    const auto ratio = [&](std::uint64_t count) {
        return static_cast<double>(count) / static_cast<double>(measured);
    };
    std::printf("%-22s %4.0f %%  caisson %.4f  lru %.4f", name, share * 100, ratio(hits),
                ratio(lru_hits));
    if (best > 0) {
        std::printf("  optimum %.4f  of it %.1f %%", best, 100 * ratio(hits) / best);
    }
    std::printf("\n");
}

/// As a screen of sanctions and businesses: most requests are for popular ones, a few go through
/// everything once, and what is popular moves on slowly.
std::function<std::uint64_t(std::mt19937_64&)> mixed(const Zipf& zipf, std::size_t keys) {
    return [&zipf, keys, asked = std::uint64_t{0}, scan = std::uint64_t{0},
            random_scan = std::uint64_t{0}](std::mt19937_64& random) mutable {
        ++asked;
        const auto kind = random() % 100;
        if (kind < 5) {
            return keys + scan++ % (keys * 10);  // Once each, such as a night's report.
        }
        if (kind < 10) {
            random_scan = random() % 64;  // Just written, and read again at once.
            return keys * 20 + asked / 200 - random_scan / 32;
        }
        return (zipf(random) + asked / 20'000) % keys;
    };
}

void ratios() {
    constexpr std::size_t keys = 200'000;
    for (const double skew : {1.0, 0.9}) {
        const Zipf zipf(skew, keys);
        for (const double share : {0.01, 0.10, 0.25}) {
            char name[32];
            std::snprintf(name, sizeof name, "zipf %.1f", skew);
            trace(name, keys, share,
                  zipf.optimum(static_cast<std::size_t>(static_cast<double>(keys) * share)),
                  [&](std::mt19937_64& random) { return zipf(random); });
        }
    }
    const Zipf zipf(1.1, keys);
    trace("mixed (PendScan-like)", keys, 0.25, 0, mixed(zipf, keys));
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && std::string_view(arguments[1]) == "ratio") {
        ratios();
        return 0;
    }
    benchmark::Initialize(&count, arguments);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
