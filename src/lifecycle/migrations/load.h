// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "lifecycle/migrations/directives.h"
#include "platform/platform.h"

namespace caisson::migrations {

/// One migration: `NNN_name.sql`, with what undoes it in `NNN_name.down.sql`.
struct Migration {
    std::string source;            ///< Name of the source, as history calls it.
    std::size_t source_index = 0;  ///< Its place in the declared order.
    bool as_admin = false;         ///< The source says migrate_as = "admin".
    std::string version;           ///< The leading digits, as text.
    std::string name;              ///< What follows them: `initial_schema`.
    std::string file;              ///< For places in messages: `migrations/001_initial_schema.sql`.
    std::string text;              ///< Without a byte order mark.
    std::string checksum;          ///< SHA-256 of the text with LF as its line end.
    Directives directives;
    std::optional<std::string> down_file;
    std::string down_text;
    std::string down_checksum;
    Directives down_directives;

    /// `001_initial_schema`.
    std::string title() const { return version + "_" + name; }
};

/// Every migration of these sources, in the order in which they apply: source by source, then by
/// version as a number. `features` are those the platform declares; a file that names another is a
/// mistake.
/// Errors: migration_invalid, one error that lists every mistake with its place: names that are not
/// NNN_name.sql, versions that occur twice, a down file without its migration, directives.
std::vector<Migration> load(const std::vector<platform::Source>& sources,
                            const std::map<std::string, bool>& features);

/// Throws the one migration_invalid that lists them, when there are any.
void require_none(const std::vector<Mistake>& mistakes);

}  // namespace caisson::migrations
