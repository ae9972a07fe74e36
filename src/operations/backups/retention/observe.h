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

/// Reads sets, holds and leases. `tiers` are all of the manifest, `proofs` the ids of sets that a
/// drill has proven. What cannot be read is a doubt, and so is an attempt that was begun after the
/// newest set and is not finished. `failed_attempt` tells of one that left nothing here. Errors:
/// none of the repository's own.
Facts observe(const Repository& repository, const std::vector<platform::Tier>& tiers,
              std::set<std::string> proofs = {},
              const std::optional<std::string>& failed_attempt = {});

}  // namespace caisson::backups::retention
