// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/queries/describe.h"
#include "lifecycle/queries/tables.h"
#include "lifecycle/queries/types.h"
#include "platform/platform.h"

namespace caisson::queries {

/// A database with all that its generated code is made of.
struct Facts {
    platform::Database database;
    std::vector<Described> queries;
    std::vector<Table> tables;
    std::vector<Enum> enums;
    std::string schema_version{};  ///< As schema_version() gives it.
};

struct GeneratedFile {
    std::string name;  ///< `kyb.h`
    std::string text;
};

/// One header and one source: `KEY.h`, `KEY.cc`. The same bytes for the same facts. Pure.
std::vector<GeneratedFile> generate(const platform::Manifest& manifest, const Facts& facts);

/// The namespace of the database's code: `kyb`, or `grc::auth` where there are several.
std::string namespace_of(const platform::Manifest& manifest, const platform::Database& database);

/// The first line of every generated file begins like this, and goes on with ` for PLATFORM from`.
inline constexpr std::string_view mark = "// Made by `caisson generate`";
bool is_marked(std::string_view text);
/// Whether it was made for this platform. What was made for another is not ours to change.
bool is_marked_for(std::string_view text, std::string_view platform);

}  // namespace caisson::queries
