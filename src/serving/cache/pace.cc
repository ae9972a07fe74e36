// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/pace.h"

#include <algorithm>

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t fewest_keys = 8;
constexpr std::size_t most_keys = 256;
/// Redis looks at up to ten times COUNT empty places in a row before it answers.
constexpr double most_places = 64;
constexpr double first_cost = 4000;

double nanoseconds(Pace::Duration duration) { return static_cast<double>(duration.count()); }

double towards(double before, double now, double share) { return before + (now - before) * share; }

}  // namespace

Pace::Pace(Duration round_trip) : round_trip_(nanoseconds(round_trip)), cost_(first_cost) {
    took(round_trip, 0);
}

/// What a step may take the server, in nanoseconds.
double Pace::allowance() const {
    return std::clamp(round_trip_, nanoseconds(40us), nanoseconds(1ms));
}

std::size_t Pace::scan_count() const {
    return static_cast<std::size_t>(static_cast<double>(keys_) * sparsity_);
}

Pace::Duration Pace::took(Duration step, std::size_t keys) {
    const double served = std::max(0.0, nanoseconds(step) - round_trip_);
    if (keys > 0) {
        // What a step waited for others is in its time, too, and not what our keys cost: a low
        // measurement is believed sooner than a high one.
        const double now = std::min(served / static_cast<double>(keys), 8 * cost_);
        cost_ = towards(cost_, now, now < cost_ ? 1.0 / 4 : 1.0 / 64);
    }
    keys_ = std::clamp(static_cast<std::size_t>(allowance() / std::max(cost_, 1.0)), fewest_keys,
                       most_keys);
    const bool was_crowded = served > 8 * allowance();
    return was_crowded ? std::min<Duration>(step / 2, 10ms) : Duration(0);
}

void Pace::pinged(Duration round_trip) {
    round_trip_ = towards(round_trip_, nanoseconds(round_trip), 1.0 / 8);
}

void Pace::scanned(std::size_t given) {
    if (given * 2 < keys_) {
        sparsity_ = std::min(sparsity_ * 2, most_places);
    } else if (given > keys_ * 2) {
        sparsity_ = std::max(sparsity_ / 2, 1.0);
    }
}

}  // namespace caisson::cache
