// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/seeds/plan.h"

namespace caisson::seeds {

/// Runs an SQL file as it is, inside the caller's transaction, and tracks the rows that it wrote.
/// They are found without triggers: a subtransaction of its own has written them, so they carry its
/// number or a later one in xmin.
struct SqlJob {
    const File* file = nullptr;
    std::int64_t number = 0;    ///< Of the file in caisson.seed_files.
    std::vector<State> before;  ///< Of its rows; where none is missing, it runs for the first
                                ///< time or because it has changed.
    bool restores = false;      ///< It has not changed and rows of it are missing.
};

/// A script that restores is undone when it would do more than that: insert more rows than are
/// missing, or overwrite rows that somebody has changed; the report then says so.
/// Errors: seed_invalid, seed_failed with the place of the statement.
FileReport run_sql(pg::Connection& connection, const SqlJob& job, const Prepared& prepared);

}  // namespace caisson::seeds
