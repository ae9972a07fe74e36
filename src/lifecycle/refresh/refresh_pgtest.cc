// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/refresh/refresh.h"
#include "tests/support/postgres.h"

namespace caisson::refresh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RefreshTest : public testing::Test {
 protected:
    std::vector<std::string> names(const std::vector<std::string>& wanted = {}) {
        std::vector<std::string> list;
        for (const auto& view : plan(connection_, wanted)) {
            list.push_back(view.name);
        }
        return list;
    }
    Error refusal(const std::vector<std::string>& wanted) {
        try {
            plan(connection_, wanted);
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "nothing was refused"};
    }
    std::int64_t rows(const std::string& view) {
        return connection_.query("select count(*) as n from " + view).front().integer("n");
    }

    test::Database database_;
    pg::Connection connection_{database_.settings()};
};

TEST_F(RefreshTest, WhatOthersReadComesFirstAlsoThroughPlainViews) {
    connection_.script(
        "create table t(i int); create materialized view z as select * from t; create view y as "
        "select * from z; create schema s; create materialized view s.a as select * from y; create "
        "materialized view b as select 1 as one");
    EXPECT_THAT(names(), ElementsAre("public.b", "public.z", "s.a"));
    EXPECT_THAT(names({"a", "z"}), ElementsAre("public.z", "s.a"));
}

TEST_F(RefreshTest, AViewWithAKeyIsRefreshedWhileOthersReadIt) {
    connection_.script(
        "create table t(i int); create materialized view v as select i from t with no data; create "
        "unique index on v(i); insert into t values (1), (2)");
    auto view = plan(connection_).front();
    EXPECT_FALSE(view.is_concurrent());  // Nothing is in it yet.
    EXPECT_EQ(refresh(connection_, view).rows, 2);
    connection_.query("insert into t values (3)");
    view = plan(connection_).front();
    EXPECT_TRUE(view.is_concurrent());
    pg::Connection reader(database_.settings());
    reader.script("begin; select * from v");
    EXPECT_EQ(refresh(connection_, view).rows, 3);
    reader.query("rollback");
    EXPECT_EQ(rows("v"), 3);
}

TEST_F(RefreshTest, AViewThatIsHeldIsGivenUpAndStaysAsItWas) {
    connection_.script("create table t(i int); create materialized view v as select i from t");
    connection_.query("insert into t values (1)");
    pg::Connection reader(database_.settings());
    reader.script("begin; select * from v");
    try {
        refresh(connection_, plan(connection_).front(), std::chrono::milliseconds(1));
        FAIL() << "nobody was waited for";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::locked);
        EXPECT_THAT(error.hint(), HasSubstr("unique index"));
    }
    reader.query("rollback");
    EXPECT_EQ(rows("v"), 0);
}

TEST_F(RefreshTest, ANameThatIsNoneOrSeveralIsRefused) {
    EXPECT_THAT(refusal({"v"}).hint(), HasSubstr("the database has none"));
    connection_.script(
        "create materialized view v as select 1; create schema s; create materialized view s.v as "
        "select 1");
    EXPECT_THAT(refusal({"v"}).message(), HasSubstr("in several schemas"));
    EXPECT_THAT(names({"s.v"}), ElementsAre("s.v"));
}

}  // namespace
}  // namespace caisson::refresh
