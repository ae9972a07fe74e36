// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/workers.h"

#include <utility>

#include "base/interrupt.h"

namespace caisson::http {

Workers::Workers(std::size_t threads, std::size_t waiting_limit) : waiting_limit_(waiting_limit) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

Workers::~Workers() { stop(); }

bool Workers::submit(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || waiting_.size() >= waiting_limit_) {
        return false;
    }
    waiting_.push_back(std::move(job));
    changed_.notify_one();
    return true;
}

void Workers::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        waiting_.clear();
    }
    changed_.notify_all();
    for (auto& thread : std::exchange(threads_, {})) {
        thread.join();
    }
}

void Workers::work() {
    const interrupt::Shield shield;
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
        if (stopped_) {
            return;
        }
        const auto job = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

}  // namespace caisson::http
