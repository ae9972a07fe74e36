// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Advice, OfASoundDatabaseIsNone) {
    const auto judgement = judge(sound());
    EXPECT_THAT(rules_of(judgement), IsEmpty());
    EXPECT_TRUE(judgement.unknown.empty());
}

class UnusedIndex : public testing::Test {
 protected:
    UnusedIndex() {
        auto index = index_of("orders_note", {"note"});
        index.scans = 0;
        index.bytes = 100'000'001;
        facts_.indexes.push_back(index);
        facts_.index_ages["public.orders_note"] = 40 * 86'400;
    }
    Index& index() { return facts_.indexes.back(); }
    Facts facts_ = sound();
};

TEST_F(UnusedIndex, OfMoreThanAHundredMegabytesMayGo) {
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("unused_index"));
    const auto& advice = judgement.advice.front();
    EXPECT_THAT(advice.apply, ElementsAre(R"(drop index concurrently "public"."orders_note")"));
    EXPECT_THAT(advice.undo, ElementsAre("CREATE INDEX CONCURRENTLY orders_note ON public.orders "
                                         "USING btree (note)"));
    EXPECT_THAT(advice.summary, HasSubstr("30 d"));
    index().bytes = 100'000'000;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(UnusedIndex, StaysWhereAReplicaUsesIt) {
    facts_.replicas = facts_.replicas_read = 1;
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index"));
    facts_.replica_scans["public.orders_note"] = 1;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(UnusedIndex, IsUnknownWhileAReplicaWasNotAsked) {
    facts_.replicas = 2;
    facts_.replicas_read = 1;
    const auto judgement = judge(facts_);
    EXPECT_THAT(rules_of(judgement), IsEmpty());
    ASSERT_EQ(judgement.unknown.size(), 1U);
    EXPECT_THAT(judgement.unknown.front().why, HasSubstr("1 of 2 replicas"));
}

TEST_F(UnusedIndex, IsUnknownWhileAReplicaIsAwayOrCouldNotBeRead) {
    facts_.slots = {{"standby", "physical", false, 0, "reserved"}};
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    EXPECT_THAT(judge(facts_).unknown.at(0).why, HasSubstr("the slot standby"));
    facts_.slots[0].is_active = true;
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index")) << "it is connected, and counted";
    facts_.slots[0].is_active = false;
    facts_.slots[0].is_receivers = true;
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index")) << "it only keeps the log";
    facts_.slots[0] = {"subscriber", "logical", false, 0, "reserved"};
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index")) << "it has indexes of its own";
    facts_.replicas_named = 1;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    EXPECT_EQ(judge(facts_).unknown.at(0).rule, "unused_index");
}

TEST_F(UnusedIndex, IsUnknownWhileScansAreCountedForLessThanAWeek) {
    facts_.statistics_age = 7 * 86'400 - 1;
    const auto judgement = judge(facts_);
    EXPECT_THAT(rules_of(judgement), IsEmpty());
    EXPECT_EQ(judgement.unknown.front().rule, "unused_index");
    facts_.statistics_age.reset();
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(UnusedIndex, StaysWhenItWasMadeThisWeek) {
    facts_.index_ages["public.orders_note"] = 3 * 86'400;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.index_ages["public.orders_note"] = 8 * 86'400;
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index"));
}

TEST_F(UnusedIndex, IsUnknownUntilWeHaveLookedForAWeek) {
    facts_.watched_for = 7 * 86'400 - 1;
    const auto judgement = judge(facts_);
    EXPECT_THAT(rules_of(judgement), IsEmpty());
    ASSERT_EQ(judgement.unknown.size(), 1U);
    EXPECT_THAT(judgement.unknown[0].why, HasSubstr("first looked at 6 d 23 h ago"));
    facts_.watched_for.reset();
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(UnusedIndex, IsNotCalledUnusedForLongerThanItIsKnown) {
    facts_.index_ages["public.orders_note"] = 8 * 86'400;
    EXPECT_THAT(judge(facts_).advice.at(0).summary, HasSubstr("for 8 d"));
    facts_.index_ages.clear();
    EXPECT_THAT(rules_of(facts_), IsEmpty()) << "one that was not there at the last look is new";
}

TEST_F(UnusedIndex, StaysWhereItIsTheOnlyOneThatServesAForeignKey) {
    facts_.foreign_keys = {
        {"public", "orders", "orders_note_fkey", {"note"}, "public.notes", false}};
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.insert(facts_.indexes.begin(), index_of("other", {"note", "at"}));
    facts_.indexes.back().keys[0].rest = "1978 0 3";  // So that neither stands for the other.
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index"));
    // Of two that nobody has used one stays.
    facts_.indexes.front().scans = 0;
    facts_.index_ages["public.other"] = 40 * 86'400;
    EXPECT_THAT(rules_of(facts_), ElementsAre("unused_index"));
}

TEST_F(UnusedIndex, IsMadeAgainWhateverItsName) {
    index().name = R"(on INDEX "x" ON y)";
    index().definition =
        R"(CREATE INDEX "on INDEX ""x"" ON y" ON public.orders USING btree (" INDEX "))";
    facts_.index_ages["public." + index().name] = 40 * 86'400;
    EXPECT_THAT(
        judge(facts_).advice.at(0).undo,
        ElementsAre(R"(CREATE INDEX CONCURRENTLY "on INDEX ""x"" ON y" ON public.orders USING )"
                    R"(btree (" INDEX "))"));
}

TEST_F(UnusedIndex, StaysWhereMoreThanSpeedDependsOnIt) {
    for (auto Index::*reason : {&Index::is_unique, &Index::backs_constraint,
                                &Index::is_replica_identity, &Index::is_partition}) {
        index().*reason = true;
        EXPECT_THAT(rules_of(facts_), IsEmpty());
        index().*reason = false;
    }
}

class DuplicateIndex : public testing::Test {
 protected:
    void add(Index index) { facts_.indexes.push_back(std::move(index)); }
    /// As if what is added later had been there for long.
    void age_all() {
        for (const auto* const name : {"older", "younger", "short", "long"}) {
            facts_.index_ages[std::string("public.") + name] = 30 * 86'400;
        }
    }
    std::string only_object() {
        const auto judgement = judge(facts_);
        return judgement.advice.size() == 1 && judgement.advice[0].rule == "duplicate_index"
                   ? judgement.advice[0].object
                   : std::to_string(judgement.advice.size()) + " pieces of advice";
    }
    Facts facts_ = sound();
};

TEST_F(DuplicateIndex, TheYoungerOfTwoEqualOnesMayGo) {
    add(index_of("first", {"customer"}));
    add(index_of("second", {"customer"}));
    EXPECT_EQ(only_object(), R"("public"."second")");
}

TEST_F(DuplicateIndex, TheBeginningOfALongerOneMayGo) {
    add(index_of("long", {"customer", "at"}));
    add(index_of("short", {"customer"}));
    EXPECT_EQ(only_object(), R"("public"."short")");
}

TEST_F(DuplicateIndex, TheEndOfALongerOneStays) {
    add(index_of("long", {"customer", "at"}));
    add(index_of("short", {"at"}));
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(DuplicateIndex, AUniqueOneIsNoDuplicateOfALongerOne) {
    auto unique = index_of("short", {"customer"});
    unique.is_unique = true;
    add(unique);
    add(index_of("long", {"customer", "at"}));
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(DuplicateIndex, AUniqueOneOutlivesOneThatIsNot) {
    add(index_of("plain", {"customer"}));
    auto unique = index_of("unique", {"customer"});
    unique.is_unique = true;
    add(unique);
    EXPECT_EQ(only_object(), R"("public"."plain")");
}

TEST_F(DuplicateIndex, AStricterUniqueOneStaysBesideAConstraint) {
    auto constraint = index_of("constraint", {"customer"});
    constraint.is_unique = constraint.backs_constraint = true;
    add(constraint);
    auto unique = index_of("unique", {"customer"});
    unique.is_unique = true;
    add(unique);
    EXPECT_EQ(only_object(), R"("public"."unique")");
    // NULLS NOT DISTINCT refuses what the constraint takes.
    facts_.indexes.back().nulls_are_distinct = false;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().nulls_are_distinct = true;
    // A deferrable constraint is checked later, and ON CONFLICT does not take it.
    facts_.indexes[1].is_immediate = false;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().is_unique = false;
    EXPECT_EQ(only_object(), R"("public"."unique")") << "one that is not unique adds nothing";
}

TEST_F(DuplicateIndex, OfTwoUniqueOnesTheStricterStaysThoughItIsYounger) {
    for (const char* const name : {"older", "younger"}) {
        auto unique = index_of(name, {"customer"});
        unique.is_unique = true;
        add(unique);
    }
    facts_.indexes.back().nulls_are_distinct = false;
    EXPECT_EQ(only_object(), R"("public"."older")");
}

TEST_F(DuplicateIndex, OfAPartitionedTableIsMadeAgainWithItsParts) {
    add(index_of("first", {"customer"}));
    auto second = index_of("second", {"customer"});
    second.definition = "CREATE INDEX second ON ONLY public.orders USING btree (customer)";
    facts_.indexes.back().is_partitioned = second.is_partitioned = true;
    add(second);
    const auto advice = judge(facts_).advice.at(0);
    EXPECT_THAT(advice.undo,
                ElementsAre("CREATE INDEX second ON public.orders USING btree (customer)"));
    EXPECT_EQ(advice.risk, Risk::medium);
}

TEST_F(DuplicateIndex, WhatAConstraintNeedsStays) {
    auto constraint = index_of("second", {"customer"});
    constraint.is_unique = constraint.backs_constraint = true;
    add(index_of("first", {"customer"}));
    add(constraint);
    EXPECT_EQ(only_object(), R"("public"."first")");
}

TEST_F(DuplicateIndex, OtherRowsOrderClassOrMethodMakeAnother) {
    add(index_of("whole", {"customer"}));
    auto other = index_of("other", {"customer"});
    other.predicate = "(open)";
    add(other);
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().predicate = "";
    facts_.indexes.back().keys[0].rest = "1978 0 3";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().keys[0].rest = facts_.indexes[1].keys[0].rest;
    facts_.indexes.back().method = "hash";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().method = "btree";
    EXPECT_EQ(only_object(), R"("public"."other")");
}

TEST_F(DuplicateIndex, OneThatIncludesMoreIsNoDuplicate) {
    add(index_of("plain", {"customer"}));
    auto wide = index_of("wide", {"customer"});
    wide.included = {"total"};
    add(wide);
    EXPECT_EQ(only_object(), R"("public"."plain")");
    facts_.indexes[1].included = {"note"};
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(DuplicateIndex, OneOfAGistIsNotCoveredByItsBeginning) {
    auto longer = index_of("long", {"span", "place"});
    auto shorter = index_of("short", {"span"});
    longer.method = shorter.method = "gist";
    add(longer);
    add(shorter);
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

/// The planner takes one of two equal indexes, so the other one has no scans.
TEST_F(DuplicateIndex, OneOfTwoStaysWhicheverIsUsed) {
    age_all();
    for (const bool is_older_used : {true, false}) {
        add(index_of("older", {"customer"}));
        facts_.indexes.back().scans = is_older_used ? 1'000 : 0;
        add(index_of("younger", {"customer"}));
        facts_.indexes.back().scans = is_older_used ? 0 : 1'000;
        EXPECT_EQ(only_object(), R"("public"."younger")");
        facts_.indexes.resize(1);
    }
}

TEST_F(DuplicateIndex, TheLongerOneStaysThoughNobodyHasUsedItYet) {
    age_all();
    add(index_of("short", {"customer"}));
    add(index_of("long", {"customer", "at"}));
    facts_.indexes.back().scans = 0;
    EXPECT_EQ(only_object(), R"("public"."short")");
}

TEST_F(DuplicateIndex, TheOneThatStaysIsNotMadePartial) {
    facts_.columns = {{"public", "orders", "customer", 0.9, 100, 8}};
    add(index_of("first", {"customer"}));
    add(index_of("second", {"customer"}));
    EXPECT_EQ(only_object(), R"("public"."second")");
}

TEST_F(DuplicateIndex, OfThreeTheLastNamedIsTheOneThatStays) {
    add(index_of("one", {"customer"}));
    add(index_of("two", {"customer", "at"}));
    add(index_of("three", {"customer", "at", "total"}));
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("duplicate_index", "duplicate_index"));
    for (const auto& advice : judgement.advice) {
        EXPECT_THAT(advice.summary, HasSubstr("the beginning of three"));
    }
}

/// Each does what the other one does: `include` names what is a key already.
TEST_F(DuplicateIndex, TwoThatStandForEachOtherDoNotBothGo) {
    add(index_of("plain", {"customer"}));
    auto wide = index_of("wide", {"customer"});
    wide.included = {"customer"};
    add(wide);
    EXPECT_LE(rules_of(facts_).size(), 1U);
}

TEST_F(DuplicateIndex, AnInvalidOneStandsForNothing) {
    add(index_of("valid", {"customer"}));
    auto invalid = index_of("broken", {"customer", "at"});
    invalid.is_valid = false;
    add(invalid);
    EXPECT_THAT(rules_of(facts_), ElementsAre("invalid_index"));
}

TEST(InvalidIndex, ThatIsBeingBuiltIsNoFault) {
    auto facts = sound();
    auto index = index_of("broken", {"customer"});
    index.is_valid = false;
    facts.indexes.push_back(index);
    const auto judgement = judge(facts);
    ASSERT_THAT(rules_of(judgement), ElementsAre("invalid_index"));
    EXPECT_THAT(judgement.advice[0].apply,
                ElementsAre(R"(reindex index concurrently "public"."broken")"));
    facts.indexes.back().is_being_built = true;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

TEST(InvalidIndex, ThatReindexLeftBehindIsDropped) {
    auto facts = sound();
    auto index = index_of("orders_at_ccnew", {"at"});
    index.is_valid = false;
    facts.indexes.push_back(index);
    EXPECT_THAT(judge(facts).advice.at(0).apply,
                ElementsAre(R"(drop index concurrently "public"."orders_at_ccnew")"));
}

TEST(InvalidIndex, OfAPartitionedTableWaitsForItsParts) {
    auto facts = sound();
    auto index = index_of("whole", {"customer"});
    index.is_valid = false;
    index.is_partitioned = true;
    facts.indexes.push_back(index);
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

class PartialIndex : public testing::Test {
 protected:
    PartialIndex() {
        facts_.indexes.push_back(index_of("orders_cancelled", {"cancelled_at"}));
        facts_.columns = {{"public", "orders", "cancelled_at", 0.51, 100, 8}};
        facts_.tables[0].rows = 100'000;
    }
    Facts facts_ = sound();
};

TEST_F(PartialIndex, LeavesOutNullsWhereTheyAreMostOfALargeTable) {
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("partial_index"));
    EXPECT_THAT(judgement.advice[0].apply,
                ElementsAre(R"(create index concurrently "orders_cancelled_at_not_null_idx" ON )"
                            R"(public.orders USING btree (cancelled_at) where "cancelled_at" is )"
                            R"(not null)",
                            R"(drop index concurrently "public"."orders_cancelled")"));
}

TEST_F(PartialIndex, IsNotWorthItBelowTheLimits) {
    facts_.columns[0].null_part = 0.5;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.columns[0].null_part = 0.9;
    facts_.tables[0].rows = 99'999;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

/// What is NULL refers to no row, so the smaller index serves the key as well.
TEST_F(PartialIndex, OfAForeignKeyServesTheKey) {
    facts_.foreign_keys = {
        {"public", "orders", "orders_key", {"cancelled_at"}, "public.days", false}};
    EXPECT_THAT(rules_of(facts_), ElementsAre("partial_index"));
    facts_.indexes.back().predicate = "(cancelled_at IS NOT NULL)";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(PartialIndex, OfANameWithTheWordOnIsMadeOfTheRightTable) {
    facts_.indexes.back().definition =
        R"(CREATE INDEX "a ON b" ON public.orders USING btree (cancelled_at))";
    EXPECT_THAT(judge(facts_).advice.at(0).apply.at(0),
                HasSubstr(R"("orders_cancelled_at_not_null_idx" ON public.orders USING)"));
}

TEST_F(PartialIndex, IsThereAlready) {
    facts_.indexes.back().predicate = "(cancelled_at IS NOT NULL)";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

}  // namespace
}  // namespace caisson::advice
