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
};

struct GeneratedFile {
    std::string name;  ///< `kyb.h`
    std::string text;
};

/// One header and one source: `KEY.h`, `KEY.cc`. The same bytes for the same facts. Pure.
std::vector<GeneratedFile> generate(const platform::Manifest& manifest, const Facts& facts);

/// The first line of every generated file begins like this.
inline constexpr std::string_view mark = "// Made by `caisson generate`";
bool is_marked(std::string_view text);

}  // namespace caisson::queries
