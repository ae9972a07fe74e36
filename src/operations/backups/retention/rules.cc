// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/rules.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace caisson::backups::retention {
namespace {

using platform::Every;
using platform::Tier;
using std::chrono::days;

constexpr std::array<std::string_view, 5> period_names = {"set", "day", "week", "month", "year"};

/// The number of the period that a moment lies in; weeks begin on Monday.
std::int64_t period_of(Every every, Moment moment) {
    const auto day = std::chrono::floor<days>(moment);
    const std::chrono::year_month_day date(day);
    switch (every) {
        case Every::week:  // The first of January 1970 was a Thursday.
            return std::chrono::floor<std::chrono::weeks>(day + days(3)).time_since_epoch().count();
        case Every::month:
            return static_cast<int>(date.year()) * 12 + static_cast<int>(unsigned(date.month()));
        case Every::year:
            return static_cast<int>(date.year());
        case Every::set:
        case Every::day:
            break;
    }
    return day.time_since_epoch().count();
}

std::string_view word_of(const Set& set) { return set.is_physical() ? "physical" : "logical"; }

class Judging {
 public:
    Judging(const Lineup& lineup, const Facts& facts, Moment clock)
        : lineup_(lineup), facts_(facts), clock_(clock), verdicts_(lineup.size()) {}

    void tier(const Tier& tier) {
        std::vector<std::size_t> candidates;
        for (std::size_t i = 0; i < lineup_.size(); ++i) {
            if (tier.is_self_contained && !lineup_[i].stands_alone) {
                decline(i, fmt::format("{} takes only self-contained sets", tier.name));
            } else if (lineup_[i].is_whole) {
                candidates.push_back(i);
            }
        }
        auto young = candidates;
        if (tier.keep.age) {
            std::erase_if(young, [&](std::size_t i) {
                return lineup_[i].finished + *tier.keep.age <= clock_;
            });
            for (const auto i : candidates) {
                if (!std::ranges::binary_search(young, i)) {
                    decline(i, fmt::format("{} keeps sets for {}", tier.name, tier.keep.text));
                }
            }
        }
        if (tier.every == Every::set) {
            sets(tier, young);
            if (tier.keep.age && !tier.is_self_contained) {
                window(tier, candidates);
            }
        } else {
            periods(tier, young);
        }
    }

    void hold(const Hold& hold, Moment now) {
        const auto member = lineup_.find(hold.set);
        // An end that cannot be read is none.
        const auto until = parse_moment(hold.until);
        if (member && !(until && *until <= now)) {
            keep(*member, Cause::hold,
                 fmt::format("held {}: {}",
                             until ? "until " + minute_text(*until) : "until it is released",
                             hold.reason),
                 until);
        }
    }

    void in_use() {
        for (const auto& id : facts_.in_use) {
            if (const auto member = lineup_.find(id)) {
                keep(*member, Cause::in_use, "a restore or a drill is reading it", {});
            }
        }
    }

    void newest(bool physical) {
        bool has_newest = false;
        for (std::size_t i = lineup_.size(); i-- > 0;) {
            const auto& member = lineup_[i];
            if (!member.is_whole || member.set->is_physical() != physical) {
                continue;
            }
            if (!has_newest) {
                keep(i, Cause::newest, fmt::format("the newest {} set", word_of(*member.set)), {});
                has_newest = true;
            }
            if (facts_.proofs.contains(member.set->id)) {
                keep(i, Cause::proven,
                     fmt::format("the last {} set that was proven", word_of(*member.set)), {});
                return;
            }
        }
    }

    /// Last of all: what kept sets build on.
    std::vector<Verdict> finish() {
        for (std::size_t i = lineup_.size(); i-- > 0;) {
            if (verdicts_[i].reasons.empty()) {
                continue;
            }
            for (const auto below : lineup_.below(i)) {
                verdicts_[below].is_window |= verdicts_[i].is_window;
                if (std::ranges::none_of(verdicts_[below].reasons, [](const Reason& reason) {
                        return reason.cause == Cause::chain;
                    })) {
                    keep(below, Cause::chain, fmt::format("{} builds on it", lineup_[i].set->id),
                         {});
                }
            }
        }
        return std::move(verdicts_);
    }

 private:
    void keep(std::size_t member, Cause cause, std::string text, std::optional<Moment> until) {
        verdicts_[member].reasons.push_back({cause, std::move(text), until});
    }
    void decline(std::size_t member, std::string text) {
        verdicts_[member].why_not.push_back(std::move(text));
    }

    std::optional<Moment> end_of(const Tier& tier, std::size_t member) const {
        return tier.keep.age ? std::optional(lineup_[member].finished + *tier.keep.age)
                             : std::nullopt;
    }
    std::string ending(const Tier& tier, std::size_t member) const {
        const auto end = end_of(tier, member);
        return end ? ", until " + minute_text(*end) : "";
    }

    void sets(const Tier& tier, const std::vector<std::size_t>& young) {
        std::array<int, 2> counted{};
        for (auto at = young.rbegin(); at != young.rend(); ++at) {
            const bool physical = lineup_[*at].set->is_physical();
            if (tier.keep.count && ++counted[physical ? 1 : 0] > *tier.keep.count) {
                decline(*at, fmt::format("{} keeps {} {} sets", tier.name, *tier.keep.count,
                                         word_of(*lineup_[*at].set)));
                continue;
            }
            verdicts_[*at].is_window |= !tier.is_self_contained && physical;
            keep(*at, Cause::tier,
                 tier.keep.count
                     ? fmt::format("one of the newest {} for {}", tier.keep.text, tier.name)
                     : fmt::format("{} keeps sets for {}{}", tier.name, tier.keep.text,
                                   ending(tier, *at)),
                 end_of(tier, *at));
        }
    }

    /// The first moments of a tier's time lie behind the last set that is older.
    void window(const Tier& tier, const std::vector<std::size_t>& candidates) {
        for (auto at = candidates.rbegin(); at != candidates.rend(); ++at) {
            if (lineup_[*at].set->is_physical() &&
                lineup_[*at].finished + *tier.keep.age <= clock_) {
                verdicts_[*at].is_window = true;
                keep(*at, Cause::tier,
                     fmt::format("from it the first moments of {} of {} are reached",
                                 tier.keep.text, tier.name),
                     {});
                return;
            }
        }
    }

    void periods(const Tier& tier, const std::vector<std::size_t>& young) {
        std::map<std::int64_t, std::vector<std::size_t>> periods;
        for (const auto i : young) {
            periods[period_of(tier.every, lineup_[i].finished)].push_back(i);
        }
        const auto word = period_names.at(static_cast<std::size_t>(tier.every));
        int number = 0;
        for (auto period = periods.rbegin(); period != periods.rend(); ++period) {
            const auto& members = period->second;
            if (tier.keep.count && ++number > *tier.keep.count) {
                for (const auto i : members) {
                    decline(i, fmt::format("{} keeps {} sets, one a {}", tier.name,
                                           *tier.keep.count, word));
                }
                continue;
            }
            const auto proven = std::ranges::find_if(
                members, [&](std::size_t i) { return facts_.proofs.contains(lineup_[i].set->id); });
            const auto chosen = proven == members.end() ? members.front() : *proven;
            for (const auto i : members) {
                if (i == chosen) {
                    keep(
                        i, Cause::tier,
                        fmt::format("the set of its {} for {}{}", word, tier.name, ending(tier, i)),
                        end_of(tier, i));
                } else {
                    decline(i, fmt::format("{} has {} for its {}", tier.name,
                                           lineup_[chosen].set->id, word));
                }
            }
        }
    }

    const Lineup& lineup_;
    const Facts& facts_;
    Moment clock_;
    std::vector<Verdict> verdicts_;
};

}  // namespace

std::vector<Verdict> judge(const Lineup& lineup, const Facts& facts, Moment clock, Moment now) {
    Judging judging(lineup, facts, clock);
    for (const auto& hold : facts.holds) {
        judging.hold(hold, now);
    }
    judging.in_use();
    for (const auto& tier : facts.tiers) {
        judging.tier(tier);
    }
    judging.newest(true);
    judging.newest(false);
    return judging.finish();
}

}  // namespace caisson::backups::retention
