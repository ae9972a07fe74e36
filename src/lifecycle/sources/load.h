// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::sources {

/// Every migration of these sources, in the order in which they apply: source by source, then by
/// the rule of the source's format. `features` are those the platform declares; a file that names
/// another is a mistake.
/// Errors: migration_invalid, one error that lists every mistake with its place: names that the
/// format does not know, versions that occur twice, a down file without its migration, directives.
std::vector<Migration> load(const std::vector<platform::Source>& sources,
                            const std::map<std::string, bool>& features);

/// Throws the one migration_invalid that lists them, when there are any.
void require_none(const std::vector<Mistake>& mistakes);

}  // namespace caisson::sources
