// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// SQL into the files of a new migration, in the form of the source's tool.

#include <string>

#include "lifecycle/sources/create.h"

namespace caisson::cli {

/// One direction of a migration.
struct Way {
    std::string sql;
    bool is_alone = false;  ///< Its statements cannot be in one transaction.
};

/// Fills what sources::create() has made. Errors: state_unusable.
void fill_migration(const Way& up, const Way& down, const sources::Created& created);

}  // namespace caisson::cli
