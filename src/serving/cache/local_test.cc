// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/local.h"

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;
using Time = Value::Clock::time_point;

Held value(std::string bytes, Time expires = Time::max()) {
    auto made = std::make_shared<Value>();
    made->bytes = std::move(bytes);
    made->expires = expires;
    return made;
}

TEST(Local, KeepsWhatFits) {
    Local cache(1 << 20);
    cache.put("a", value("one"));
    cache.put("b", value("two"));
    cache.put("a", value("three"));
    EXPECT_EQ(cache.get("a")->bytes, "three");
    EXPECT_EQ(cache.get("b")->bytes, "two");
    EXPECT_EQ(cache.get("c"), nullptr);
    EXPECT_EQ(cache.stats().entries, 2U);
}

TEST(Local, WhatIsLargerThanAPartIsNotKeptAndTheOldValueIsGone) {
    Local cache(10'000, 1);
    cache.put("a", value("small"));
    cache.put("a", value(std::string(20'000, 'x')));
    EXPECT_EQ(cache.get("a"), nullptr);
    EXPECT_EQ(cache.stats().bytes, 0U);
}

/// Against a model that keeps everything: what is given was put, not removed, and not expired; and
/// the bytes never exceed the bound.
TEST(Local, NeverAboveItsBoundNeverExpiredNeverRemoved) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::mt19937 random(seed);
        const std::size_t bound = 5'000 + random() % 50'000;
        Local cache(bound, 1 + random() % 4);
        std::map<std::string, std::pair<std::string, Time>> model;
        Time now{};
        for (int step = 0; step < 20'000; ++step) {
            now += std::chrono::milliseconds(random() % 20);
            const auto key = "key " + std::to_string(random() % 200);
            switch (random() % 8) {
                case 0:
                    cache.remove(key);
                    model.erase(key);
                    break;
                case 1:
                case 2:
                case 3: {
                    const auto bytes = std::to_string(step) + std::string(random() % 900, 'x');
                    const auto expires = now + std::chrono::milliseconds(random() % 3000);
                    cache.put(key, value(bytes, expires), now);
                    model[key] = {bytes, expires};
                    break;
                }
                case 4:
                    if (random() % 500 == 0) {
                        cache.clear();
                        model.clear();
                    }
                    break;
                default:
                    if (const auto held = cache.get(key, now)) {
                        ASSERT_TRUE(model.contains(key));
                        ASSERT_EQ(held->bytes, model[key].first);
                        ASSERT_GT(model[key].second, now);
                    }
            }
            ASSERT_LE(cache.stats().bytes, bound);
        }
        EXPECT_GT(cache.stats().hits, 100U);
        EXPECT_GT(cache.stats().evicted, 0U);
    }
}

TEST(Local, WhatExpiredDoesNotStayThoughNobodyAsksForIt) {
    Local cache(10 << 20, 1);
    Time now{};
    for (int i = 0; i < 1000; ++i) {
        cache.put("old " + std::to_string(i), value("x", now + 1s), now);
    }
    now += 2s;
    for (int i = 0; i < 2000; ++i) {
        cache.put("new " + std::to_string(i), value("x", now + 1h), now);
    }
    EXPECT_EQ(cache.stats().entries, 2000U);
}

TEST(Local, WhatIsAskedForOftenSurvivesAScan) {
    Local cache(300 * 300, 1);
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 100; ++i) {
            const auto key = "hot " + std::to_string(i);
            if (!cache.get(key)) {
                cache.put(key, value("x"));
            }
        }
    }
    for (int i = 0; i < 100'000; ++i) {
        const auto key = "once " + std::to_string(i);
        if (!cache.get(key)) {
            cache.put(key, value("x"));
        }
    }
    int kept = 0;
    for (int i = 0; i < 100; ++i) {
        kept += cache.get("hot " + std::to_string(i)) ? 1 : 0;
    }
    // Counters grow old meanwhile; a cache of those used last would have none of them.
    EXPECT_GT(kept, 50);
}

TEST(Local, TheHottestAreFoundOnceEachThoughTheTableGrowsMeanwhile) {
    Local cache(64 << 20);
    const auto name = [](const char* kind, int number) { return kind + std::to_string(number); };
    for (int i = 0; i < 20; ++i) {
        cache.put(name("hot ", i), value("x"));
        for (int asked = 0; asked < 10; ++asked) {
            cache.get(name("hot ", i));
        }
    }
    for (int i = 0; i < 30'000; ++i) {
        cache.put(name("cold ", i), value("x"));
    }
    Hottest search(cache, 20);
    int steps = 0;
    for (; search.step(); ++steps) {
        for (int i = 0; i < 300; ++i) {
            cache.put(name("new ", steps * 300 + i), value("x"));
        }
    }
    const auto found = search.take();
    EXPECT_GT(steps, 16);
    ASSERT_EQ(found.size(), 20U);
    std::set<std::string> names;
    for (const auto& [seen, key] : found) {
        EXPECT_GE(seen, 10U) << key;
        EXPECT_TRUE(key.starts_with("hot ")) << key;
        names.insert(key);
    }
    EXPECT_EQ(names.size(), 20U);
}

TEST(Local, ManyThreadsSeeOnlyWhatWasPutUnderTheKey) {
    Local cache(200'000);
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (unsigned own = 0; own < 4; ++own) {
        threads.emplace_back([&, own] {
            std::mt19937 random(own);
            for (int i = 0; i < 50'000; ++i) {
                const auto key = std::to_string(random() % 2000);
                if (const auto held = cache.get(key)) {
                    wrong += held->bytes == "value of " + key ? 0 : 1;
                } else {
                    cache.put(key, value("value of " + key));
                }
                if (random() % 50 == 0) {
                    cache.remove(key);
                }
                if (random() % 10'000 == 0) {
                    cache.clear();
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(cache.stats().bytes, 200'000U);
}

/// The share of requests that the most popular `kept` of `keys` get.
double optimum(double skew, int keys, int kept) {
    double all = 0;
    double best = 0;
    for (int i = 1; i <= keys; ++i) {
        all += std::pow(i, -skew);
        best = i == kept ? all : best;
    }
    return best / all;
}

TEST(Local, KeepsNearlyWhatTheMostPopularKeysWouldGive) {
    constexpr int keys = 20'000;
    for (const double skew : {1.0, 0.9}) {
        std::vector<double> weights;
        for (int i = 1; i <= keys; ++i) {
            weights.push_back(std::pow(i, -skew));
        }
        std::discrete_distribution<int> pick(weights.begin(), weights.end());
        std::mt19937 random(7);
        constexpr std::size_t size = 240 + 9 + 51;
        Local cache(size * keys / 10, 1);
        std::uint64_t before = 0;
        for (int i = 0; i < 1'200'000; ++i) {
            if (i == 400'000) {
                before = cache.stats().hits;
            }
            char key[16];
            std::snprintf(key, sizeof key, "%09d", pick(random));
            if (!cache.get(key)) {
                cache.put(key, value(std::string(51, 'x')));
            }
        }
        const auto ratio = static_cast<double>(cache.stats().hits - before) / 800'000;
        EXPECT_GT(ratio, 0.95 * optimum(skew, keys, keys / 10)) << skew;
    }
}

}  // namespace
}  // namespace caisson::cache
