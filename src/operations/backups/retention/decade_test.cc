// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <random>
#include <unordered_map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "operations/backups/retention/plan.h"

namespace caisson::backups::retention {
namespace {

using namespace std::chrono;
using platform::Every;

constexpr sys_days beginning = 2026y / January / 1;

platform::Tier tier(const std::string& name, const std::string& keep, Every every = Every::set,
                    bool is_self_contained = false) {
    platform::Tier tier;
    tier.name = name;
    tier.keep = platform::parse_keep(keep).value();
    tier.every = every;
    tier.is_self_contained = is_self_contained;
    return tier;
}

/// A repository over ten years: a full set a week, a differential or incremental one on the other
/// days, dumps; failures, outages, drills, holds, restores, sets that somebody deletes.
class Decade {
 public:
    Decade(unsigned seed, std::vector<platform::Tier> tiers) : random_(seed) {
        facts_.tiers = std::move(tiers);
    }

    void live() {
        for (int day = 0; day < 3652 && !testing::Test::HasFailure(); ++day) {
            today_ = beginning + days(day);
            SCOPED_TRACE(timestamp(today_));
            if (outage_ > 0) {
                --outage_;
            } else if (one_in(400)) {
                outage_ = static_cast<int>(random_() % 25);
            } else {
                make_backups();
            }
            something_happens();
            expire();
        }
        EXPECT_GT(removed_, 1000U);
        EXPECT_GT(orphans_, 0U);
    }

 private:
    bool one_in(unsigned odds) { return random_() % odds == 0; }

    void make(Kind kind, hours at, const std::string& prior) {
        if (one_in(15)) {
            failed_ = true;
            return;
        }
        failed_ = false;
        Set set;
        set.kind = kind;
        set.started = timestamp(today_ + at);
        set.finished = timestamp(today_ + at + minutes(1 + random_() % 50));
        set.id = fmt::format("{}-{}", set.started, name_of(kind));
        set.prior = prior;
        set.is_self_contained = kind == Kind::full && one_in(2);
        facts_.sets.push_back({set, {}, {}, {}});
    }

    /// The newest set of one of these kinds that is there.
    std::string newest_of(std::initializer_list<Kind> kinds) const {
        for (auto at = facts_.sets.rbegin(); at != facts_.sets.rend(); ++at) {
            if (std::ranges::find(kinds, at->set.kind) != kinds.end()) {
                return at->set.id;
            }
        }
        return {};
    }

    void make_backups() {
        const auto full = newest_of({Kind::full});
        if (full.empty() || weekday(today_) == Sunday) {
            make(Kind::full, 2h, {});
        } else if (weekday(today_) == Wednesday) {
            make(Kind::differential, 2h, full);
        } else {
            make(Kind::incremental, 2h,
                 newest_of({Kind::full, Kind::differential, Kind::incremental}));
        }
        if (one_in(2)) {
            make(Kind::logical, 4h, {});
        }
    }

    const std::string& any_set() { return facts_.sets[random_() % facts_.sets.size()].set.id; }

    void something_happens() {
        facts_.in_use.clear();
        if (facts_.sets.empty()) {
            return;
        }
        if (one_in(20)) {
            facts_.proofs.insert(any_set());
        }
        if (one_in(30)) {
            facts_.in_use.insert(any_set());
        }
        if (one_in(60)) {
            facts_.holds.push_back(
                {any_set(), "enquiry", "", "",
                 one_in(2) ? timestamp(today_ + days(random_() % 400)) : std::string()});
        }
        if (!facts_.holds.empty() && one_in(60)) {
            facts_.holds.erase(facts_.holds.begin() +
                               static_cast<std::ptrdiff_t>(random_() % facts_.holds.size()));
        }
        if (one_in(50)) {  // Somebody deletes a directory.
            remove(any_set());
        }
    }

    void remove(const std::string id) {
        std::erase_if(facts_.sets, [&](const Found& found) { return found.set.id == id; });
    }

    /// After every change of the sets: the checks below ask for each of them.
    void index() {
        places_.clear();
        for (const auto& found : facts_.sets) {
            places_[found.set.id] = &found.set;
        }
    }
    const Set* find(const std::string& id) const {
        const auto found = places_.find(id);
        return found == places_.end() ? nullptr : found->second;
    }
    bool is_whole(const Set& set) const {
        if (set.prior.empty()) {
            return true;
        }
        const auto* const prior = find(set.prior);
        return prior && is_whole(*prior);
    }
    static Moment finished(const Set& set) { return parse_moment(set.finished).value(); }

    /// The newest set that can be restored, of one sort, proven or not.
    std::string last(bool physical, bool proven) const {
        const Set* newest = nullptr;
        for (const auto& each : facts_.sets) {
            if (each.set.is_physical() == physical && is_whole(each.set) &&
                (!proven || facts_.proofs.contains(each.set.id)) &&
                (!newest || finished(each.set) > finished(*newest))) {
                newest = &each.set;
            }
        }
        return newest ? newest->id : "";
    }

    /// Period of a tier to how many candidates it has, of those young enough.
    std::map<int, std::vector<std::string>> months(const platform::Tier& tier, Moment clock) const {
        std::map<int, std::vector<std::string>> found;
        for (const auto& each : facts_.sets) {
            const bool alone = each.set.kind == Kind::logical || each.set.is_self_contained;
            if ((!tier.is_self_contained || alone) && is_whole(each.set) &&
                finished(each.set) + *tier.keep.age > clock) {
                const year_month_day date(floor<days>(finished(each.set)));
                found[static_cast<int>(date.year()) * 12 + static_cast<int>(unsigned(date.month()))]
                    .push_back(each.set.id);
            }
        }
        return found;
    }

    void expire() {
        facts_.doubts.clear();
        if (failed_) {
            facts_.doubts.emplace_back("the newest attempt failed");
        }
        const auto now = Moment(today_ + 12h);
        const auto plan = retention::plan("local", facts_, now);
        if (!plan.doubts.empty()) {
            ASSERT_EQ(plan.removals(), 0U);
            return;
        }
        index();
        std::vector<std::string> promised = {last(true, false), last(true, true),
                                             last(false, false), last(false, true)};
        for (const auto& hold : facts_.holds) {
            const auto until = parse_moment(hold.until);
            if (find(hold.set) && (hold.until.empty() || *until > now)) {
                promised.push_back(hold.set);
            }
        }
        promised.insert(promised.end(), facts_.in_use.begin(), facts_.in_use.end());
        std::vector<std::string> young;  // Of the tiers that keep every set for a time.
        std::map<std::string, std::map<int, std::vector<std::string>>> periods;
        for (const auto& tier : facts_.tiers) {
            if (tier.every == Every::month) {
                periods[tier.name] = months(tier, plan.clock);
            } else if (tier.every == Every::set && tier.keep.age) {
                for (const auto& each : facts_.sets) {
                    if (is_whole(each.set) && finished(each.set) + *tier.keep.age > plan.clock) {
                        promised.push_back(each.set.id);
                    }
                }
            }
        }
        for (const auto& decision : plan.sets) {
            if (!decision.keep) {
                EXPECT_FALSE(decision.removal.empty());
                orphans_ += decision.removal.starts_with("it cannot be restored") ? 1 : 0;
                remove(decision.set.id);
                ++removed_;
            }
        }
        index();
        check(plan, promised, periods);
        EXPECT_EQ(retention::plan("local", facts_, now).removals(), 0U);
    }

    void check(const Plan& plan, const std::vector<std::string>& promised,
               const std::map<std::string, std::map<int, std::vector<std::string>>>& periods) {
        for (const auto& id : promised) {
            EXPECT_TRUE(id.empty() || find(id)) << id;
        }
        for (const auto& decision : plan.sets) {
            if (decision.keep && !is_whole(decision.set)) {
                // Kept by will alone.
                EXPECT_TRUE(std::ranges::any_of(decision.reasons, [](const Reason& reason) {
                    return reason.cause == Cause::hold || reason.cause == Cause::in_use ||
                           reason.cause == Cause::chain;
                })) << decision.set.id;
                EXPECT_TRUE(std::ranges::none_of(decision.reasons, [](const Reason& reason) {
                    return reason.cause == Cause::tier || reason.cause == Cause::newest ||
                           reason.cause == Cause::proven;
                })) << decision.set.id;
            }
        }
        for (const auto& [name, found] : periods) {
            for (const auto& [month, candidates] : found) {
                const auto chosen = std::ranges::count_if(plan.sets, [&](const Decision& each) {
                    return std::ranges::find(candidates, each.set.id) != candidates.end() &&
                           std::ranges::any_of(each.reasons, [&](const Reason& reason) {
                               return reason.text.starts_with("the set of its month for " + name);
                           });
                });
                EXPECT_EQ(chosen, 1) << name << ' ' << month;
            }
        }
        check_window(plan);
        // Held ones aside, it does not grow with the years.
        EXPECT_LT(facts_.sets.size(), 90 * 2 + 7 * 12 + 60 + 8 * facts_.holds.size());
    }

    /// From the moment that a tier by age promises on, there is a full set with its log.
    void check_window(const Plan& plan) {
        for (const auto& tier : facts_.tiers) {
            if (tier.every != Every::set || !tier.keep.age || tier.is_self_contained) {
                continue;
            }
            const auto first = plan.clock - *tier.keep.age;
            int fulls = 0;
            bool reaches = false;
            bool is_older = false;
            for (auto at = plan.sets.rbegin(); at != plan.sets.rend(); ++at) {
                if (at->keep && at->set.kind == Kind::full) {
                    ++fulls;
                    reaches |= finished(at->set) <= first && fulls <= plan.archive_fulls.value();
                    EXPECT_EQ(at->keeps_log, fulls <= plan.archive_fulls.value() || is_read(*at))
                        << at->set.id;
                }
                is_older = is_older || (at->set.is_physical() && finished(at->set) <= first &&
                                        is_whole_of(plan, at->set));
            }
            EXPECT_TRUE(reaches || !is_older) << tier.name;
        }
    }
    static bool is_read(const Decision& decision) {
        return std::ranges::any_of(
            decision.reasons, [](const Reason& reason) { return reason.cause == Cause::in_use; });
    }
    /// As it was before sets were removed.
    static bool is_whole_of(const Plan& plan, const Set& set) {
        if (set.prior.empty()) {
            return true;
        }
        const auto prior = std::ranges::find_if(
            plan.sets, [&](const Decision& each) { return each.set.id == set.prior; });
        return prior != plan.sets.end() && is_whole_of(plan, prior->set);
    }

    std::mt19937 random_;
    Facts facts_;
    std::unordered_map<std::string, const Set*> places_;
    sys_days today_;
    int outage_ = 0;
    bool failed_ = false;
    std::size_t removed_ = 0;
    std::size_t orphans_ = 0;
};

TEST(Decade, OfThreeTiersInOneRepository) {
    for (const unsigned seed : {1U}) {
        SCOPED_TRACE(seed);
        Decade(seed, {tier("local", "30d"), tier("offsite", "90d"),
                      tier("compliance", "7y", Every::month, true)})
            .live();
    }
}

TEST(Decade, OfCountsAndPeriods) {
    for (const unsigned seed : {3U}) {
        SCOPED_TRACE(seed);
        Decade(seed, {tier("local", "14"), tier("weekly", "8", Every::week),
                      tier("yearly", "10", Every::year), tier("monthly", "2y", Every::month)})
            .live();
    }
}

}  // namespace
}  // namespace caisson::backups::retention
