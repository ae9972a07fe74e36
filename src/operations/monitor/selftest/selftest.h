// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Whether alerts would come: each rule is provoked on private servers made for it, and followed
/// from the sample to a receiver on the loopback address, signed, and back. What cannot be provoked
/// is said to be unproven.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "trust/session.h"

namespace caisson::selftest {

enum class How {
    real,       ///< The fault itself, at the rule's own threshold.
    scaled,     ///< The fault itself; times or sizes are scaled down, with the threshold.
    simulated,  ///< The figure's source is replaced: another /proc, pg_resetwal, a reading.
    unproven,   ///< Not provoked.
};
std::string_view text_of(How how);

struct Proof {
    std::string rule{};
    How how = How::unproven;
    std::string note{};  ///< What was done: "threshold 1 s instead of 5 min".
    bool has_fired = false;
    bool is_delivered = false;
    bool is_resolved = false;                ///< And told so.
    std::chrono::milliseconds fired{0};      ///< From the fault until it fired,
    std::chrono::milliseconds delivered{0};  ///< until the receiver had it,
    std::chrono::milliseconds resolved{0};   ///< and from the mending until it had that.
    std::string why{};                       ///< It is unproven.
    bool is_refused = false;                 ///< The machine does not allow the fault itself.
    bool holds() const { return has_fired && is_delivered && is_resolved; }
};

struct Options {
    std::vector<std::string> rules{};         ///< Only these; empty: all.
    std::chrono::milliseconds limit{20'000};  ///< For each way of a rule.
    std::function<void(const std::string&)> progress{};
};

/// All rules of the platform, in their order. Starts and removes servers of its own; touches none
/// of the platform's. Errors: as servers::start(); interrupted.
std::vector<Proof> run(const trust::Run& run, const Options& options = {});

}  // namespace caisson::selftest
