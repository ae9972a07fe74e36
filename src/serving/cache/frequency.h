// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caisson::cache {

/// How often hashes were seen lately, up to 15 times: a count-min sketch of four rows of 4-bit
/// counters that all lie in one line of the processor's cache, halved after every twenty sightings
/// a place. Private to this module. Source: Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient
/// Cache Admission Policy" (2017). Threads: one at a time.
class Frequency {
 public:
    Frequency();
    /// For so many different hashes, at least; what was counted stays.
    void make_room(std::size_t hashes);
    void see(std::uint64_t hash);
    /// Begins to bring what see() will look at into the processor's cache.
    void fetch(std::uint64_t hash) const;
    unsigned of(std::uint64_t hash) const;

 private:
    struct alignas(64) Block {
        std::uint64_t words[8] = {};
    };
    void age();

    std::vector<Block> blocks_;  ///< A power of two.
    std::size_t hashes_ = 0;
    std::uint64_t seen_ = 0;
};

}  // namespace caisson::cache
