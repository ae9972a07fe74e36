// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "drivers/pg/settings.h"

namespace caisson::pg {

/// The settings as libpq's environment variables, for programs such as pg_dump: a password never
/// stands in their arguments. Settings of the session are not among them. Source: PostgreSQL,
/// "Environment Variables" of libpq.
std::map<std::string, std::string> environment_of(const Settings& settings);

}  // namespace caisson::pg
