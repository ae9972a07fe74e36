// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a platform keeps in Redis, held against `[cache.keys]` and `[server.redis]` of its
/// manifest. Flow: sweep() looks at every key once and adds up a Report, with `apply` it cleans on
/// the way; offered_checks() are what `caisson verify` asks of Redis.

#include "serving/cache/inspect.h"
#include "serving/cache/report.h"
#include "serving/cache/sweep.h"
