// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace caisson::sources {
namespace {

/// Below it, a thread costs more than it saves.
constexpr std::size_t worth_a_thread = 64;
/// Taken at a time: few enough to share the last ones out, many enough to meet seldom.
constexpr std::size_t block = 16;
constexpr std::size_t most_threads = 8;

}  // namespace

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto run = [&] {
        try {
            for (auto start = next.fetch_add(block); start < count; start = next.fetch_add(block)) {
                for (auto i = start; i < std::min(count, start + block); ++i) {
                    work(i);
                }
            }
        } catch (...) {
            const std::lock_guard guard(mutex);
            failure = failure ? failure : std::current_exception();
            next = count;
        }
    };
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const auto wanted = std::min({cores, most_threads, count / worth_a_thread + 1});
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < wanted; ++i) {
            others.emplace_back(run);
        }
        run();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace caisson::sources
