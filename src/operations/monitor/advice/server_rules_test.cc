// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Wraparound, IsNearFromHalfOn) {
    auto facts = sound();
    facts.ages = {{"other", 1'073'741'823, 0}};
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.ages = {{"other", 1'073'741'824, 0}};
    EXPECT_THAT(rules_of(facts), ElementsAre("wraparound"));
    const double warning = judge(facts).advice[0].worth;
    facts.ages = {{"other", 0, 1'610'612'736}};
    EXPECT_THAT(rules_of(facts), ElementsAre("wraparound"));
    EXPECT_GT(judge(facts).advice[0].worth, warning);
}

TEST(IdleTransaction, IsLeftOpenAfterFiveMinutes) {
    auto facts = sound();
    facts.sessions = {{.process = 7, .user = "app", .idle = 299, .transaction = 900}};
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.sessions[0].idle = 300;
    EXPECT_THAT(rules_of(facts), ElementsAre("idle_transaction"));
}

TEST(CacheHits, AreTooFewBelowNinetyNinePercent) {
    auto facts = sound();
    facts.blocks_read = 100'000;
    facts.blocks_hit = 9'900'000;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.blocks_hit = 9'899'999;
    const auto judgement = judge(facts);
    ASSERT_THAT(rules_of(judgement), ElementsAre("cache_hits"));
    // The memory of the machine is not known, and a server that does not start takes no SQL.
    EXPECT_THAT(judgement.advice[0].apply, IsEmpty());
    EXPECT_THAT(judgement.advice[0].caution, HasSubstr("a quarter of the machine's memory"));
}

TEST(CacheHits, OfAServerThatHasJustStartedTellNothing) {
    auto facts = sound();
    facts.blocks_read = 4 * 16'384 - 1;
    facts.blocks_hit = 0;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

TEST(Checkpoints, AreTooEarlyWhenMostWereRequested) {
    auto facts = sound();
    facts.timed_checkpoints = 5;
    facts.requested_checkpoints = 5;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.requested_checkpoints = 6;
    EXPECT_THAT(rules_of(facts), ElementsAre("checkpoints"));
    facts.timed_checkpoints = 0;
    facts.requested_checkpoints = 9;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

/// Those of backups and by hand are requested, too.
TEST(Checkpoints, AreNotOfAFullLogWhereSoLittleWasWritten) {
    auto facts = sound();
    facts.requested_checkpoints = 13;
    facts.timed_checkpoints = 2;
    facts.wal_bytes = 350'000'000;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.wal_bytes = 7 * 536'870'912ULL;
    EXPECT_THAT(rules_of(facts), IsEmpty()) << "seven of fifteen at most";
    facts.wal_bytes = 8 * 536'870'912ULL;
    ASSERT_THAT(rules_of(facts), ElementsAre("checkpoints"));
    EXPECT_THAT(judge(facts).advice[0].summary, HasSubstr("up to 53 %"));
}

TEST(Checkpoints, AreUnknownWhereTheLogIsNotCountedAsLong) {
    auto facts = sound();
    facts.requested_checkpoints = 13;
    for (const std::optional<double> age : {std::optional(86'400.0), std::optional<double>()}) {
        facts.wal_age = age;
        EXPECT_THAT(rules_of(facts), IsEmpty());
        EXPECT_EQ(judge(facts).unknown.at(0).rule, "checkpoints");
    }
    facts.timed_checkpoints = 100;
    EXPECT_TRUE(judge(facts).unknown.empty()) << "most were timed";
}

TEST(TemporaryFiles, AreTooManyAtMoreThanTenAnHour) {
    auto facts = sound();
    facts.statistics_age = 100 * 3'600;
    facts.temporary_files = 1'000;
    facts.temporary_bytes = 1'000'000'000'000;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.temporary_files = 1'001;
    EXPECT_THAT(rules_of(facts), ElementsAre("temporary_files"));
}

TEST(Checkpoints, AskForNoMoreLogThanADiskMayHave) {
    auto facts = sound();
    facts.requested_checkpoints = 10;
    const auto advice = judge(facts).advice.at(0);
    EXPECT_EQ(advice.apply.at(0), "alter system set max_wal_size = '2048MB'");
    EXPECT_EQ(advice.undo.at(0), "alter system set max_wal_size = '1GB'");
    EXPECT_EQ(advice.risk, Risk::medium);
    facts.figures["max_wal_size"] = 17'179'869'184.0;
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty());
}

/// Files of a terabyte each: the answer is not as much memory for every session.
TEST(TemporaryFiles, RaiseWorkMemOfOneRoleAndNotWithoutEnd) {
    auto facts = sound();
    facts.temporary_files = 100'000;
    facts.temporary_bytes = 100'000'000'000'000'000;
    facts.statements = {{1, "report", "select 'secret' from orders", 10, 10, 900, 1'000}};
    auto advice = judge(facts).advice.at(0);
    EXPECT_THAT(advice.apply,
                ElementsAre(R"(alter role "report" in database "shop_db" set work_mem = '256MB')"));
    EXPECT_THAT(advice.undo,
                ElementsAre(R"(alter role "report" in database "shop_db" reset work_mem)"));
    for (const auto& evidence : advice.evidence) {
        EXPECT_THAT(evidence.value, testing::Not(HasSubstr("secret")));
    }
    facts.figures["work_mem"] = 200'000'000;
    EXPECT_THAT(judge(facts).advice.at(0).apply, ElementsAre(HasSubstr("'256MB'")));
    facts.figures["work_mem"] = 268'435'456;
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty());
    facts.figures["work_mem"] = 4'194'304;
    facts.role_settings = {{"report", false, "work_mem", "64MB"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty()) << "somebody has decided it";
    facts.statements.clear();
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty()) << "nobody knows whose they are";
}

TEST(IdleTransaction, IsEndedByMoreThanItsNumber) {
    auto facts = sound();
    facts.sessions = {{.process = 7,
                       .user = "app",
                       .idle = 900,
                       .transaction = 900,
                       .started = "2026-11-27 01:02:03.000004+00"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply.at(0),
                HasSubstr("backend_start = '2026-11-27 01:02:03.000004+00'::timestamptz"));
}

/// The snapshot of a backup is held as long as the longest dump takes.
TEST(IdleTransaction, OfCaissonItselfIsWork) {
    auto facts = sound();
    facts.sessions = {{.process = 7, .user = "app", .idle = 900, .is_own = true}};
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

class IdleTime : public testing::Test {
 protected:
    IdleTime() {
        facts_.sessions = {{.process = 7, .user = "app", .idle = 900}};
        facts_.settings[name] = "0";
    }
    /// Without that which ends the session.
    std::vector<std::string> applied() {
        const auto all = judge(facts_).advice.at(0).apply;
        return {all.begin() + 1, all.end()};
    }
    const std::string name = "idle_in_transaction_session_timeout";
    const std::string bounded =
        R"(alter role "app" in database "shop_db" set idle_in_transaction_session_timeout = )";
    Facts facts_ = sound();
};

TEST_F(IdleTime, IsBoundedWhereItIsNot) {
    EXPECT_THAT(applied(), ElementsAre(bounded + "'5min'"));
    EXPECT_THAT(judge(facts_).advice.at(0).undo,
                ElementsAre(R"(alter role "app" in database "shop_db" reset )" + name));
    facts_.settings[name] = "6min";
    EXPECT_THAT(applied(), ElementsAre(bounded + "'5min'"));
}

TEST_F(IdleTime, IsNotMadeLonger) {
    for (const auto* const shorter : {"1min", "5min", "300000", "1", "90s"}) {
        facts_.settings[name] = shorter;
        EXPECT_THAT(applied(), IsEmpty()) << shorter;
        EXPECT_THAT(judge(facts_).advice.at(0).undo, IsEmpty());
    }
}

TEST_F(IdleTime, IsThatOfTheRoleWhereItHasOne) {
    facts_.role_settings = {{"", true, name, "1min"}};
    EXPECT_THAT(applied(), IsEmpty()) << "of the database";
    facts_.role_settings.push_back({"app", false, name, "0"});
    EXPECT_THAT(applied(), ElementsAre(bounded + "'5min'")) << "of the role";
    facts_.role_settings.push_back({"app", true, name, "2min"});
    EXPECT_THAT(applied(), IsEmpty()) << "of the role in this database";
    facts_.role_settings.back().value = "1h";
    EXPECT_THAT(applied(), ElementsAre(bounded + "'5min'"));
    EXPECT_THAT(judge(facts_).advice.at(0).undo, ElementsAre(bounded + "'1h'"));
}

TEST(SlotLag, IsAGigabyteOfTheLog) {
    auto facts = sound();
    facts.slots = {{"old", "physical", false, 999'999'999, "extended"}};
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.slots[0].retained = 1'000'000'000;
    auto judgement = judge(facts);
    ASSERT_THAT(rules_of(judgement), ElementsAre("slot_lag"));
    EXPECT_THAT(judgement.advice[0].apply, ElementsAre(HasSubstr("pg_drop_replication_slot")));
    facts.slots[0].is_active = true;
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty()) << "one that is read is not dropped";
}

}  // namespace
}  // namespace caisson::advice
