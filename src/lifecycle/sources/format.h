// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/create.h"
#include "lifecycle/sources/folder.h"
#include "lifecycle/sources/loading.h"

namespace caisson::sources {

/// What speaks for a folder being of a format.
struct Claim {
    /// 0: nothing; 50: it could be; 80: the names or the contents are the format's own; 100: a file
    /// that only this tool writes.
    int certainty = 0;
    std::vector<std::string>
        evidence;  ///< Lines for people: `migration_lock.toml says postgresql`.
};

/// How a tool keeps migrations as files. To add one: a file of its own in formats/, a row in
/// format.cc, and a row in docs/reference/formats.md.
struct Format {
    std::string_view name;   ///< As in a manifest: `golang-migrate`.
    std::string_view title;  ///< As people write it: `golang-migrate`, `Flyway`.
    /// The table in which the tool keeps its history, where nothing else is said; empty: it keeps
    /// none, or it is ours.
    std::string_view history;
    Claim (*detect)(const Folder& folder);
    /// Reads all migrations of the folder, in the order in which they apply.
    void (*load)(Loading& loading);
    /// Makes the files of a new migration. Errors: as sources::create().
    Created (*create)(const platform::Source& source, const NewMigration& wanted);
};

/// Every format there is. When two are as certain, the first one wins.
const std::vector<Format>& formats();
/// Nothing when there is no such format.
const Format* find_format(std::string_view name);

/// What a folder is, and why.
struct Detection {
    const Format* format = nullptr;  ///< Nothing when no format claims the folder.
    std::vector<std::string> evidence;
    /// Another format claims some of the files with names or contents of its own.
    const Format* rival = nullptr;
    std::vector<std::string> rival_evidence;
};
Detection detect(const Folder& folder);

}  // namespace caisson::sources
