// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace caisson {

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::vector<std::exception_ptr> failures(count);
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    const auto take = [&] {
        while (!failed) {
            const auto mine = next++;
            if (mine >= count) {
                return;
            }
            try {
                work(mine);
            } catch (...) {
                failures[mine] = std::current_exception();
                failed = true;
            }
        }
    };
    // Work waits for servers more than it computes, so a single processor is worth two threads.
    const std::size_t wanted = std::max(2U, std::thread::hardware_concurrency());
    std::vector<std::thread> others;
    try {
        for (std::size_t i = 1; i < std::min(count, wanted); ++i) {
            others.emplace_back(take);
        }
    } catch (const std::system_error&) {
        // No more threads may be made: those that are there do it all.
    }
    take();
    for (auto& other : others) {
        other.join();
    }
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace caisson
