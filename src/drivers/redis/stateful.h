// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "drivers/redis/command.h"

namespace caisson::redis {

/// Why a connection that others use at the same time cannot take the command: it would change the
/// connection, hold everybody behind it up, or answer more often than once. Empty: it can.
/// Private to this module. Pure.
std::string_view needs_own_connection(const Command& command);

}  // namespace caisson::redis
