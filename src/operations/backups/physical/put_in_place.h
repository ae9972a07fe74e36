// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Restored data take the place of the server's, and what a kill leaves of that is known: a note
/// beside the data names the restored directory by its inode, which it keeps under any name.

#include <optional>
#include <string>

#include "base/files.h"
#include "trust/session.h"

namespace caisson::backups::physical {

/// Of which restore the data are, and where those of before lie now.
struct Placed {
    std::string set;
    std::string moment;  ///< RFC 3339; may be empty.
    fs::path previous;   ///< Empty where there were none.
};

/// Changes places with the server's data: `place / "data"` serves from then on. No server runs. The
/// note stays until forget_placed(). Errors: backup_failed for tablespaces; state_unusable.
Placed put_in_place(const trust::Run& run, const fs::path& place, const std::string& set,
                    const std::string& moment);
/// The former data serve again; the restored ones are in `placed.previous`, which there must be.
void put_back(const trust::Run& run, const Placed& placed);

/// Where data are recovered until they are put in place.
fs::path recovery_place(const trust::Run& run);
/// With the pgBackRest and the server that a killed restore left at work on it. Only for who holds
/// the restore's lock.
void remove_recovery(const trust::Run& run);

/// A restore that was killed after its data were put in place, and before forget_placed(). What one
/// left that was killed sooner, at whatever moment, is removed here. Nothing while a restore is at
/// work.
std::optional<Placed> killed_after_placing(const trust::Run& run);
/// All that belongs to the restore is done.
void forget_placed(const trust::Run& run);

}  // namespace caisson::backups::physical
