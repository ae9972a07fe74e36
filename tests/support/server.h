// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/files.h"

namespace caisson::test {

/// Where the programs of the newest installed PostgreSQL are.
fs::path newest_server();
/// As whom servers run: they refuse to run as root. Nothing: as ourselves.
std::optional<Account> server_account();

}  // namespace caisson::test
