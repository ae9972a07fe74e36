// SPDX-License-Identifier: Apache-2.0
// The cache in the process.
//   cache_local speed      hits a second, 16,384 and 100,000 keys, on 1, 2, 4 threads (Google
//   Benchmark) cache_local ratio      hit ratios on traces, beside LRU and what the most popular
//   keys would give
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <list>
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

Local* filled = nullptr;
/// Of the most popular of as many keys as the argument says, by Zipf 1.0; all are there.
void hit(benchmark::State& state) {
    const auto keys_filled = static_cast<std::size_t>(state.range(0));
    static std::vector<std::string> keys;
    if (state.thread_index() == 0) {
        delete filled;
        filled = new Local(std::size_t{256} << 20U);
        keys.clear();
        for (std::size_t i = 0; i < keys_filled; ++i) {
            keys.push_back(key_of(i));
            filled->put(keys.back(), value());
        }
    }
    std::mt19937_64 random(static_cast<std::uint64_t>(state.thread_index()));
    std::vector<std::uint32_t> order;
    const Zipf zipf(1.0, keys_filled);
    for (int i = 0; i < 65536; ++i) {
        order.push_back(static_cast<std::uint32_t>(zipf(random)));
    }
    std::size_t at = 0;
    std::size_t missed = 0;
    for (auto _ : state) {
        const auto held = filled->get(keys[order[at++ & 65535U]]);
        missed += held ? 0 : 1;
        benchmark::DoNotOptimize(held);
    }
    if (missed > 0) {
        state.SkipWithError("a miss");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hit)->Arg(16'384)->Arg(100'000)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

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
