// SPDX-License-Identifier: Apache-2.0
/// What is known, and said to be unknown, where others lock, may not be read, or have decided.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"
#include "operations/monitor/advice/shop.h"

namespace caisson::advice {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Shop, KnowsTheIndexesOfAllTablesButTheOneThatIsLocked) {
    admin_.script(R"sql(
create table owners (id integer primary key);
create table things (id integer primary key, owner integer references owners, open boolean);
create index things_owner on things (owner) where owner is not null;
create table parts (id integer primary key, owner integer references owners);
insert into owners values (1);
insert into things select i, 1, true from generate_series(1, 2000) i;
insert into parts select i, 1 from generate_series(1, 2000) i;
analyze;
)sql");
    auto other = as("app");
    other.script("begin; lock table things in access exclusive mode");
    const auto judgement = advise();
    other.script("rollback");
    ASSERT_THAT(rules_of(judgement), ElementsAre("foreign_key_index"));
    EXPECT_EQ(judgement.advice[0].table, "public.parts") << "that of the others is known";
    EXPECT_THAT(facts_.locked, ElementsAre("public.things"));
    EXPECT_THAT(judgement.unknown,
                Contains(testing::Field(&Unknown::about, ElementsAre("public.things"))));
    EXPECT_THAT(facts_.unread, IsEmpty());
    advise();
    EXPECT_THAT(facts_.locked, IsEmpty());
}

}  // namespace
}  // namespace caisson::advice
