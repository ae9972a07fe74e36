// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace caisson::cache {

/// Asks nothing of what failed several times in a row, but now and then once, until it answers.
/// Threads: one at a time. Pure but for what it is told.
class Breaker {
 public:
    using Clock = std::chrono::steady_clock;
    Breaker(unsigned failures, std::chrono::milliseconds pause)
        : failures_(failures), pause_(pause) {}

    /// Whether it may be asked now; then succeeded() or failed() must follow.
    bool allows(Clock::time_point now) {
        if (in_a_row_ < failures_) {
            return true;
        }
        if (now < again_) {
            return false;
        }
        again_ = now + pause_;  // The only one who tries, for so long.
        return true;
    }
    void succeeded() { in_a_row_ = 0; }
    void failed(Clock::time_point now) {
        if (++in_a_row_ == failures_) {
            again_ = now + pause_;
            ++opened_;
        }
    }
    bool is_open() const { return in_a_row_ >= failures_; }
    std::uint64_t opened() const { return opened_; }

 private:
    unsigned failures_;
    std::chrono::milliseconds pause_;
    unsigned in_a_row_ = 0;
    std::uint64_t opened_ = 0;
    Clock::time_point again_{};
};

}  // namespace caisson::cache
