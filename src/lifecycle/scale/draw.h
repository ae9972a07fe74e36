// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Random numbers that depend on nothing but where they are used: any row of any table can be made
/// by itself, in any order and by any number of threads, and is the same. Pure; threads: any.

#include <cstdint>
#include <string_view>

namespace caisson::scale {

/// Which numbers a column draws.
struct Key {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
};
/// The key of what is called so under a seed: the first eight bytes of a SHA-256.
Key key_of(std::int64_t seed, std::string_view name);

struct Draw {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};
/// 128 random bits for a row; `turn` gives further ones for the same row.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011),
/// Philox4x32-10.
Draw draw(Key key, std::uint64_t row, std::uint32_t turn = 0);
/// Philox4x32-10 as it is published, for its known answers.
struct Philox {
    std::uint32_t words[4];
};
Philox philox(Philox counter, Key key);

/// In [0, 1): 53 of the bits.
double unit(std::uint64_t bits);
/// In (0, 1), for what has no value at the bounds.
double inner_unit(std::uint64_t bits);
/// In [0, limit), for limits above 0: Lemire's multiplication without its rejection, whose bias is
/// below limit / 2^64.
std::uint64_t below(std::uint64_t bits, std::uint64_t limit);

}  // namespace caisson::scale
