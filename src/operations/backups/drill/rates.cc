// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/rates.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::backups {
namespace {

constexpr std::size_t most_drills = 10;
/// Of less, what every restore takes hides what the bytes take: it tells only the former.
constexpr std::uint64_t telling_bytes = std::uint64_t{32} << 20U;
/// Where no drill was large enough: of a slow machine of two cores.
constexpr double assumed_bytes_a_second = 30.0 * 1024 * 1024;

std::optional<double> median(std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

MeasuredRates rates_of(const std::vector<KeptReceipt>& receipts, bool physical) {
    MeasuredRates rates;
    std::vector<double> bytes;
    std::vector<double> segments;
    std::vector<double> others;
    for (auto kept = receipts.rbegin(); kept != receipts.rend() && rates.drills < most_drills;
         ++kept) {
        const auto& receipt = kept->receipt;
        const bool is_physical = receipt.copy_seconds > 0;
        if (!receipt.passed() || is_physical != physical || receipt.restore_seconds <= 0) {
            continue;
        }
        ++rates.drills;
        const auto copying = is_physical ? receipt.copy_seconds : receipt.restore_seconds;
        auto other = receipt.restore_seconds - copying - receipt.replay_seconds;
        if (receipt.bytes >= telling_bytes) {
            bytes.push_back(static_cast<double>(receipt.bytes) / copying);
        } else {
            other += copying - static_cast<double>(receipt.bytes) / assumed_bytes_a_second;
        }
        others.push_back(std::max(0.0, other));
        if (is_physical) {
            if (receipt.segments > 0 && receipt.replay_seconds > 0) {
                segments.push_back(static_cast<double>(receipt.segments) / receipt.replay_seconds);
            }
        }
    }
    rates.bytes_a_second = median(std::move(bytes));
    rates.segments_a_second = median(std::move(segments));
    rates.other_seconds = median(std::move(others)).value_or(0);
    return rates;
}

std::string estimate_text(const std::optional<std::chrono::milliseconds>& estimate,
                          std::size_t drills) {
    if (!estimate) {
        return "how long it takes is not known: no drill has measured it";
    }
    return drills == 0
               ? fmt::format("about {}, a guess: no drill has measured it", human(*estimate))
               : fmt::format("about {}, as {} took", human(*estimate), counted(drills, "drill"));
}

std::optional<std::chrono::milliseconds> logical_estimate(const MeasuredRates& rates,
                                                          std::uint64_t bytes) {
    if (rates.drills == 0) {
        return std::nullopt;
    }
    const auto seconds =
        rates.other_seconds +
        static_cast<double>(bytes) / rates.bytes_a_second.value_or(assumed_bytes_a_second);
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace caisson::backups
