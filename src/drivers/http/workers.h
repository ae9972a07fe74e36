// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace caisson::http {

/// A few threads that take jobs in order. They are shielded from the first interrupt
/// (base/interrupt.h), so that a job begun is finished while the daemon drains.
class Workers {
 public:
    Workers(std::size_t threads, std::size_t waiting_limit);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    /// As stop().
    ~Workers();

    /// Whether the job was taken; not when too many wait or after stop(). Jobs must not throw.
    bool submit(std::function<void()> job);
    /// Drops the jobs that wait, and returns once those begun have ended.
    void stop();

 private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    std::size_t waiting_limit_;
    bool stopped_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace caisson::http
