// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace caisson::cache {

/// Which keys were seen already, by their hashes: SCAN may give a key twice when the table of keys
/// shrinks meanwhile. 12 to 24 bytes a key. That two of a million keys share a hash happens less
/// than once in ten million runs.
class Seen {
 public:
    explicit Seen(std::size_t expected);
    /// Whether it is new.
    bool add(std::uint64_t hash);
    std::size_t size() const { return size_; }

 private:
    static bool put(std::vector<std::uint64_t>& slots, std::uint64_t hash);
    void grow();

    std::vector<std::uint64_t> slots_;  ///< A power of two of them; 0 is an empty one.
    std::size_t size_ = 0;
};

}  // namespace caisson::cache
