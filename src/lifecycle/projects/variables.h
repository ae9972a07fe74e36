// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/projects/survey.h"

namespace caisson::projects {

/// What the `.env` files of a project and their examples declare. `database` becomes the name of
/// the database in the first URL of PostgreSQL that is found.
void find_variables(const fs::path& directory, Survey& found);

}  // namespace caisson::projects
