// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "operations/backups/sets/lease.h"

namespace caisson::backups::retention {
namespace {

/// Why a set must stay after all; empty: nothing speaks against it.
std::string objection(const Repository& repository, const Decision& decision) {
    const auto used = in_use(repository);
    const auto holds = repository.holds();
    std::vector<std::string> ids{decision.set.id};
    ids.insert(ids.end(), decision.needed_by.begin(), decision.needed_by.end());
    for (const auto& id : ids) {
        if (used.contains(id)) {
            return fmt::format("a restore or a drill reads {}", id);
        }
        // Holds of the plan's time were ended then; one made since then names no past moment.
        const auto held = std::ranges::find_if(holds, [&](const Hold& hold) {
            const auto until = parse_moment(hold.until);
            return hold.set == id && !(until && *until <= moment_now());
        });
        if (held != holds.end()) {
            return fmt::format("{} is held: {}", id, held->reason);
        }
        // A set that builds on this one and could not be removed.
        if (id != decision.set.id && repository.find(id)) {
            return fmt::format("{} builds on it, and is still there", id);
        }
    }
    return "";
}

}  // namespace

Outcome apply(const Repository& repository, const FileLock& /*lock*/, const Plan& plan,
              const Edge& edge) {
    Outcome outcome;
    if (!plan.doubts.empty()) {
        return outcome;
    }
    for (auto at = plan.sets.rbegin(); at != plan.sets.rend(); ++at) {
        const auto& decision = *at;
        const auto& id = decision.set.id;
        if (decision.keep) {
            continue;
        }
        interrupt::check();
        try {
            const auto gate = shut_gate(repository);
            auto why = objection(repository, decision);
            if (why.empty() && decision.set.is_physical() && !edge.remove_physical) {
                why = "pgBackRest is not at hand";
            }
            if (!why.empty()) {
                outcome.left.push_back({id, std::move(why)});
                continue;
            }
            if (edge.removing) {
                edge.removing(decision);
            }
            if (decision.set.is_physical()) {
                edge.remove_physical(decision.set);
            }
            repository.remove(id);
        } catch (const Error& error) {
            if (error.code() == Code::interrupted || error.code() == Code::locked) {
                throw;
            }
            outcome.left.push_back({id, error.message()});
            continue;
        }
        outcome.removed.push_back(id);
        if (edge.removed) {
            edge.removed(decision);
        }
    }
    return outcome;
}

}  // namespace caisson::backups::retention
