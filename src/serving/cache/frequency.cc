// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/frequency.h"

#include <algorithm>

namespace caisson::cache {
namespace {

/// Blocks are chosen by the upper half of the hash, counters by the lower half.
std::uint64_t spread(std::uint64_t hash) { return hash * 0x9E3779B97F4A7C15U; }

struct Counter {
    unsigned word;
    unsigned shift;
};

/// Each row has two words of the block, 32 counters.
Counter counter_of(std::uint64_t bits, unsigned row) {
    const auto own = static_cast<unsigned>(bits >> (row * 8U)) & 0x1FU;
    return {row * 2U + (own & 1U), (own >> 1U) * 4U};
}

}  // namespace

Frequency::Frequency() : blocks_(8) {}

/// With one more bit in the mask a hash is in the block where it was, or in that one's copy.
void Frequency::make_room(std::size_t hashes) {
    hashes_ = std::max(hashes_, hashes);
    // Eight counters of each row for a hash, so that strangers seldom meet in all four.
    while (blocks_.size() * 4 < hashes_) {
        const auto size = blocks_.size();
        blocks_.resize(size * 2);
        std::copy_n(blocks_.begin(), size, blocks_.begin() + static_cast<std::ptrdiff_t>(size));
    }
}

void Frequency::fetch(std::uint64_t hash) const {
    __builtin_prefetch(&blocks_[(spread(hash) >> 32U) & (blocks_.size() - 1)], 1);
}

/// Without a branch for each counter: which of them are full, nothing can foretell.
void Frequency::see(std::uint64_t hash) {
    const auto bits = spread(hash);
    auto& block = blocks_[(bits >> 32U) & (blocks_.size() - 1)];
    bool is_new = false;
    for (unsigned row = 0; row < 4; ++row) {
        const auto [word, shift] = counter_of(bits, row);
        const bool has_room = ((block.words[word] >> shift) & 0xFU) < 15;
        block.words[word] += std::uint64_t{has_room} << shift;
        is_new |= has_room;
    }
    if (is_new && ++seen_ >= 20 * std::max<std::size_t>(hashes_, 32)) {
        age();
    }
}

unsigned Frequency::of(std::uint64_t hash) const {
    const auto bits = spread(hash);
    const auto& block = blocks_[(bits >> 32U) & (blocks_.size() - 1)];
    unsigned fewest = 15;
    for (unsigned row = 0; row < 4; ++row) {
        const auto [word, shift] = counter_of(bits, row);
        fewest = std::min(fewest, static_cast<unsigned>((block.words[word] >> shift) & 0xFU));
    }
    return fewest;
}

void Frequency::age() {
    for (auto& block : blocks_) {
        for (auto& word : block.words) {
            word = (word >> 1U) & 0x7777777777777777U;
        }
    }
    seen_ /= 2;
}

}  // namespace caisson::cache
