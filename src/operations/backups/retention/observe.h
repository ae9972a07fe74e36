// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Facts for plan(), read from a repository.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operations/backups/retention/plan.h"

namespace caisson::backups::retention {

/// Reads sets, holds, leases and receipts. `tiers` are all of the manifest. What cannot be read
/// is a doubt, and so is an attempt that was begun after the newest set and is not finished.
/// `failed_attempt` tells of one that left nothing here. Errors: none of the repository's own.
Facts observe(const Repository& repository, const std::vector<platform::Tier>& tiers,
              const std::optional<std::string>& failed_attempt = {});

/// The sets for which a receipt says that a drill passed: `<path>/receipts/*.json`, objects with
/// `set` and `passed`. Their signatures are the drill's to verify.
std::set<std::string> proofs(const Repository& repository);

}  // namespace caisson::backups::retention
