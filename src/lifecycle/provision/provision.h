// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Databases, roles, extensions and rights, made to match the manifest. Flow: survey what the
/// server has (survey.h), plan what is missing (plan.h, pure), apply it, report. Idempotent: a
/// second run plans nothing.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"
#include "trust/identity.h"
#include "trust/session.h"

namespace caisson::provision {

/// The catalogue step that remembers which rights were given (number 2).
trust::CatalogueStep rights_step();

struct Report;
struct Options {
    bool dry_run = false;
    bool adopt = false;  ///< Stamp a database that holds somebody's objects, or is a copy of one.
    bool settings =
        false;  ///< Set the server's settings also where the server is not ours (ALTER SYSTEM).
    /// Told of each database once it is provisioned, by its number, whatever becomes of the others.
    /// Threads: several at once.
    std::function<void(std::size_t, const Report&)> provisioned = {};
};
struct Report {
    std::vector<std::string> done;  ///< What was changed; in a dry run, what would be.
    std::vector<std::string>
        notes;  ///< What the reader should know: a missing optional extension, a pending restart.
    std::string database_version;                   ///< Of the server, such as 15.15.
    std::map<std::string, std::string> extensions;  ///< Installed: name to version.
    std::optional<trust::Identity> identity;
    bool is_there = false;  ///< The database exists; in a dry run of a new one it does not.
};

/// Everything databases need before their migrations: roles with their secrets, the database,
/// extensions, rights, the schema caisson, identity. The databases are made side by side; the
/// reports are in their order. Errors: cannot_connect,
/// identity_unknown, identity_mismatch, extension_missing, database_rejected.
std::vector<Report> provision(const trust::Run& run,
                              const std::vector<platform::Database>& databases,
                              const std::vector<trust::CatalogueStep>& catalogue,
                              const Options& options = {});

/// The rights of the manifest's own roles, which may name tables and therefore follow the
/// migrations. Those whose object does not exist yet become notes. Errors: database_rejected.
Report apply_grants(const trust::Run& run, const platform::Database& database);

/// Gives the login roles of a database new secrets (`role`: only this suffix): kept in the
/// passfile, sent as SCRAM verifiers. Connections that are open stay open. The roles, by name.
/// Errors: usage for a role that does not exist or whose secret comes from the environment.
std::vector<std::string> rotate_secrets(const trust::Run& run, const platform::Database& database,
                                        const std::string& role, bool dry_run);

/// Compares [server.postgres] with the server, and with `set` changes it (ALTER SYSTEM and a
/// reload).
Report compare_settings(pg::Connection& admin, const trust::Run& run, bool set);

}  // namespace caisson::provision
