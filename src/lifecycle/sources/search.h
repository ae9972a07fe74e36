// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/sources/format.h"

namespace caisson::sources {

/// A folder of migrations that was found in a project.
struct FoundFolder {
    fs::path path;
    Detection detection;
};

/// The folders of migrations at `root` and below it, in byte order of their paths: `root` itself
/// where it is one, else what its folders hold, at most six deep; what is built, fetched or tested
/// there is left out. Errors: platform_invalid when a folder cannot be read.
std::vector<FoundFolder> find_folders(const fs::path& root);

}  // namespace caisson::sources
