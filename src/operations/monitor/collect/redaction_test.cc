// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/redaction.h"

#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

TEST(Redaction, TakesConstantsOutOfTexts) {
    EXPECT_EQ(without_constants("select * from t where a = $1"), "select * from t where a = $1");
    EXPECT_EQ(without_constants("alter role x password 'it''s secret' valid until 'now'"),
              "alter role x password '?' valid until '?'");
    EXPECT_EQ(without_constants("do $x$ select 'a' $x$"), "do '?'");
    EXPECT_EQ(without_constants("select e'a\\'b', $2"), "select e'?', $2");
    EXPECT_EQ(without_constants("set x = 'open"), "set x = '?'");
    EXPECT_EQ(without_constants("select $$open"), "select '?'");
}

TEST(Redaction, TakesNumbersOut) {
    EXPECT_EQ(without_constants("select a1 from t2 where ssn = 123456789 and x$3 < -1.5e-3"),
              "select a1 from t2 where ssn = ? and x$3 < -?");
    EXPECT_EQ(without_constants("values (0xFF, 1_000, .5, 7)"), "values (?, ?, ?, ?)");
}

TEST(Redaction, IsNotTurnedInsideOutByQuotesThatAreNone) {
    EXPECT_EQ(without_constants("/* don't */ alter role x password 'hunter2'"),
              "alter role x password '?'");
    EXPECT_EQ(without_constants("select 1 -- don't\n, 'hunter2'"), "select ? \n, '?'");
    EXPECT_EQ(without_constants("/* a /* it's */ b */ select 'hunter2'"), "select '?'");
    EXPECT_EQ(without_constants("select \"it's \"\"so\"\"\" from t where a = 'hunter2'"),
              "select \"it's \"\"so\"\"\" from t where a = '?'");
}

TEST(Redaction, TakesCommentsOut) {
    EXPECT_EQ(without_constants("select a /* of jane@example.org */ from t -- 4711"),
              "select a from t");
    EXPECT_EQ(without_constants("select a /* of jane@ex"), "select a");
}

TEST(Redaction, EndsTheTextWhereItCannotTell) {
    // With standard_conforming_strings off the constant goes on, as it does in E''.
    EXPECT_EQ(without_constants("select 'a\\' , 'hunter2'"), "select '?'");
    EXPECT_EQ(without_constants("select u&'a\\' hunter2'"), "select u&'?'");
    EXPECT_EQ(without_constants("select date'a\\' hunter2'"), "select date'?'");
    EXPECT_EQ(without_constants("select \"open 'hunter2'"), "select");
}

TEST(Redaction, EndsWhateverTheTextIs) {
    for (const auto* text : {"'", "e'\\", "$", "$a", "$$", "/*", "--", "\"", "1e-", ".", ""}) {
        EXPECT_LE(without_constants(text).size(), 4U) << text;
    }
}

}  // namespace
}  // namespace caisson::monitor
