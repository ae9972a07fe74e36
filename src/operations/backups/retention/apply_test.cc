// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "operations/backups/retention/observe.h"
#include "operations/backups/sets/lease.h"
#include "tests/support/postgres.h"

namespace caisson::backups::retention {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Moment january = sys_days(2026y / January / 1);

struct ApplyTest : testing::Test {
    ApplyTest() {
        local.prepare();
        tiers = {
            {"local", "local", platform::parse_keep("1").value(), platform::Every::set, false, {}}};
    }

    std::string make(int day, Kind kind = Kind::logical, const std::string& prior = {}) {
        Set set;
        set.kind = kind;
        set.started = set.finished = timestamp(january + days(day));
        set.id = new_id(set.started, kind);
        set.prior = prior;
        set.label = kind == Kind::logical ? "" : set.id;
        local.begin(set.id);
        local.finish(set, std::nullopt);
        return set.id;
    }
    Plan planned() const { return plan("local", observe(local, tiers), january + days(30)); }
    Outcome applied(const Edge& edge = {}) const {
        const auto lock = local.lock("prune");
        return apply(local, lock, planned(), edge);
    }
    std::vector<std::string> there() const {
        std::vector<std::string> ids;
        for (const auto& found : local.sets()) {
            ids.push_back(found.set.id);
        }
        return ids;
    }

    test::Directory directory;
    Repository local{"local", directory.path() / "local"};
    std::vector<platform::Tier> tiers;
};

TEST_F(ApplyTest, RemovesWhatThePlanDoesNotKeepTheNewestFirst) {
    const auto a = make(0);
    const auto b = make(1);
    const auto c = make(2);
    std::vector<std::string> told;
    const auto outcome =
        applied({{},
                 [&](const Decision& each) { told.push_back("- " + each.set.id); },
                 [&](const Decision& each) { told.push_back("+ " + each.set.id); }});
    EXPECT_THAT(outcome.removed, ElementsAre(b, a));
    EXPECT_THAT(told, ElementsAre("- " + b, "+ " + b, "- " + a, "+ " + a));
    EXPECT_THAT(there(), ElementsAre(c));
    EXPECT_THAT(applied().removed, IsEmpty());
}

TEST_F(ApplyTest, HandsPhysicalSetsToPgBackRestAndLeavesThemWithoutIt) {
    const auto full = make(0, Kind::full);
    const auto differential = make(1, Kind::differential, full);
    make(2, Kind::full);
    auto outcome = applied();
    EXPECT_THAT(outcome.removed, IsEmpty());
    ASSERT_EQ(outcome.left.size(), 2U);
    EXPECT_EQ(outcome.left[0].why, "pgBackRest is not at hand");
    EXPECT_EQ(outcome.left[1].why, differential + " builds on it, and is still there");

    std::vector<std::string> expired;
    outcome = applied({[&](const Set& set) { expired.push_back(set.label); }, {}, {}});
    EXPECT_THAT(expired, ElementsAre(differential, full));
    EXPECT_EQ(there().size(), 1U);
}

TEST_F(ApplyTest, LeavesASetThatPgBackRestCouldNotRemove) {
    const auto full = make(0, Kind::full);
    make(1, Kind::full);
    const auto outcome =
        applied({[](const Set&) { throw Error(Code::backup_failed, "no answer"); }, {}, {}});
    ASSERT_EQ(outcome.left.size(), 1U);
    EXPECT_EQ(outcome.left.front().why, "no answer");
    EXPECT_EQ(there().size(), 2U);
}

TEST_F(ApplyTest, LeavesWhatIsReadOrHeldSinceThePlanWasMade) {
    const auto a = make(0);
    const auto b = make(1);
    const auto full = make(2, Kind::full);
    const auto incremental = make(3, Kind::incremental, full);
    make(4, Kind::full);
    make(5);
    const auto plan = planned();
    EXPECT_EQ(plan.removals(), 4U);
    const auto restore = lease(local, incremental, "restore");
    local.set_holds({{a, "audit", "", "", ""}});
    const auto lock = local.lock("prune");
    const auto outcome = apply(local, lock, plan, {[](const Set&) { FAIL(); }, {}, {}});
    EXPECT_THAT(outcome.removed, ElementsAre(b));
    EXPECT_EQ(outcome.left.size(), 3U);
    EXPECT_EQ(planned().removals(), 0U);
}

TEST_F(ApplyTest, DoesNothingInDoubt) {
    make(0);
    make(1);
    const auto begun = new_id(timestamp(january + days(2)), Kind::logical);
    local.begin(begun);
    EXPECT_THAT(planned().doubts,
                ElementsAre("the newest attempt, " + begun + ", did not come to its end"));
    EXPECT_THAT(applied().removed, IsEmpty());

    local.remove_unfinished();
    local.set_holds({});
    write_file(local.path() / "holds.json", "[{");
    EXPECT_THAT(planned().doubts, ElementsAre(HasSubstr("cannot be read as a list of holds")));
    EXPECT_THAT(applied().removed, IsEmpty());

    local.set_holds({});
    EXPECT_EQ(applied().removed.size(), 1U);
}

}  // namespace
}  // namespace caisson::backups::retention
