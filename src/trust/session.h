// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The run at hand: which platform, which environment, and how its databases are reached as which
/// role.

#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "platform/environment.h"
#include "platform/platform.h"
#include "platform/state.h"

namespace caisson::trust {

/// The built-in roles. Their names in PostgreSQL carry the database's, because roles are
/// cluster-wide there: role_name(database, Role::app) is `compliance_db_app`.
enum class Role { owner, migrator, app, service, backup, readonly, auditor, monitor, advisor };
std::vector<Role> built_in_roles();
std::string suffix(Role role);
std::string role_name(const platform::Database& database, Role role);

/// Everything a verb needs to know before it opens a connection. Values only; cheap to copy.
struct Run {
    platform::Manifest manifest;
    platform::Environment environment;
    platform::Variables variables;
    platform::State state;
    std::optional<Account>
        account;  ///< Owner of the state, and whom the daemon becomes, when it is not the caller.

    bool is_private() const { return environment.is_private; }
    std::uint16_t postgres_port() const;  ///< Of the private server: also names its socket.
};
/// Reads the manifest and the process's environment, whose variables for libpq count no more from
/// then on, except where the manifest names them. Errors: as platform::load.
Run make_run(const fs::path& directory, const std::string& environment);

/// What PostgreSQL calls the database in this environment: its name, unless the environment's
/// address says another.
std::string database_name(const Run& run, const platform::Database& database);

/// How to connect as the superuser of a private server, or as the environment's administrator: to
/// the server as a whole (its maintenance database), and to one database.
pg::Settings server_settings(const Run& run, const platform::Database& database);
pg::Settings admin_settings(const Run& run, const platform::Database& database);
/// How to connect as a built-in role. Passwords come from the passfile below the state directory,
/// unless the environment's manifest entry names another source.
pg::Settings role_settings(const Run& run, const platform::Database& database, Role role);
/// As role_settings, for the role of any suffix, `analyst` of [roles.analyst] among them.
pg::Settings role_settings(const Run& run, const platform::Database& database,
                           const std::string& suffix);

/// Redis of the environment; nothing when the platform has none.
struct RedisSettings {
    std::string socket;  ///< Path of a Unix socket, or empty.
    std::string host;
    std::uint16_t port = 6379;
    std::string user;
    Secret password;
    unsigned database = 0;  ///< The number of the Redis database.
    bool tls = false;
    bool verifies = false;  ///< Whether the server must have a certificate for its name.
    std::string tls_root;   ///< File with the certificates that are trusted; empty: the system's.
};
/// Errors: variable_invalid when the database is not a number.
std::optional<RedisSettings> redis_settings(const Run& run);

}  // namespace caisson::trust
