// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/nullability.h"

#include <string>

#include <gtest/gtest.h>

namespace caisson::queries {
namespace {

/// `t` as its table has it, `n` never NULL, `?` unknown: one character a column.
std::string of(std::string_view statement, std::size_t columns) {
    std::string out;
    for (const auto nullness : nullness_of(statement, columns)) {
        out += nullness == Nullness::never ? 'n' : nullness == Nullness::as_table ? 't' : '?';
    }
    return out;
}

TEST(Nullability, AColumnOfAPlainQueryIsAsItsTableHasIt) {
    EXPECT_EQ(of("select id, b.name from businesses b", 2), "tt");
    EXPECT_EQ(of("select * from a join b on a.id = b.id", 5), "ttttt");
    EXPECT_EQ(of("select a.*, b.* from a join b using (id)", 5), "ttttt");
    EXPECT_EQ(of("insert into t (a) values (1) returning id", 1), "t");
    EXPECT_EQ(of("update t set a = 1 where b returning *", 3), "ttt");
    EXPECT_EQ(of("delete from t using u where t.id = u.id returning t.id, u.id", 2), "tt");
}

TEST(Nullability, TheOtherSideOfAnOuterJoinMayBeMissing) {
    EXPECT_EQ(of("select a.id, b.id from a left join b on true", 2), "t?");
    EXPECT_EQ(of("select a.id, b.id from a right join b on true", 2), "?t");
    EXPECT_EQ(of("select a.id, b.id from a full join b on true", 2), "??");
    EXPECT_EQ(of("select a.id, b.id, c.id from a left join (b join c on true) on true", 3), "t??");
    EXPECT_EQ(of("select a.id, b.id, c.id from (a left join b on true) join c on true", 3), "t?t");
    EXPECT_EQ(of("select a.id, b.id, c.id from a right join (b left join c on true) on true", 3),
              "?t?");
    EXPECT_EQ(of("select a.id from t a left join t b on true", 1), "t");
    EXPECT_EQ(of("select b.id from t a left join t b on true", 1), "?");
    EXPECT_EQ(of("update t set x = 1 from a left join b on true returning t.id, a.id, b.id", 3),
              "tt?");
}

TEST(Nullability, NamesThatMayBeOfEitherSideAreUnknown) {
    EXPECT_EQ(of("select id from a left join b on true", 1), "?");
    EXPECT_EQ(of("select * from a left join b on true", 4), "????");
    EXPECT_EQ(of("select a.*, 1 from a left join b on true", 3), "ttn");
    EXPECT_EQ(of("select b.*, a.* from a left join b on true", 4), "????");
    EXPECT_EQ(of("select j.id from (a left join b using (id)) j", 1), "?");
}

TEST(Nullability, AnOuterJoinFurtherInsideCountsToo) {
    EXPECT_EQ(of("select x.id from (select b.id from a left join b on true) x", 1), "?");
    EXPECT_EQ(of("with x as (select b.id from a left join b on true) select x.id from x", 1), "?");
    EXPECT_EQ(of("with x as (select id from b) select x.id from x", 1), "t");
    EXPECT_EQ(
        of("with b as (select b.id from a left join c b on true) select b.id, d.id from b, d", 2),
        "?t");
    EXPECT_EQ(of("select a.id from a where exists (select from b left join c on true)", 1), "t");
    EXPECT_EQ(of("select id from a where exists (select from b left join c on true)", 1), "t");
}

TEST(Nullability, GroupingSetsAndUnionsMakeNulls) {
    EXPECT_EQ(of("select a, count(*) from t group by rollup (a)", 2), "?n");
    EXPECT_EQ(of("select t.a from t group by grouping sets ((a), ())", 1), "?");
    EXPECT_EQ(of("select a from t union select b from u", 1), "?");
    EXPECT_EQ(of("values (1), (null)", 1), "?");
}

TEST(Nullability, WhatIsComputedIsUnknownUnlessItCannotBeNull) {
    EXPECT_EQ(of("select count(*), now(), 1, 'a'::text, null, lower(a) from t", 6), "nnnn??");
    EXPECT_EQ(of("select coalesce(a, 0), coalesce(a, b), exists (select 1), a is null from t", 4),
              "n?nn");
    EXPECT_EQ(of("select sum(a), max(b), array(select 1), (select 1), current_user from t", 5),
              "??n?n");
    EXPECT_EQ(of("select count(*) + 1, count(*) > a, case when a then 1 else 2 end, case when a "
                 "then 1 end from t",
                 4),
              "n?n?");
    EXPECT_EQ(
        of("select row_number() over (), other.count(a), greatest(a, 1), a and true from t", 4),
        "n?n?");
}

TEST(Nullability, RowsAndVariadicCallsAreUnknown) {
    EXPECT_EQ(of("select row(a, 1) = row(2, b), (a, b) < (c, d), concat(variadic a), concat(a) "
                 "from t",
                 4),
              "???n");
    EXPECT_EQ(of("select num_nulls(variadic null::text[]), row(a) is null from t", 2), "?n");
}

TEST(Nullability, WhatTheGrammarDoesNotKnowIsUnknown) {
    EXPECT_EQ(of("select from from", 2), "??");
    EXPECT_EQ(of("", 1), "?");
    EXPECT_EQ(of("select a, b from t", 1), "?");
    EXPECT_EQ(of("show all", 3), "???");
}

}  // namespace
}  // namespace caisson::queries
