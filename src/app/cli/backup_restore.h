// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A logical set put in the place of a database, for `backup restore` and `up --from`.

#include <optional>
#include <string>
#include <vector>

#include "app/cli/backup.h"
#include "operations/backups/logical/restore.h"
#include "operations/backups/logical/undone.h"

namespace caisson::cli {

/// Where a set is, and what opens it.
struct SetSource {
    backups::Repository repository;
    backups::Found found;
    std::optional<SealingKey> sealing;
};
/// `latest`, an id or its beginning; `ENVIRONMENT:` before it for another environment's; or the
/// directory of a set. Errors: backup_missing, backup_damaged, backup_key.
SetSource set_source(Context& context, const std::string& text);

struct Replaced {
    backups::Restored restored;
    std::string kept;  ///< What the database that was there is called now; empty: none.
    std::vector<backups::Undone> undone;  ///< By [backups.undone].
    std::size_t masked = 0;               ///< Columns.
};
/// Restores beside, compares, masks what [backups.masks] says where asked to, and only then takes
/// the place of the present database. One without tables of users is dropped, another is kept.
/// Nothing changes where `restored.differences` are any.
Replaced replace_database(Context& context, const SetSource& source,
                          const platform::Database& database, bool masks,
                          const backups::RestoreOptions& options);

}  // namespace caisson::cli
