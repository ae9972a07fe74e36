// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs about backups do about physical ones.

#include <string>
#include <vector>

#include "app/cli/backup.h"
#include "operations/backups/drill/rates.h"

namespace caisson::cli {

/// What drills of all repositories that are there have measured.
backups::MeasuredRates measured_rates(Context& context, bool physical);

/// `backup create --kind full | differential | incremental`.
Exit create_physical(Context& context, backups::Kind kind);
/// `backup restore` to a moment: --time, --xid, --name, --latest, or a physical set; in place, or
/// --to a directory.
bool wants_physical(Context& context);
Exit restore_physical(Context& context);
/// Restores the newest physical set that can be, to a moment of the last hour that the log has, and
/// looks. Not for other sets.
backups::Receipt drill_physical(Context& context, const backups::Repository& repository,
                                const backups::Found& found);
/// "restorable to any moment from A to B", a sentence for each repository that has physical sets.
/// `grave` gets those that nobody may overlook: gaps, what was archived falsely, what is damaged.
std::vector<std::string> continuity_of(Context& context, std::vector<std::string>& grave);
/// Whether this environment has physical backups at all: its server's files can be reached, and
/// there is a set or an archive.
bool has_physical(Context& context);

}  // namespace caisson::cli
