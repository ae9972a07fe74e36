// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::isolation {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// As PostgreSQL 15 writes them.
constexpr std::string_view document =
    R"json([{"Plan": {"Node Type": "ModifyTable", "Operation": "Delete",
  "Relation Name": "tags", "Alias": "looked_at", "Plans": [
    {"Node Type": "Seq Scan", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)",
     "Relation Name": "notes", "Alias": "notes", "Filter": "once(notes.id)"},
    {"Node Type": "Index Scan", "Parent Relationship": "Outer", "Relation Name": "tags", "Alias": "looked_at",
     "Output": ["looked_at.ctid"], "Filter": "((SubPlan 2) AND (hashed SubPlan 3))", "Plans": [
      {"Node Type": "Index Scan", "Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 2",
       "Relation Name": "notes", "Alias": "n", "Output": ["anew(n.id)"], "Index Cond": "(n.id = looked_at.note_id)"},
      {"Node Type": "Seq Scan", "Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 3",
       "Relation Name": "notes", "Alias": "m", "Filter": "hashed(m.id)"}]}]}}])json";

TEST(Plan, TellsWhatIsWorkedOutForEachRow) {
    const auto scans = scans_of(document, "looked_at");
    ASSERT_THAT(scans, SizeIs(1));
    EXPECT_FALSE(scans[0].has_condition);
    EXPECT_THAT(scans[0].each_row, HasSubstr("anew(n.id)"));
    EXPECT_THAT(scans[0].each_row, Not(HasSubstr("once(")));
    EXPECT_THAT(scans[0].each_row, Not(HasSubstr("hashed(m")));
}

TEST(Plan, KnowsWhatAnIndexLeadsTo) {
    const auto scans = scans_of(
        R"json([{"Plan": {"Node Type": "Append", "Plans": [
            {"Node Type": "Bitmap Heap Scan", "Relation Name": "events_a", "Alias": "looked_at_1", "Filter": "f(a)",
             "Plans": [{"Node Type": "Bitmap Index Scan", "Index Cond": "(user_id = $0)"}]},
            {"Node Type": "Seq Scan", "Relation Name": "events_b", "Alias": "looked_at_2", "Filter": "f(a)"},
            {"Node Type": "Seq Scan", "Relation Name": "others", "Alias": "others", "Filter": "f(a)"}]}}])json",
        "looked_at");
    ASSERT_THAT(scans, SizeIs(2));
    EXPECT_TRUE(scans[0].has_condition);
    EXPECT_FALSE(scans[1].has_condition);
    EXPECT_THAT(scans_of(R"([{"Plan": {"Node Type": "Result"}}])", "looked_at"), IsEmpty());
}

TEST(Calls, AreOfTheFunctionAndNoOtherOfItsName) {
    EXPECT_TRUE(calls("(owns(n.user_id) AND true)", "public.owns"));
    EXPECT_TRUE(calls("(auth.owns(n.user_id))", "auth.owns"));
    EXPECT_TRUE(calls("\"Owns\"(n.user_id)", "public.\"Owns\""));
    EXPECT_FALSE(calls("(auth.owns(n.user_id))", "public.owns"));
    EXPECT_FALSE(calls("(disowns(n.user_id) OR owns = (1))", "public.owns"));
    EXPECT_FALSE(calls("(n.word = 'owns(1)'::text)", "public.owns"));
}

}  // namespace
}  // namespace caisson::isolation
