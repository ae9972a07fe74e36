// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "drivers/sql/reader.h"

namespace caisson::scripts {

/// A file in chunks, for sources of any length. Errors of the returned function and of this one:
/// state_unusable.
sql::Reader::Source file_source(const fs::path& path);

/// Where a script may find other files: nowhere outside of `root`.
struct Surroundings {
    fs::path root;
    fs::path directory;  ///< What `\i` is relative to first.
};

struct Found {
    std::optional<fs::path> path;  ///< Absolute, without links; nothing when it is refused.
    std::string label;             ///< As messages call it: relative to the root.
    std::string complaint;         ///< Why it is refused.
};

/// The file that `\i NAME` (or `\ir NAME`) means in a script that lies in `folder`. `\ir` is
/// relative to that folder. `\i` is tried from `directory`, as psql started there would, then from
/// the folder of the script, then from the root: the first one that exists is meant. `exists`: a
/// file that is not there is a complaint; without it (for writing) the first place is taken.
Found find_file(const Surroundings& surroundings, const fs::path& folder, const std::string& name,
                bool relative, bool exists = true);

}  // namespace caisson::scripts
