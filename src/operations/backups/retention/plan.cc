// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/backups/retention/rules.h"

namespace caisson::backups::retention {
namespace {

/// A manifest without its long lists.
Set outline_of(const Set& set) {
    Set outline = set;
    outline.tables.clear();
    outline.files.clear();
    return outline;
}

std::string removal_text(const Lineup& lineup, std::size_t member, const Verdict& verdict) {
    if (lineup[member].is_whole) {
        return join(verdict.why_not, "; ");
    }
    auto broken = member;
    for (const auto below : lineup.below(member)) {
        broken = below;
    }
    return lineup[broken].prior
               ? "it cannot be restored: its chain leads back to itself"
               : fmt::format("it cannot be restored: {}, which {} builds on, is not there",
                             lineup[broken].set->prior, lineup[broken].set->id);
}

std::vector<std::string> doubts_of(const Lineup& lineup, const Facts& facts) {
    auto doubts = facts.doubts;
    doubts.insert(doubts.end(), lineup.doubts.begin(), lineup.doubts.end());
    if (facts.tiers.empty()) {
        doubts.emplace_back("no tier names this repository: what it is to keep is not known");
    }
    for (const auto& tier : facts.tiers) {
        if (!tier.keep.age && !tier.keep.count) {
            doubts.push_back(fmt::format("how long {} keeps sets is not known", tier.name));
        }
    }
    return doubts;
}

/// From the oldest full set whose log counts on every one keeps it, and so does one that is read:
/// how far the reader wants to go is not known.
void decide_log(const Lineup& lineup, Plan& plan) {
    int fulls = 0;
    for (std::size_t i = lineup.size(); i-- > 0;) {
        auto& decision = plan.sets[i];
        const bool is_read = std::ranges::any_of(
            decision.reasons, [](const Reason& reason) { return reason.cause == Cause::in_use; });
        const bool counts = !plan.archive_fulls || fulls < *plan.archive_fulls;
        decision.keeps_log = decision.keep && lineup[i].set->is_physical() && (counts || is_read);
        fulls += decision.keep && lineup[i].set->kind == Kind::full ? 1 : 0;
    }
}

/// How many of the kept full sets, the newest first, there are down to the oldest one from which
/// a tier promises every moment.
std::optional<int> archive_fulls(const Lineup& lineup, const std::vector<Verdict>& verdicts,
                                 const Plan& plan) {
    int fulls = 0;
    int needed = 0;
    for (std::size_t i = lineup.size(); i-- > 0;) {
        if (plan.sets[i].keep && lineup[i].set->kind == Kind::full) {
            ++fulls;
            const bool counts = verdicts[i].is_window || fulls == 1 || !plan.doubts.empty();
            needed = counts ? fulls : needed;
        }
    }
    return fulls == 0 ? std::nullopt : std::optional(needed);
}

}  // namespace

std::string_view name_of(Cause cause) {
    constexpr std::array<std::string_view, 7> names = {"tier",   "hold",   "chain", "proven",
                                                       "in use", "newest", "doubt"};
    return names.at(static_cast<std::size_t>(cause));
}

std::size_t Plan::removals() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sets, [](const Decision& each) { return !each.keep; }));
}

Plan plan(std::string repository, const Facts& facts, Moment now) {
    const auto lineup = line_up(facts.sets, now);
    Plan plan;
    plan.repository = std::move(repository);
    plan.now = now;
    plan.clock = std::min(now, lineup.newest().value_or(now));
    plan.doubts = doubts_of(lineup, facts);
    const auto verdicts = judge(lineup, facts, plan.clock, now);
    for (std::size_t i = 0; i < lineup.size(); ++i) {
        Decision decision;
        decision.set = outline_of(*lineup[i].set);
        decision.reaches = lineup[i].reaches;
        decision.is_proven = facts.proofs.contains(decision.set.id);
        decision.reasons = verdicts[i].reasons;
        if (decision.reasons.empty() && !plan.doubts.empty()) {
            decision.reasons.push_back({Cause::doubt, "in doubt nothing is removed", {}});
        }
        decision.keep = !decision.reasons.empty();
        if (!decision.keep) {
            decision.removal = removal_text(lineup, i, verdicts[i]);
        }
        plan.sets.push_back(std::move(decision));
    }
    for (std::size_t i = 0; i < lineup.size(); ++i) {
        for (const auto below : lineup.below(i)) {
            plan.sets[below].needed_by.push_back(lineup[i].set->id);
        }
    }
    plan.archive_fulls = archive_fulls(lineup, verdicts, plan);
    decide_log(lineup, plan);
    for (const auto& hold : facts.holds) {
        if (!lineup.find(hold.set)) {
            plan.notes.push_back(fmt::format("{} is held, and is not here", hold.set));
        }
    }
    return plan;
}

}  // namespace caisson::backups::retention
