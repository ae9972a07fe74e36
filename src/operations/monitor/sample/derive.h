// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What only two samples tell: rates, shares, what is new. Honest across resets, restarts, pauses
/// and clocks that jump: nothing negative, nothing invented.

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "operations/monitor/sample/sample.h"
#include "operations/monitor/sample/window.h"

namespace caisson::monitor {

/// The growth of a counter between two samples; nothing when it fell (it was reset), or is missing
/// in one of them.
std::optional<double> growth(const Sample& before, const Sample& now, std::string_view metric,
                             const Labels& labels = {});

/// Whether a metric follows from two samples or more: across a gap it is not known.
bool is_derived(std::string_view metric);

/// Adds to sample after sample what follows from those before. Threads: one at a time.
class Deriver {
 public:
    /// `interval`: what lies between two samples as a rule; after three times of it there is a gap.
    explicit Deriver(std::chrono::milliseconds interval) : interval_(interval) {}

    /// Adds derived readings and gaps to a sample that was finished, and finishes it again. `age`:
    /// a moment of a clock that does not jump, at which the sample was begun.
    void add(Sample& sample, std::chrono::milliseconds age);

 private:
    void find_gaps(Sample& sample, std::chrono::milliseconds elapsed);
    std::vector<Reading> moments_that_are_missing(const Sample& sample) const;
    bool has_redis_restarted(const Sample& sample, std::chrono::milliseconds elapsed) const;
    bool is_gap(const Sample& sample, std::string_view group) const;
    void derive_databases(const Sample& sample, double seconds,
                          std::vector<Reading>& derived) const;
    void derive_server(const Sample& sample, double seconds, std::vector<Reading>& derived) const;
    void derive_host(const Sample& sample, std::vector<Reading>& derived) const;
    void derive_redis(const Sample& sample, double seconds, std::vector<Reading>& derived) const;
    void derive_own(const Sample& sample, double seconds, std::vector<Reading>& derived) const;
    void derive_hourly(Sample& sample, std::chrono::milliseconds age,
                       std::vector<Reading>& derived);

    std::chrono::milliseconds interval_;
    std::optional<Sample> before_;
    std::chrono::milliseconds before_age_{0};
    Window hour_;
};

}  // namespace caisson::monitor
