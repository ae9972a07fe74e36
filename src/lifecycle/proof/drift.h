// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a database should consist of after what was applied to it: the same files, as they were
/// applied, replayed on a shadow.

#include <set>
#include <string>
#include <vector>

#include "lifecycle/migrations/migrations.h"
#include "lifecycle/schema/snapshot.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::proof {

/// The files that a history says are applied, in its order and with the text that was applied:
/// edited files as they were, missing ones from the history alone.
/// Errors: migration_order for a file that is applied in part, and for one that is gone or edited
/// whose text was too long to keep.
std::vector<migrations::Migration> applied_files(const std::vector<migrations::Migration>& files,
                                                 const migrations::History& history,
                                                 const migrations::TextOf& text_of);

/// What is compared: structure and rights. Where the shadow has the platform's roles, theirs as
/// well; what the administrators own and were given is left out.
schema::Scope scope_of(const trust::Run& run, bool has_roles);

/// Replays them on the shadow, gives the rights of the manifest's own roles, and looks.
/// Errors: those of migrations::up, such as a file that no longer can be applied to an empty
/// database.
schema::Snapshot replayed(const shadow::Shadow& shadow, const trust::Run& run,
                          const platform::Database& database,
                          const std::vector<migrations::Migration>& files,
                          const schema::Scope& scope, bool allow_programs = false);

}  // namespace caisson::proof
