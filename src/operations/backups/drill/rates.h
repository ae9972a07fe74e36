// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How fast restores are here, by what drills have measured. Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/drill/receipt.h"

namespace caisson::backups {

/// Medians over the newest ten drills that passed; nothing where none has measured it.
struct MeasuredRates {
    std::optional<double> bytes_a_second;     ///< By drills of at least 32 MB.
    std::optional<double> segments_a_second;  ///< Of physical sets.
    double other_seconds = 0;                 ///< Beside copying and replaying.
    std::size_t drills = 0;
};
/// Of restores of physical sets, or of logical ones. Receipts that no known key signed count, too:
/// nothing is proven by a figure.
MeasuredRates rates_of(const std::vector<KeptReceipt>& receipts, bool physical);

/// "about 12 s, as 3 drills took"; "how long it takes is not known: no drill has measured it".
std::string estimate_text(const std::optional<std::chrono::milliseconds>& estimate,
                          std::size_t drills);
/// How long a logical restore takes.
std::optional<std::chrono::milliseconds> logical_estimate(const MeasuredRates& rates,
                                                          std::uint64_t bytes);

}  // namespace caisson::backups
