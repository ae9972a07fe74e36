// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/typed_literals.h"

#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

TEST(TypedLiterals, OfParametersAreCasts) {
    EXPECT_EQ(with_casts("select * from t where who = $1 and at > now() - interval $2"),
              "select * from t where who = $1 and at > now() - $2::interval");
    EXPECT_EQ(with_casts("at >= date $1 AND at < DATE $2"), "at >= $1::date AND at < $2::DATE");
    EXPECT_EQ(with_casts("x in (uuid $1, pg_catalog.uuid $2, \"My Type\" $3)"),
              "x in ($1::uuid, $2::pg_catalog.uuid, $3::\"My Type\")");
}

TEST(TypedLiterals, MayHaveTypesOfSeveralWords) {
    EXPECT_EQ(with_casts("select timestamp with time zone $1, time (3) without time zone $2"),
              "select $1::timestamp with time zone, $2::time (3) without time zone");
    EXPECT_EQ(with_casts("select double precision $1, character varying(10) $2, bit varying $3"),
              "select $1::double precision, $2::character varying(10), $3::bit varying");
    EXPECT_EQ(with_casts("select numeric(10, 2) $1"), "select $1::numeric(10, 2)");
}

TEST(TypedLiterals, OfIntervalsKeepTheirFields) {
    EXPECT_EQ(with_casts("select interval $1 day"), "select $1::interval day");
    EXPECT_EQ(with_casts("select interval $1 day to second(3), $2"),
              "select $1::interval day to second(3), $2");
    EXPECT_EQ(with_casts("select interval(3) $1"), "select $1::interval(3)");
}

TEST(TypedLiterals, AreNotWhatOtherWordsStandBefore) {
    for (const auto* const statement :
         {"select $1, t.x from t where a = $2 and b like $3 escape $4 limit $5 offset $6",
          "select case when a then $1 else $2 end", "select at at time zone $1",
          "select x operator(pg_catalog.+) $1", "select f($1) from t where b between $2 and $3",
          "select substring(x from $1 for $2)", "select x is distinct from $1",
          "select 'interval $1' -- date $1\n, \"date\" /* date */"}) {
        EXPECT_EQ(with_casts(statement), statement);
    }
}

}  // namespace
}  // namespace caisson::monitor
