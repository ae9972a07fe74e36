// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/effects.h"

#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

TEST(EffectsTest, ConcurrentBuildsAreKnown) {
    for (const auto* text :
         {"create index concurrently i on t(a)", "CREATE UNIQUE INDEX CONCURRENTLY ON t(a)",
          "drop index concurrently i", "reindex (concurrently) table t",
          "reindex index concurrently i", "alter table t detach partition p concurrently",
          "refresh materialized view concurrently v"}) {
        EXPECT_TRUE(effects_of(text).concurrently) << text;
    }
    for (const auto* text : {"create index i on t(a)", "create table t(concurrently int)",
                             "alter table t rename column detach to concurrently",
                             "reindex table \"concurrently\"", "drop index \"concurrently\""}) {
        EXPECT_FALSE(effects_of(text).concurrently) << text;
    }
}

TEST(EffectsTest, WhatOthersWaitForIsKnown) {
    for (const auto* text :
         {"alter table t add column a int", "create index i on t(a)", "drop table t",
          "create or replace trigger x before insert on t execute function f()",
          "create table p partition of t default", "truncate t", "lock table t",
          "refresh materialized view v", "vacuum full t", "create policy p on t"}) {
        EXPECT_TRUE(effects_of(text).locks_tables) << text;
    }
    for (const auto* text : {"create table t(a int)", "insert into t values (1)", "vacuum t",
                             "select 1", "create function f() returns int as 'x' language sql",
                             "create or replace function f() returns trigger as 'x'"}) {
        EXPECT_FALSE(effects_of(text).locks_tables) << text;
    }
}

TEST(EffectsTest, TransactionsThatAreEndedOrNeededAreKnown) {
    EXPECT_TRUE(effects_of("call p()").may_commit);
    EXPECT_TRUE(effects_of("do $$ begin commit; end $$").may_commit);
    EXPECT_FALSE(effects_of("select 1").may_commit);
    EXPECT_TRUE(effects_of("lock table t").needs_transaction);
    EXPECT_TRUE(effects_of("savepoint s").needs_transaction);
    EXPECT_TRUE(effects_of("declare c cursor for select 1").needs_transaction);
    EXPECT_FALSE(effects_of("declare c cursor with hold for select 1").needs_transaction);
    EXPECT_FALSE(effects_of("rollback").needs_transaction);
}

TEST(EffectsTest, NewEnumValuesAndTheirUsesAreFound) {
    const auto added =
        added_enum_value("ALTER TYPE s.\"Mood\" ADD VALUE IF NOT EXISTS 'it''s' BEFORE 'sad'");
    ASSERT_TRUE(added);
    EXPECT_EQ(added->type, "s.\"Mood\"");
    EXPECT_EQ(added->value, "it's");
    EXPECT_EQ(added_enum_value("alter type add add value 'x'")->type, "add");
    EXPECT_FALSE(added_enum_value("alter type t rename value 'a' to 'b'"));
    EXPECT_FALSE(added_enum_value("alter type t add attribute a int"));
    EXPECT_FALSE(added_enum_value("alter table t add value text default 'x'"));
    EXPECT_TRUE(uses_string("insert into t values ('happy')", "happy"));
    EXPECT_TRUE(uses_string("do $$ begin update t set m = 'happy'; end $$", "happy"));
    EXPECT_TRUE(uses_string("insert into t values ('it''s')", "it's"));
    EXPECT_FALSE(uses_string("insert into t values ('unhappy', '''happy''')", "happy"));
}

}  // namespace
}  // namespace caisson::sql
