// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The parts of a logical set that are no database, put into a directory.

#include <optional>
#include <string>
#include <vector>

#include "base/sealing.h"
#include "operations/backups/sets/repository.h"

namespace caisson::backups {

struct RestoredPart {
    std::string kind;  ///< `roles`, `redis`, `platform`.
    std::string at;    ///< RFC 3339: the moment that it shows.
    std::uint64_t bytes = 0;
    std::vector<std::string> files;  ///< Below the directory; of the platform's the top ones.
};

/// The part `kind` of the set, in a directory that does not exist yet or is empty:
/// - `roles`: roles.sql as pg_dumpall wrote it, and settings.sql with what ALTER DATABASE and ALTER
///   ROLE … IN DATABASE had set. No passwords: a set has none.
/// - `redis`: dump.rdb, which a Redis that is started on the directory loads.
/// - `platform`: the manifest and its folders.
/// All of it or none: until it is compared with the manifest it lies beside, under a name
/// that nobody has.
/// Errors: usage; backup_missing when the set has no such part; backup_damaged; backup_key;
/// disk_full; interrupted.
RestoredPart restore_part(const Repository& repository, const Set& set, const std::string& kind,
                          const std::optional<SealingKey>& sealing, const fs::path& directory,
                          const std::optional<Account>& owner = {});

}  // namespace caisson::backups
