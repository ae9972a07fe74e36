// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Recovery with settings of one's own. Private to this module.

#include <map>
#include <string>

#include "operations/backups/physical/restore.h"

namespace caisson::backups::physical {

/// By name, as postgresql.conf has them.
using Settings = std::map<std::string, std::string>;

/// restore_to_server(), whose server has these settings beside its own.
Recovered recover_at(const trust::Run& run, RestorePlan plan, const fs::path& place,
                     const Settings& settings, const Progress& progress);

}  // namespace caisson::backups::physical
