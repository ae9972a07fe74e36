// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Migrations: files x history -> plan -> apply. A verb reads so:
///     const auto files = sources::load(database.migrations, manifest.features);
///     const auto history = read_history(connection);
///     show(status(files, history, manifest.features));                      // status
///     show(plan_up(files, history, manifest.features, {to}, text_of));      // --dry-run
///     report(up(connect, files, manifest.features, {to}, options));         // up
/// The catalogue with history_step() must be installed before up() and down().

#include "lifecycle/migrations/apply.h"
#include "lifecycle/migrations/export.h"
#include "lifecycle/migrations/history.h"
#include "lifecycle/migrations/mirror.h"
#include "lifecycle/migrations/plan.h"
#include "lifecycle/migrations/status.h"
#include "lifecycle/sources/sources.h"
