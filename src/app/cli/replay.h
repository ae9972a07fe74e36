// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::cli {

/// What a live database was made of, and an empty place of its major version to make it again.
struct Replay {
    std::vector<migrations::Migration> files;  ///< Those that are applied, by whatever tool.
    shadow::Shadow shadow;
    std::string basis;  ///< For people: `12 migrations replayed on a server of its own (…)`.
};

/// Errors: those of proof::applied_files and shadow::open.
Replay replay_of(Context& context, pg::Connection& live, const platform::Database& database);

}  // namespace caisson::cli
