// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/retention/calendar.h"

namespace caisson::backups::retention {
namespace {

using namespace std::chrono;
using platform::Every;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment january = sys_days(2026y / January / 1) + 3h;

/// `day` counts from the first of January 2026, 03:00, where it ends.
Set made(int day, Kind kind, const std::string& prior = {}) {
    Set set;
    const auto finished = january + days(day);
    set.kind = kind;
    set.started = timestamp(finished - 1h);
    set.finished = timestamp(finished);
    set.id = fmt::format("{}-{}", day, name_of(kind));
    set.prior = prior;
    return set;
}

platform::Tier tier(const std::string& name, const std::string& keep, Every every = Every::set,
                    bool is_self_contained = false) {
    platform::Tier tier;
    tier.name = name;
    tier.keep = platform::parse_keep(keep).value();
    tier.every = every;
    tier.is_self_contained = is_self_contained;
    return tier;
}

struct PlanTest : testing::Test {
    void add(const Set& set) { facts.sets.push_back({set, {}, {}, {}}); }
    void daily(int first, int last, Kind kind = Kind::logical) {
        for (int day = first; day <= last; ++day) {
            add(made(day, kind));
        }
    }
    Plan on(int day) const { return plan("local", facts, january + days(day) + 1h); }
    static std::vector<std::string> kept(const Plan& plan) {
        std::vector<std::string> ids;
        for (const auto& each : plan.sets) {
            if (each.keep) {
                ids.push_back(each.set.id);
            }
        }
        return ids;
    }
    static const Decision& of(const Plan& plan, const std::string& id) {
        return *std::ranges::find_if(plan.sets,
                                     [&](const auto& each) { return each.set.id == id; });
    }

    Facts facts;
};

TEST_F(PlanTest, KeepsByAgeUntilTheEnd) {
    facts.tiers = {tier("local", "3d")};
    daily(0, 5);
    const auto plan = on(5);
    EXPECT_THAT(kept(plan), ElementsAre("3-logical", "4-logical", "5-logical"));
    EXPECT_EQ(of(plan, "4-logical").reasons.front().text,
              "local keeps sets for 3d, until 2026-01-08 03:00Z");
    EXPECT_EQ(of(plan, "0-logical").removal, "local keeps sets for 3d");
}

TEST_F(PlanTest, CountsPhysicalAndLogicalSetsApart) {
    facts.tiers = {tier("local", "2")};
    daily(0, 2, Kind::full);
    daily(0, 4);
    EXPECT_THAT(kept(on(4)), ElementsAre("1-full", "2-full", "3-logical", "4-logical"));
}

TEST_F(PlanTest, KeepsTheFirstProvenSetOfAPeriodElseTheFirst) {
    facts.tiers = {tier("compliance", "7y", Every::month)};
    daily(0, 70);
    facts.proofs = {"10-logical", "12-logical"};
    const auto plan = on(70);
    EXPECT_THAT(kept(plan),
                ElementsAre("10-logical", "12-logical", "31-logical", "59-logical", "70-logical"));
    EXPECT_EQ(of(plan, "11-logical").removal, "compliance has 10-logical for its month");
    EXPECT_EQ(of(plan, "12-logical").reasons.front().cause, Cause::proven);
}

TEST_F(PlanTest, KeepsAsManyPeriodsAsAreCounted) {
    facts.tiers = {tier("weekly", "2", Every::week)};
    daily(0, 30);
    // The weeks of Monday the 19th and the 26th of January.
    EXPECT_THAT(kept(on(30)), ElementsAre("18-logical", "25-logical", "30-logical"));
}

TEST_F(PlanTest, KeepsInSelfContainedTiersOnlyWhatStandsAlone) {
    facts.tiers = {tier("compliance", "7y", Every::set, true)};
    auto alone = made(0, Kind::full);
    alone.is_self_contained = true;
    add(alone);
    add(made(1, Kind::full));
    add(made(2, Kind::full));
    const auto plan = on(2);
    EXPECT_THAT(kept(plan), ElementsAre("0-full", "2-full"));
    EXPECT_EQ(of(plan, "1-full").removal, "compliance takes only self-contained sets");
}

TEST_F(PlanTest, KeepsWhatAKeptSetBuildsOn) {
    facts.tiers = {tier("local", "1")};
    add(made(0, Kind::full));
    add(made(1, Kind::full));
    add(made(2, Kind::differential, "1-full"));
    add(made(3, Kind::incremental, "2-differential"));
    const auto plan = on(3);
    EXPECT_THAT(kept(plan), ElementsAre("1-full", "2-differential", "3-incremental"));
    EXPECT_EQ(of(plan, "1-full").reasons.front().text, "3-incremental builds on it");
    EXPECT_THAT(of(plan, "1-full").needed_by, ElementsAre("2-differential", "3-incremental"));
}

TEST_F(PlanTest, KeepsTheSetFromWhichTheFirstMomentOfATierIsReached) {
    facts.tiers = {tier("local", "10d")};
    for (const int day : {0, 7, 14, 21, 28}) {
        add(made(day, Kind::full));
    }
    const auto plan = on(28);
    EXPECT_THAT(kept(plan), ElementsAre("14-full", "21-full", "28-full"));
    EXPECT_EQ(of(plan, "14-full").reasons.front().text,
              "from it the first moments of 10d of local are reached");
    EXPECT_EQ(plan.archive_fulls, 3);
}

TEST_F(PlanTest, KeepsTheLogOnlyAsFarBackAsATierPromisesMoments) {
    facts.tiers = {tier("local", "2"), tier("compliance", "7y", Every::month)};
    for (const int day : {0, 31, 59, 66, 73}) {
        add(made(day, Kind::full));
    }
    const auto plan = on(73);
    EXPECT_THAT(kept(plan), ElementsAre("0-full", "31-full", "59-full", "66-full", "73-full"));
    EXPECT_EQ(plan.archive_fulls, 2);
    EXPECT_FALSE(of(plan, "59-full").keeps_log);
    EXPECT_TRUE(of(plan, "66-full").keeps_log);
    EXPECT_TRUE(of(plan, "73-full").keeps_log);
    facts.in_use = {"31-full"};  // How far its reader goes is not known.
    EXPECT_TRUE(of(on(73), "31-full").keeps_log);
    EXPECT_FALSE(of(on(73), "59-full").keeps_log);
    facts.doubts = {"something is wrong"};
    EXPECT_EQ(on(73).archive_fulls, 5);
    facts.sets.clear();
    EXPECT_EQ(on(73).archive_fulls, std::nullopt);
}

TEST_F(PlanTest, HonoursHoldsUntilTheyEnd) {
    facts.tiers = {tier("local", "3d")};
    daily(0, 9);
    facts.holds = {{"0-logical", "tax audit", "", "", ""},
                   {"1-logical", "enquiry", "", "", timestamp(january + days(20))},
                   {"2-logical", "over", "", "", timestamp(january + days(8))},
                   {"3-logical", "no moment", "", "", "someday"},
                   {"away", "elsewhere", "", "", ""}};
    const auto plan = on(9);
    EXPECT_THAT(kept(plan), ElementsAre("0-logical", "1-logical", "3-logical", "7-logical",
                                        "8-logical", "9-logical"));
    EXPECT_EQ(of(plan, "0-logical").reasons.front().text, "held until it is released: tax audit");
    EXPECT_THAT(plan.notes, ElementsAre("away is held, and is not here"));
}

TEST_F(PlanTest, NeverGoesBelowTheLastProvenSetOfEachSort) {
    facts.tiers = {tier("local", "3d")};
    daily(0, 9);
    for (int day = 0; day <= 9; ++day) {
        add(made(day, Kind::full));
    }
    facts.proofs = {"0-logical", "1-logical", "2-full"};
    const auto plan = on(9);
    EXPECT_TRUE(of(plan, "1-logical").keep);
    EXPECT_TRUE(of(plan, "2-full").keep);
    EXPECT_FALSE(of(plan, "0-logical").keep);
    EXPECT_TRUE(of(plan, "1-logical").is_proven);
}

TEST_F(PlanTest, KeepsWhatIsBeingReadAndWhatItBuildsOn) {
    facts.tiers = {tier("local", "1")};
    add(made(0, Kind::full));
    add(made(1, Kind::incremental, "0-full"));
    add(made(2, Kind::full));
    facts.in_use = {"1-incremental"};
    EXPECT_EQ(on(2).removals(), 0U);
    facts.in_use = {};
    EXPECT_EQ(on(2).removals(), 2U);
}

TEST_F(PlanTest, CountsASetWithABrokenChainForNothing) {
    facts.tiers = {tier("local", "1")};
    add(made(0, Kind::full));
    add(made(1, Kind::differential, "gone"));
    add(made(2, Kind::incremental, "1-differential"));
    auto bites = made(3, Kind::incremental, "4-incremental");
    add(bites);
    add(made(4, Kind::incremental, "3-incremental"));
    const auto plan = on(4);
    EXPECT_THAT(kept(plan), ElementsAre("0-full"));
    EXPECT_EQ(of(plan, "2-incremental").removal,
              "it cannot be restored: gone, which 1-differential builds on, is not there");
    EXPECT_EQ(of(plan, "4-incremental").removal,
              "it cannot be restored: its chain leads back to itself");
}

TEST_F(PlanTest, LetsNothingGrowOldWhileNoBackupSucceeds) {
    facts.tiers = {tier("local", "3d")};
    daily(0, 2);
    EXPECT_EQ(on(400).removals(), 0U);
}

struct DoubtTest : PlanTest {
    DoubtTest() {
        facts.tiers = {tier("local", "3d")};
        daily(0, 9);
        EXPECT_EQ(on(9).removals(), 7U);
    }
    void expect_doubt(const Plan& plan, const std::string& text) {
        EXPECT_EQ(plan.removals(), 0U);
        EXPECT_THAT(plan.doubts, ElementsAre(HasSubstr(text)));
        EXPECT_EQ(of(plan, "0-logical").reasons.front().cause, Cause::doubt);
    }
};

TEST_F(DoubtTest, ComesWithAFailedAttempt) {
    facts.doubts = {"the newest attempt failed"};
    expect_doubt(on(9), "the newest attempt failed");
}

TEST_F(DoubtTest, ComesWithAManifestThatCannotBeRead) {
    Found broken;
    broken.set.id = "5-broken";
    broken.mistake = "its manifest is missing";
    facts.sets.push_back(broken);
    expect_doubt(on(9), "the manifest of 5-broken cannot be read: its manifest is missing");
}

TEST_F(DoubtTest, ComesWithAManifestWithoutAMoment) {
    auto set = made(5, Kind::full);
    set.finished = "";
    add(set);
    expect_doubt(on(9), "the manifest of 5-full does not say when it was made");
}

TEST_F(DoubtTest, ComesWithAClockThatWentBack) { expect_doubt(on(5), "a clock has jumped"); }

TEST_F(DoubtTest, ComesWithAClockThatRanAhead) {
    for (const int day : {4000, 4001, 4002}) {
        add(made(day, Kind::logical));
        expect_doubt(on(day), "4000-logical ended 3991 days after the set before it");
    }
}

TEST_F(DoubtTest, ComesWhenNoTierNamesTheRepository) {
    facts.tiers.clear();
    expect_doubt(on(9), "no tier names this repository");
}

TEST_F(PlanTest, HasACalendarOfWhatRemains) {
    facts.tiers = {tier("local", "3d"), tier("compliance", "2y", Every::month)};
    daily(0, 32);
    facts.proofs = {"31-logical"};
    const auto plan = on(32);
    const auto rows = calendar(facts, plan);
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        lines.push_back(fmt::format("{}: {}", row.when, fmt::join(row.sets, " ")));
    }
    EXPECT_THAT(lines, ElementsAre("now: 0-logical 30-logical 31-logical 32-logical",
                                   "in 1 day: 0-logical 31-logical 32-logical",
                                   "in 2 years: 31-logical 32-logical"));
    EXPECT_EQ(rows.front().proven, 1U);
    EXPECT_EQ(rows.front().earliest, january - 1h);
    EXPECT_EQ(rows.back().causes, (std::vector<std::string>{"proven", "newest"}));
}

}  // namespace
}  // namespace caisson::backups::retention
