// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "trust/session.h"

namespace caisson::servers {

/// An installed PostgreSQL.
struct PostgresPrograms {
    fs::path directory;  ///< With postgres and initdb in it.
    int major = 0;

    fs::path program(const std::string& name) const { return directory / name; }
    /// Whether the shared library, such as `pg_stat_statements`, comes with it.
    bool has_library(const std::string& name) const;
};

struct Programs {
    PostgresPrograms postgres;
    fs::path redis;  ///< Empty when the platform has no Redis.
};

/// Every PostgreSQL of this machine, newest first: PATH, /usr/lib/postgresql/*/bin (Debian),
/// /usr/pgsql-*/bin (Red Hat). The variable CAISSON_POSTGRES names a bin directory that is taken
/// instead of all of these.
std::vector<PostgresPrograms> installed_postgres(const platform::Variables& variables);

/// The major version that made the private data; nothing when there is none.
std::optional<int> data_major(const trust::Run& run);

/// The servers to run: the PostgreSQL that made the data, else the newest.
/// Errors: server_missing, with the package to install; state_other_major.
Programs find_programs(const trust::Run& run);

}  // namespace caisson::servers
