// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The migrations of a database as files, for a daemon beside which somebody adds some.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon/daemon.h"
#include "base/files.h"
#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::cli {

/// Threads: one at a time.
class MigrationFiles {
 public:
    using Files = std::shared_ptr<const std::vector<sources::Migration>>;

    /// `files`: as they were read just now.
    MigrationFiles(std::vector<platform::Source> sources, std::map<std::string, bool> features,
                   Files files);

    /// Those that there are now. They are read again when a folder has another file than before; a
    /// folder that the daemon's account may not see keeps what it had. Errors: as sources::load(),
    /// at most every few seconds anew.
    const std::vector<sources::Migration>& now();
    /// How they stand to the history of a database. Errors: as now(); DatabaseError.
    daemon::MigrationState state(pg::Connection& connection);

 private:
    /// Folders, with when something was added or removed in them last.
    using Stamps = std::map<fs::path, fs::file_time_type>;
    static void walk(const fs::path& folder, Stamps& stamps);
    bool is_changed() const;
    Stamps stamps() const;

    std::vector<platform::Source> sources_;
    std::map<std::string, bool> features_;
    Files files_;
    Stamps stamps_;
    std::optional<Error> failure_;
    std::chrono::steady_clock::time_point again_{};
};

}  // namespace caisson::cli
