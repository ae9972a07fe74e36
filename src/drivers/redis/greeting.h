// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What every connection says first, and how refusals are told. Private to this module.

#include <string>
#include <vector>

#include "base/error.h"
#include "drivers/redis/settings.h"

namespace caisson::redis {

/// AUTH, CLIENT SETNAME, SELECT: those that the settings ask for.
std::vector<std::vector<std::string>> greetings_of(const Settings& settings);
/// `WRONGPASS invalid username-password pair`: the first word is the kind.
std::string kind_of_error(const std::string& message);
/// The server answered the greeting, and does not want us (cannot_connect).
Error refused(const Settings& settings, const std::string& answer);
/// It does not want this command (database_rejected).
Error rejected(const Settings& settings, const std::string& command, const std::string& answer);

}  // namespace caisson::redis
