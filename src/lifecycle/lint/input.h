// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "lifecycle/lint/lint.h"
#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::lint {

/// Scripts, and the texts that they view.
struct Input {
    std::vector<Script> scripts;
    std::size_t files = 0;           ///< That are reported on.
    std::vector<std::string> notes;  ///< What could not be read as a migration, and why.
    std::vector<std::shared_ptr<const void>> held;

    void append(Input other);
};

/// Both directions of migrations, in their order. `is_wanted` says which are reported on; the
/// others are read for what they make of the schema. Programs in other languages are left out.
Input scripts_of(std::vector<sources::Migration> migrations, platform::TransactionScope scope,
                 const std::function<bool(const sources::Migration&)>& is_wanted);

/// Files and folders that belong to no platform. A folder is read as a source of migrations, in the
/// format that its files have; where they fit none, all its *.sql files are read by name, those of
/// folders below too. A file is read as its folder's format reads it, and the files before it for
/// what they make of the schema.
/// Errors: usage when one does not exist; state_unusable when it cannot be read.
Input scripts_at(const std::vector<fs::path>& paths);

}  // namespace caisson::lint
