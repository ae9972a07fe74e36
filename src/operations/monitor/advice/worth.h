// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One scale for advice of different kinds: what stops the database comes before what costs time,
/// and that before what costs space. Within a kind, ten times as much is ten points more.

#include <cstdint>

namespace caisson::advice {

/// 90 to 100: the database will stop, or refuse writes. `part` is how far the way there is gone.
double worth_of_danger(double part);
/// 70 to 80: something is not as it was meant to be, such as an index that does not work.
double worth_of_fault();
/// 30 to 69: milliseconds a day that are spent for nothing.
double worth_of_time(double milliseconds_a_day);
/// 5 to 29: bytes that are kept for nothing.
double worth_of_space(std::uint64_t bytes);

}  // namespace caisson::advice
