// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/observe.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "operations/backups/sets/lease.h"

namespace caisson::backups::retention {
Facts observe(const Repository& repository, const std::vector<platform::Tier>& tiers,
              std::set<std::string> proofs, const std::optional<std::string>& failed_attempt) {
    Facts facts;
    facts.proofs = std::move(proofs);
    std::ranges::copy_if(tiers, std::back_inserter(facts.tiers), [&](const platform::Tier& tier) {
        return tier.repository == repository.name();
    });
    if (failed_attempt) {
        facts.doubts.push_back(*failed_attempt);
    }
    try {
        facts.sets = repository.sets();
        facts.holds = repository.holds();
        facts.in_use = in_use(repository);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        facts.doubts.push_back(error.message());
    }
    for (const auto& id : repository.unfinished()) {
        if (facts.sets.empty() || id > facts.sets.back().set.id) {
            facts.doubts.push_back(
                fmt::format("the newest attempt, {}, did not come to its end", id));
        }
    }
    return facts;
}

}  // namespace caisson::backups::retention
