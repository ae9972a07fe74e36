// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/programs.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "lifecycle/servers/programs.h"

namespace caisson::backups {

DumpPrograms dump_programs(const platform::Variables& variables, int server_major) {
    auto installed = servers::installed_postgres(variables);
    std::erase_if(installed, [&](const servers::PostgresPrograms& each) {
        return each.major < server_major ||
               !std::ranges::all_of(std::array{"pg_dump", "pg_restore", "pg_dumpall"},
                                    [&](const char* name) {
                                        return ::access(each.program(name).c_str(), X_OK) == 0;
                                    });
    });
    const auto nearest = std::ranges::min_element(installed, {}, &servers::PostgresPrograms::major);
    if (nearest == installed.end()) {
        throw Error(Code::server_missing,
                    fmt::format("pg_dump for PostgreSQL {} was not found", server_major),
                    fmt::format("apt-get install postgresql-client-{}", server_major));
    }
    return {nearest->program("pg_dump"), nearest->program("pg_restore"),
            nearest->program("pg_dumpall"), nearest->major};
}

}  // namespace caisson::backups
