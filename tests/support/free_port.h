// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace caisson::test {

/// A port of the loopback that nobody has at the moment, below those that the kernel gives to
/// clients: one of these would have it while a server that was killed starts again.
std::uint16_t free_port();

}  // namespace caisson::test
