// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "platform/platform.h"

namespace caisson::sources {

struct NewMigration {
    std::string name;           ///< As the user wrote it.
    std::string description{};  ///< May be empty, or several lines.
    bool merge = false;         ///< Of all heads of a graph of revisions.
};

/// The files that were made: `down` is empty where the format has both directions in one file, or
/// none to undo.
struct Created {
    fs::path up;
    fs::path down;
    std::vector<fs::path> others;  ///< Sqitch's plan and verify script, Prisma's lock file.
};

/// Makes the files of a new migration as the tool of the source's format would: its naming, its
/// annotations, the next number in the width that is in use or the present moment in UTC. The
/// description becomes a directive. Nothing that exists is overwritten.
/// Errors: usage when nothing is left of the name, and for a merge where the format has no graph or
/// the graph one head; migration_order for a graph with several heads that is not merged; those of
/// load(); state_unusable.
Created create(const platform::Source& source, const NewMigration& wanted);

}  // namespace caisson::sources
