// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace caisson::cache {

/// How many keys a step asks Redis about, and how long to rest between steps. Redis answers one
/// after another: whoever comes during a step waits for its end. So a step may take the server as
/// long as a round trip takes anyway, and others see at most twice the latency they are used to.
/// Pure: it is told what was measured.
class Pace {
 public:
    using Duration = std::chrono::nanoseconds;

    /// `round_trip` is that of a PING.
    explicit Pace(Duration round_trip);

    std::size_t keys() const { return keys_; }
    /// COUNT of the next SCAN.
    std::size_t scan_count() const;

    /// A step that asked about so many keys took so long, from the first byte to the last. How long
    /// to rest now: nothing, unless the server was busy with others.
    Duration took(Duration step, std::size_t keys);
    /// A PING in between took so long.
    void pinged(Duration round_trip);
    /// A SCAN with scan_count() gave so many keys: of a table with many empty places few.
    void scanned(std::size_t given);

 private:
    double allowance() const;

    double round_trip_;    ///< Nanoseconds, smoothed.
    double cost_;          ///< Of one key, as far as it is known.
    double sparsity_ = 1;  ///< Places of the table to look at for one key.
    std::size_t keys_ = 0;
};

}  // namespace caisson::cache
