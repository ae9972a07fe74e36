// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs about backups do about physical ones.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "app/cli/backup.h"
#include "app/cli/recovery_place.h"
#include "operations/backups/drill/rates.h"

namespace caisson::backups::physical {
struct RestorePlan;
}

namespace caisson::cli {

/// What drills of all repositories that are there have measured.
backups::MeasuredRates measured_rates(Context& context, bool physical);

/// `backup create --kind full | differential | incremental`.
Exit create_physical(Context& context, backups::Kind kind);
/// `backup restore` to a moment: --time, --xid, --name, --latest, or a physical set; in place, or
/// --to a directory.
bool wants_physical(Context& context);
Exit restore_physical(Context& context);
/// Says that a restore in place would refuse for tablespaces.
void note_tablespaces(Context& context, const backups::physical::RestorePlan& plan);

/// Databases out of a physical set or a moment: the server is recovered beside, and they are dumped
/// from it into a set of their own, which goes with the value.
struct Extract {
    std::unique_ptr<RecoveryPlace> place;
    std::optional<backups::Repository> repository;
    backups::Found found;
    std::string set;     ///< The physical one.
    std::string moment;  ///< RFC 3339.
};
/// What restore_physical() would do is told first. Nothing in a dry run. Errors: as there.
std::optional<Extract> extract_physical(Context& context,
                                        const std::vector<platform::Database>& databases);
/// Restores the newest physical set that can be, to a moment of the last hour that the log has, and
/// looks. Not for other sets.
backups::Receipt drill_physical(Context& context, const backups::Repository& repository,
                                const backups::Found& found);
/// Whether this environment has physical backups at all: its server's files can be reached, and
/// there is a set or an archive.
bool has_physical(Context& context);

}  // namespace caisson::cli
