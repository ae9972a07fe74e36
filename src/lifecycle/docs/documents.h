// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The documents of a platform, as texts. Pure: the manifest and snapshots in, Markdown and SVG
/// out, the same bytes for the same platform on every machine.

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/schema/snapshot.h"
#include "platform/platform.h"

namespace caisson::docs {

/// A database with what its migrations lead to.
struct DatabaseFacts {
    platform::Database database;
    /// Taken with docs_scope(), where no optional extension was there.
    schema::Snapshot snapshot{};
    /// Migrations that wait for a feature which is off: `002_monitoring` and the feature's name.
    std::vector<std::pair<std::string, std::string>> waiting{};
    /// What the administrator was called where the snapshot was taken.
    std::string administrator = "postgres";
};

struct Document {
    std::string name;  ///< `DATABASE_SCHEMA.md`
    std::string text;
};

/// What a snapshot for documents takes in.
schema::Scope docs_scope();

/// All documents of the platform, for these of its databases. Where the platform has one database,
/// its schema is DATABASE_SCHEMA.md; where it has several, each has DATABASE_SCHEMA.<key>.md, and
/// DATABASE_SCHEMA.md leads to them: it is among the result when `databases` are all of them.
std::vector<Document> documents(const platform::Manifest& manifest,
                                const std::vector<DatabaseFacts>& databases);

/// The first line of every document begins like this.
inline constexpr std::string_view mark = "<!-- Made by `caisson docs`";
bool is_marked(std::string_view text);

/// Whether a file may be one of ours for this platform, of today or of a day when it had other
/// databases: `DATABASE_SCHEMA.old.md`. What is in it, is_marked() tells.
bool is_name_of_ours(std::string_view name);

}  // namespace caisson::docs
