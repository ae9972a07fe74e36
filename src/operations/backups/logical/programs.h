// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/files.h"
#include "platform/environment.h"

namespace caisson::backups {

struct DumpPrograms {
    fs::path dump;
    fs::path restore;
    fs::path roles;  ///< pg_dumpall.
    int major = 0;
};

/// Those of the server's major version, else of the nearest newer one: an older pg_dump refuses a
/// newer server. Errors: server_missing, with the package to install.
DumpPrograms dump_programs(const platform::Variables& variables, int server_major);

}  // namespace caisson::backups
