// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A logical set put back: always into a new database, which takes another's place only when it was
/// compared with what the set says.

#include <optional>
#include <string>
#include <vector>

#include "operations/backups/logical/logical.h"

namespace caisson::backups {

struct RestoreOptions {
    std::optional<SealingKey> sealing;
    /// `schema.table`: the rows of these alone, in a database of the whole structure. Empty: all.
    std::vector<std::string> tables;
    std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
};

struct Restored {
    std::string database;  ///< As it is called now.
    std::uint64_t tables = 0;
    std::uint64_t rows = 0;
    std::vector<std::string> differences;  ///< From what the set says; none when all is equal.
};

/// Makes the database `name` of the set's part `key` on the server of `admin`, whose role may make
/// databases and act as their owners. It is gone again when this does not come to its end. Roles
/// that own something in it must be there. Errors: backup_missing, backup_damaged, backup_key,
/// backup_failed with pg_restore's words, usage when such a database exists, disk_full.
Restored restore_database(const platform::Variables& variables, const Repository& repository,
                          const Set& set, const std::string& key, const pg::Settings& admin,
                          const std::string& name, const RestoreOptions& options);

/// Lets the database `restored` take the name `name`; one that has it is called `kept` from then
/// on. In one transaction; sessions of both are ended. `admin` is to another database.
void take_place(pg::Connection& admin, const std::string& restored, const std::string& name,
                const std::string& kept);

/// The set's part that is no database, to `sink`: `redis`, `roles`, `platform`. Errors:
/// backup_missing when it has none; as read_stored().
void read_part(const Repository& repository, const Set& set, const std::string& kind,
               const std::optional<SealingKey>& sealing, const Sink& sink);

}  // namespace caisson::backups
