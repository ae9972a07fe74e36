// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(InParallel, DoesEveryItemOnce) {
    std::vector<std::atomic<int>> times(100);
    in_parallel(times.size(), [&](std::size_t i) { ++times[i]; });
    for (const auto& one : times) {
        EXPECT_EQ(one, 1);
    }
    in_parallel(0, [](std::size_t) { FAIL(); });
}

TEST(InParallel, TwoItemsMayWaitForEachOther) {
    std::mutex mutex;
    std::condition_variable both;
    int there = 0;
    in_parallel(2, [&](std::size_t) {
        std::unique_lock lock(mutex);
        ++there;
        both.notify_all();
        both.wait(lock, [&] { return there == 2; });
    });
    EXPECT_EQ(there, 2);
}

TEST(InParallel, OneItemStaysInTheCallersThread) {
    std::thread::id where;
    in_parallel(1, [&](std::size_t) { where = std::this_thread::get_id(); });
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(InParallel, ThrowsTheFirstFailureInTheOrderOfTheItemsAndBeginsNothingMore) {
    std::atomic<int> begun{0};
    try {
        in_parallel(10'000, [&](std::size_t i) {
            ++begun;
            throw std::runtime_error(i == 0 ? "first" : "later");
        });
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "first");
    }
    EXPECT_LT(begun, 10'000);
}

}  // namespace
}  // namespace caisson
