// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "trust/session.h"

namespace caisson::backups {

/// redis-cli that writes a snapshot to its output. Over TLS it is told the authorities and the
/// server's name. Errors: usage for a server that must be verified without authorities of its own:
/// redis-cli takes any certificate of theirs, whatever its name, and would give the password to it.
/// Pure.
Command redis_snapshot(const trust::RedisSettings& redis);

}  // namespace caisson::backups
