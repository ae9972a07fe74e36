// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Flyway's names, settings and checksum: pure but for read_settings().
/// Source: flyway-core, ResourceNameParser, MigrationVersion, LoadableResource.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/folder.h"

namespace caisson::sources::flyway {

/// What Flyway is told by flyway.toml or flyway.conf, as far as it concerns files.
struct Settings {
    std::string versioned = "V";
    std::string repeatable = "R";
    std::string undo = "U";
    std::string baseline = "B";
    std::string separator = "__";
    std::vector<std::string> suffixes = {".sql"};
    bool replaces_placeholders = true;
    std::string placeholder_prefix = "${";
    std::string placeholder_suffix = "}";
    std::map<std::string, std::string> placeholders;
    std::string table = "flyway_schema_history";
    std::string default_schema;  ///< Empty where nothing is said.
    std::vector<std::string> locations;
    std::string file;  ///< Where they were found; empty: nowhere.
};
/// Pure. Both kinds of file: `flyway.table=x` lines, and TOML with [flyway].
Settings parse_settings(std::string_view text);
/// From the folder or one of the four above it.
Settings read_settings(const Folder& folder);

enum class Type { versioned, repeatable, undo, baseline, callback };
struct Name {
    Type type = Type::versioned;
    std::string version;  ///< `1.2` of V1_2__a.sql; empty for those that have none.
    std::string description;
    bool is_sql = true;  ///< False: in another language.
};
/// Nothing for a file that Flyway leaves out.
std::optional<Name> parse_name(std::string_view file, const Settings& settings);

/// The checksum of the history: CRC-32 of the lines without their ends, as a signed number.
/// Text comes in pieces; a byte order mark at the very start does not count.
class Checksum {
 public:
    void add(std::string_view text);
    std::string text() const;

 private:
    std::uint32_t state_ = 0xFFFFFFFFU;
    bool is_first_ = true;
};

}  // namespace caisson::sources::flyway
