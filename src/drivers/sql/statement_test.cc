// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/statement.h"

#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

TEST(StatementTest, WhatCannotRunInATransactionIsRecognised) {
    for (const auto* text :
         {"create index concurrently i on t(a)",
          "CREATE UNIQUE INDEX CONCURRENTLY ON t(a)",
          "drop index concurrently if exists s.i",
          "reindex table concurrently t",
          "reindex (verbose, concurrently) index i",
          "reindex database d",
          "vacuum",
          "VACUUM FULL t",
          "vacuum (analyze) t",
          "create database x",
          "drop database x",
          "alter system set a = 1",
          "create tablespace s location '/x'",
          "alter database d set tablespace s",
          "cluster",
          "cluster verbose",
          "cluster (verbose)",
          "reindex (verbose) database d",
          "reindex schema s",
          "reindex system d",
          "drop tablespace s",
          "drop subscription s",
          "alter subscription s refresh publication",
          "alter table only s.t detach partition s.p concurrently",
          "create subscription s connection 'x' publication p with (slot_name = 'a')",
          "alter table t detach partition p concurrently",
          "discard all",
          "commit prepared 'x'",
          "rollback prepared 'x'",
          "create subscription s connection 'x' publication p",
          "/* why */ -- and\n vacuum"}) {
        EXPECT_EQ(classify(text), StatementKind::no_transaction) << text;
    }
}

TEST(StatementTest, WhatCanRunInATransactionIsNotMistakenForIt) {
    for (const auto* text :
         {"create index i on t(a)",
          "create index \"concurrently\" on t(a)",
          "refresh materialized view concurrently v",
          "cluster t using i",
          "cluster verbose t",
          "create subscription s connection 'x' publication p with (connect = false)",
          "alter table t rename column detach to concurrently",
          "alter table t detach partition concurrently",
          "alter table t detach partition p finalize",
          "reindex table t",
          "alter type e add value 'x'",
          "alter table vacuum add column c int",
          "comment on table t is 'vacuum'",
          "rollback to savepoint s",
          "rollback work to s",
          "savepoint s",
          "release s",
          "prepare q as select 1",
          "copy t to stdout",
          "copy t from '/tmp/x'",
          "insert into commit values (1)",
          "explain analyze select 1",
          "create table begin_end(i int)",
          "set local a = 1",
          "set constraints all deferred",
          "analyze t"}) {
        EXPECT_EQ(classify(text), StatementKind::ordinary) << text;
    }
}

TEST(StatementTest, TransactionControlAndSessionSettingsAreTold) {
    EXPECT_EQ(classify("BEGIN ISOLATION LEVEL SERIALIZABLE"), StatementKind::begin);
    EXPECT_EQ(classify("start transaction"), StatementKind::begin);
    EXPECT_EQ(classify("end"), StatementKind::commit);
    EXPECT_EQ(classify("commit and chain"), StatementKind::commit);
    EXPECT_EQ(classify("prepare transaction 'x'"), StatementKind::commit);
    EXPECT_EQ(classify("abort"), StatementKind::rollback);
    EXPECT_EQ(classify("rollback"), StatementKind::rollback);
    EXPECT_EQ(classify("set search_path = ''"), StatementKind::session);
    EXPECT_EQ(classify("select pg_catalog.set_config('search_path', '', false)"),
              StatementKind::session);
    EXPECT_EQ(classify("reset role"), StatementKind::session);
    EXPECT_EQ(classify("alter role r in database d set search_path = s"), StatementKind::defaults);
    EXPECT_EQ(classify("alter database d reset all"), StatementKind::defaults);
    EXPECT_EQ(classify("alter role r login"), StatementKind::ordinary);
    EXPECT_EQ(classify("copy t(a, \"b\") from stdin with (format csv)"), StatementKind::copy_in);
    EXPECT_EQ(classify("COPY public.t FROM STDIN"), StatementKind::copy_in);
}

TEST(StatementTest, PlainBeginAndCommitSayNothingMore) {
    EXPECT_TRUE(is_plain_transaction_control("BEGIN TRANSACTION"));
    EXPECT_TRUE(is_plain_transaction_control("commit work"));
    EXPECT_TRUE(is_plain_transaction_control("END"));
    EXPECT_FALSE(is_plain_transaction_control("begin isolation level serializable"));
    EXPECT_FALSE(is_plain_transaction_control("commit and chain"));
    EXPECT_FALSE(is_plain_transaction_control("prepare transaction 'x'"));
}

TEST(StatementTest, TheIndexOfAConcurrentBuildIsFound) {
    const auto created = concurrent_index(
        "create unique index concurrently if not exists \"I x\" on only s . t (a)");
    ASSERT_TRUE(created);
    EXPECT_TRUE(created->creates);
    EXPECT_EQ(created->name, "\"I x\"");
    EXPECT_EQ(created->table, "s.t");
    const auto dropped = concurrent_index("drop index concurrently if exists s.i cascade");
    ASSERT_TRUE(dropped);
    EXPECT_FALSE(dropped->creates);
    EXPECT_EQ(dropped->name, "s.i");
    EXPECT_FALSE(concurrent_index("create index concurrently on t(a)"));
    EXPECT_FALSE(concurrent_index("drop index concurrently a, b"));
    EXPECT_FALSE(concurrent_index("create index i on t(a)"));
    EXPECT_FALSE(concurrent_index("vacuum"));
}

}  // namespace
}  // namespace caisson::sql
