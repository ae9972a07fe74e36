// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What PostgreSQL calls for each segment while it recovers.

#include <string>

#include "operations/backups/physical/restore.h"

namespace caisson::backups::physical {

/// A script for sh, with the name of a segment and where it is to lie. pgBackRest hands on a
/// segment whose contents were altered, and PostgreSQL takes what it cannot read for the end of the
/// log: both would end a restore early, in silence. The name of an archived segment tells the hash
/// of its contents, so it is compared; and any failure but "it is not there" ends the recovery.
/// What the archive has not comes from the log of the data that is replaced, then from the stream,
/// where the plan names them.
std::string restore_script(const trust::Run& run, const Engine& engine, const RestorePlan& plan,
                           const fs::path& data);

/// The log of a data directory, when that is of this cluster: nothing else is ever mixed into a
/// recovery. Nothing when there is none, or it cannot be told.
/// Source: PostgreSQL, src/include/catalog/pg_control.h: the identifier comes first.
fs::path own_log_of(const fs::path& data, const std::string& system_identifier);

}  // namespace caisson::backups::physical
