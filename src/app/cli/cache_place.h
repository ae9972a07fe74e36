// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/cli/context.h"
#include "drivers/redis/settings.h"

namespace caisson::cli {

/// The environment's Redis, for verbs. Errors: usage where it has none.
redis::Settings redis_of(Context& context);

}  // namespace caisson::cli
