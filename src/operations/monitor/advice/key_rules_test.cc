// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ForeignKeyIndex : public testing::Test {
 protected:
    ForeignKeyIndex() {
        facts_.foreign_keys = {
            {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
        facts_.tables[0].rows = facts_.tables[0].live_rows = 1'000;
    }
    void add(std::vector<std::string> columns) {
        facts_.indexes.push_back(index_of("added", columns));
    }
    Facts facts_ = sound();
};

TEST_F(ForeignKeyIndex, IsMissingWhereNoIndexBeginsWithItsColumns) {
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("foreign_key_index"));
    EXPECT_THAT(judgement.advice[0].apply,
                ElementsAre(R"(create index concurrently "orders_customer_idx" on )"
                            R"("public"."orders" ("customer"))"));
    add({"at", "customer"});
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

TEST_F(ForeignKeyIndex, IsTheBeginningOfACompositeOne) {
    add({"customer", "at"});
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(ForeignKeyIndex, OfSeveralColumnsMayHaveThemInAnyOrder) {
    facts_.foreign_keys[0].columns = {"tenant", "customer"};
    add({"customer", "tenant", "at"});
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().keys[1].text = "at";
    facts_.indexes.back().keys[2].text = "tenant";
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

TEST_F(ForeignKeyIndex, MayLeaveOutNullsAndNothingElse) {
    add({"customer"});
    facts_.indexes.back().predicate = "(customer IS NOT NULL)";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.indexes.back().predicate = "(open)";
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

TEST_F(ForeignKeyIndex, IsNotServedByAnInvalidOneOrAnExpression) {
    add({"customer"});
    facts_.indexes.back().keys[0].is_column = false;
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

TEST_F(ForeignKeyIndex, OfASmallTableIsNotNeeded) {
    facts_.tables[0].rows = facts_.tables[0].live_rows = 999;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(ForeignKeyIndex, OfTwoKeysWithTheSameColumnsIsAdvisedOnce) {
    facts_.foreign_keys.push_back(facts_.foreign_keys[0]);
    facts_.foreign_keys.back().name = "again";
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

TEST(PrimaryKey, IsMissingWhereNothingTellsRowsApart) {
    auto facts = sound();
    facts.tables[0].has_primary_key = false;
    EXPECT_THAT(rules_of(facts), ElementsAre("primary_key"));
    facts.tables[0].has_identity = true;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

TEST(PrimaryKey, IsNoSecondColumnOfTheSameName) {
    auto facts = sound();
    facts.tables[0].has_primary_key = false;
    facts.tables[0].columns = {"at", "value"};
    EXPECT_THAT(judge(facts).advice.at(0).apply, ElementsAre(HasSubstr("add column id")));
    facts.tables[0].columns = {"id", "value"};
    const auto advice = judge(facts).advice.at(0);
    EXPECT_THAT(advice.apply, IsEmpty());
    EXPECT_THAT(advice.undo, IsEmpty());
    EXPECT_THAT(advice.caution, HasSubstr("there is a column id"));
}

TEST(PrimaryKey, IsNotNeededByPartitionsAndMeasurements) {
    auto facts = sound();
    facts.tables[0].has_primary_key = false;
    facts.tables[0].is_partition = true;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.tables[0].is_partition = false;
    facts.tables[0].is_partitioned = true;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.tables[0].deletes = 1;
    EXPECT_THAT(rules_of(facts), ElementsAre("primary_key"));
}

TEST(SequenceEnd, IsNearAfterEightyFivePercent) {
    auto facts = sound();
    facts.sequences = {{.schema = "public",
                        .name = "orders_id_seq",
                        .last = 851,
                        .first = 0,
                        .bound = 1'000,
                        .type = "bigint"}};
    EXPECT_THAT(rules_of(facts), ElementsAre("sequence_end"));
    facts.sequences[0].last = 850;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.sequences[0].last = 1'000;
    facts.sequences[0].cycles = true;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.sequences[0].last.reset();
    facts.sequences[0].cycles = false;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

TEST(SequenceEnd, OfOneThatCountsDownIsItsLeastValue) {
    auto facts = sound();
    facts.sequences = {{.schema = "public",
                        .name = "down",
                        .last = -900,
                        .first = -1,
                        .bound = -1'000,
                        .increment = -1,
                        .type = "bigint"}};
    EXPECT_THAT(rules_of(facts), ElementsAre("sequence_end"));
}

TEST(SequenceEnd, OfANarrowColumnWidensTheColumn) {
    auto facts = sound();
    facts.sequences = {{.schema = "public",
                        .name = "orders_id_seq",
                        .last = 2'000'000'000,
                        .bound = 9'223'372'036'854'775'807,
                        .type = "bigint",
                        .column = "x",
                        .column_type = "integer",
                        .column_table = R"("public"."orders")",
                        .column_name = R"("id")"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply,
                ElementsAre(R"(alter table "public"."orders" alter column "id" type bigint)"));
    EXPECT_EQ(judge(facts).advice.at(0).risk, Risk::high);
    EXPECT_THAT(judge(facts).advice.at(0).undo,
                ElementsAre(R"(alter table "public"."orders" alter column "id" type integer)"));
    // Its own bound, which is as near, hides that of the column.
    facts.sequences[0].bound = 2'147'483'647;
    EXPECT_THAT(judge(facts).advice.at(0).apply,
                ElementsAre(R"(alter sequence "public"."orders_id_seq" no maxvalue)",
                            R"(alter table "public"."orders" alter column "id" type bigint)"));
    facts.sequences[0].bound = 2'000'000'000;
    facts.sequences[0].type = "integer";
    EXPECT_THAT(
        judge(facts).advice.at(0).undo,
        ElementsAre(R"(alter table "public"."orders" alter column "id" type integer)",
                    R"(alter sequence "public"."orders_id_seq" as integer maxvalue 2000000000)"));
}

/// ALTER SEQUENCE … AS leaves a bound that is not that of the type, and counting down the end is
/// the least value.
TEST(SequenceEnd, GoesWithItsBound) {
    auto facts = sound();
    facts.sequences = {{.schema = "public",
                        .name = "s",
                        .last = 990,
                        .first = 1,
                        .bound = 1'000,
                        .type = "integer"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply,
                ElementsAre(R"(alter sequence "public"."s" as bigint no maxvalue)"));
    EXPECT_THAT(judge(facts).advice.at(0).undo,
                ElementsAre(R"(alter sequence "public"."s" as integer maxvalue 1000)"));
    EXPECT_EQ(judge(facts).advice.at(0).risk, Risk::low) << "no column is changed";
    facts.sequences = {{.schema = "public",
                        .name = "s",
                        .last = -950,
                        .first = 0,
                        .bound = -1'000,
                        .increment = -1,
                        .type = "bigint"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply,
                ElementsAre(R"(alter sequence "public"."s" no minvalue)"));
    EXPECT_THAT(judge(facts).advice.at(0).undo,
                ElementsAre(R"(alter sequence "public"."s" minvalue -1000)"));
}

TEST(SequenceEnd, OfAllThereIsHasNoSql) {
    auto facts = sound();
    facts.sequences = {{.schema = "public",
                        .name = "s",
                        .last = 9'000'000'000'000'000'000,
                        .first = 1,
                        .bound = 9'223'372'036'854'775'807,
                        .type = "bigint",
                        .column_type = "bigint"}};
    EXPECT_THAT(judge(facts).advice.at(0).apply, IsEmpty());
}

TEST(SequenceEnd, IsUnknownOfOneThatMayNotBeRead) {
    auto facts = sound();
    facts.sequences = {
        {.schema = "public", .name = "s", .bound = 1'000, .is_readable = false, .type = "bigint"}};
    const auto judgement = judge(facts);
    EXPECT_THAT(judgement.advice, IsEmpty());
    ASSERT_EQ(judgement.unknown.size(), 1U);
    EXPECT_EQ(judgement.unknown[0].rule, "sequence_end");
    EXPECT_THAT(judgement.unknown[0].about, ElementsAre(R"("public"."s")"));
    facts.sequences[0].cycles = true;
    EXPECT_TRUE(judge(facts).unknown.empty());
}

}  // namespace
}  // namespace caisson::advice
