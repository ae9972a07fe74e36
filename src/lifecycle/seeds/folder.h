// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/seeds/mistakes.h"
#include "lifecycle/seeds/seeds.h"

namespace caisson::seeds {

/// The files of one database below `seeds/`, by set and name: what their names alone say. Files
/// that are no seeds (text and hidden ones) are passed over, everything else is a mistake.
std::vector<File> find_files(const platform::Manifest& manifest, const platform::Database& database,
                             const std::vector<Set>& sets, Mistakes& mistakes);

/// The entry [seeds."table"] of the manifest for a table of this database; nullptr without one.
const platform::SeedTable* declaration_of(const platform::Manifest& manifest,
                                          const platform::Database& database,
                                          const pg::QualifiedName& table);

}  // namespace caisson::seeds
