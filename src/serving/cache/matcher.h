// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::cache {

/// All patterns of keys as one automaton: every byte of a key is looked at once, however many
/// patterns there are. A bit stands for a place in a pattern; a byte moves all bits at once.
/// Threads: one at a time.
/// Source: Shift-And, Baeza-Yates and Gonnet, "A New Approach to Text Searching", 1992.
class Matcher {
 public:
    /// Patterns as in platform/key_pattern.h, sound ones. Errors: internal for one that is not.
    explicit Matcher(const std::vector<std::string>& patterns);

    /// Which pattern a key belongs to. Of several that match, the one with the most characters
    /// outside of placeholders; of equals the first.
    std::optional<std::size_t> match(std::string_view key);

 private:
    using Word = std::uint64_t;
    using Bits = std::vector<Word>;  ///< A bit for each place, all patterns one after another.
    static constexpr std::size_t word_bits = 64;

    std::size_t words_ = 0;
    std::array<Bits, 256> accepts_;    ///< Places where a byte may stand.
    Bits first_;                       ///< The first places of the patterns.
    Bits last_;                        ///< Their last ones.
    Bits loops_;                       ///< Places that take more than one byte.
    std::vector<std::size_t> owners_;  ///< The pattern of each place.
    Bits state_;                       ///< Places that the bytes so far lead to.
};

}  // namespace caisson::cache
