// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/cuts.h"

#include <fmt/format.h>

namespace caisson::backups::physical {
namespace {

Cut cut_of(const Coverage& coverage, Moment now) {
    const auto* const present = coverage.present();
    const auto* const reached = present != nullptr ? present : coverage.newest();
    const auto position = reached != nullptr ? lsn_text(reached->window.to) : "";
    const bool is_elsewhere = present == nullptr && reached != nullptr;
    return {coverage.repository, fmt::format("{}/{}", coverage.timeline, position),
            reached != nullptr ? reached->to : "",
            is_elsewhere
                ? fmt::format("no set leads to timeline {}, which is written", coverage.timeline)
                : "a segment of the log is missing",
            now};
}

void settle(Settled& settled, const Coverage& coverage, Moment now) {
    auto& [suspected, believed] = settled.cuts;
    const auto& name = coverage.repository;
    if (coverage.is_cut_off()) {
        const auto cut = cut_of(coverage, now);
        const auto known = believed.find(name);
        if (known != believed.end() && known->second.where == cut.where) {
            suspected.erase(name);
            return;
        }
        const auto suspicion = suspected.find(name);
        if (suspicion == suspected.end() || suspicion->second.where != cut.where) {
            suspected.insert_or_assign(name, cut);
            return;
        }
        settled.begun.push_back(suspicion->second);
        believed.insert_or_assign(name, suspicion->second);
        suspected.erase(name);
        return;
    }
    if (coverage.lacks_log() && !coverage.awaits) {
        return;  // The server did not say whether it still has it.
    }
    suspected.erase(name);
    const auto* const present = coverage.present();
    if (coverage.lacks_log() || present == nullptr) {
        return;
    }
    if (const auto known = believed.find(name); known != believed.end()) {
        settled.ended.push_back({known->second, present->from});
        believed.erase(known);
    }
}

}  // namespace

Settled settle(const Cuts& before, const std::vector<Coverage>& coverage, Moment now) {
    Settled settled{before, {}, {}, false};
    for (const auto& each : coverage) {
        if (each.is_current && each.problem.empty()) {
            settle(settled, each, now);
        }
    }
    settled.is_to_confirm = !settled.cuts.suspected.empty() || !settled.cuts.believed.empty();
    return settled;
}

}  // namespace caisson::backups::physical
