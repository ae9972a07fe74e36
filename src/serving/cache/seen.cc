// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/seen.h"

#include <bit>

namespace caisson::cache {

Seen::Seen(std::size_t expected) : slots_(std::bit_ceil(expected + expected / 2 + 1024)) {}

bool Seen::put(std::vector<std::uint64_t>& slots, std::uint64_t hash) {
    const auto mask = slots.size() - 1;
    for (auto at = hash & mask;; at = (at + 1) & mask) {
        if (slots[at] == hash) {
            return false;
        }
        if (slots[at] == 0) {
            slots[at] = hash;
            return true;
        }
    }
}

void Seen::grow() {
    std::vector<std::uint64_t> larger(slots_.size() * 2);
    for (const auto hash : slots_) {
        if (hash != 0) {
            put(larger, hash);
        }
    }
    slots_ = std::move(larger);
}

bool Seen::add(std::uint64_t hash) {
    if (size_ * 3 >= slots_.size() * 2) {
        grow();
    }
    const bool is_new = put(slots_, hash == 0 ? 1 : hash);
    size_ += is_new ? 1 : 0;
    return is_new;
}

}  // namespace caisson::cache
