// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/worth.h"

#include <algorithm>
#include <cmath>

namespace caisson::advice {

double worth_of_danger(double part) { return 90 + 10 * std::clamp(part, 0.0, 1.0); }

double worth_of_fault() { return 75; }

double worth_of_time(double milliseconds_a_day) {
    return std::clamp(30 + 6 * std::log10(std::max(1.0, milliseconds_a_day)), 30.0, 69.0);
}

double worth_of_space(std::uint64_t bytes) {
    return std::clamp(3 * std::log10(std::max(1.0, static_cast<double>(bytes))), 5.0, 29.0);
}

}  // namespace caisson::advice
