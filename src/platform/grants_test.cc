// SPDX-License-Identifier: Apache-2.0
#include "platform/grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

using testing::HasSubstr;

Grant read(const std::string& text) {
    std::string why;
    const auto grant = parse_grant(text, why);
    EXPECT_TRUE(grant) << text << ": " << why;
    return grant.value_or(Grant{});
}

TEST(Grants, OnTables) {
    const auto grant = read("SELECT, insert on Sanctions.Wallets, \"Odd \"\"Name\"");
    ASSERT_EQ(grant.privileges.size(), 2U);
    EXPECT_EQ(grant.privileges[0].name, "select");
    EXPECT_EQ(grant.object, GrantObject::table);
    ASSERT_EQ(grant.targets.size(), 2U);
    EXPECT_EQ(grant.targets[0].schema, "sanctions");
    EXPECT_EQ(grant.targets[0].name, "wallets");
    EXPECT_EQ(grant.targets[1].schema, "");
    EXPECT_EQ(grant.targets[1].name, "Odd \"Name");
}

TEST(Grants, OnColumns) {
    const auto grant = read("select (id, name), update (\"Name\") on table users");
    EXPECT_EQ(grant.privileges[0].columns, (std::vector<std::string>{"id", "name"}));
    EXPECT_EQ(grant.privileges[1].columns, (std::vector<std::string>{"Name"}));
}

TEST(Grants, OnOtherObjects) {
    EXPECT_EQ(read("usage on schema a, b").targets.size(), 2U);
    EXPECT_EQ(read("usage on schema a").object, GrantObject::schema);
    EXPECT_EQ(read("usage, select on sequence s").object, GrantObject::sequence);
    EXPECT_EQ(read("usage on type check_status").object, GrantObject::type);
    EXPECT_EQ(read("all privileges on table t").privileges[0].name, "all");
    const auto function = read("execute on function audit.note(text, numeric(10, 2)[])");
    EXPECT_EQ(function.targets[0].arguments, "text, numeric(10, 2)[]");
    EXPECT_TRUE(function.targets[0].has_arguments);
    EXPECT_TRUE(read("execute on function f()").targets[0].has_arguments);
    EXPECT_FALSE(read("execute on function f").targets[0].has_arguments);
}

TEST(Grants, OnAllOfASchema) {
    const auto grant = read("execute on all functions in schema x, y");
    EXPECT_TRUE(grant.all_in_schema);
    EXPECT_EQ(grant.object, GrantObject::function);
    EXPECT_EQ(grant.targets[1].name, "y");
    EXPECT_TRUE(read("select on all tables in schema x").all_in_schema);
}

TEST(Grants, WordsOfTheGrammarMayBeNamesOfTables) {
    EXPECT_EQ(read("select on type").targets[0].name, "type");
    EXPECT_EQ(read("select on schema.tables").targets[0].schema, "schema");
    EXPECT_EQ(read("select on \"all\"").targets[0].name, "all");
}

TEST(Grants, RefusalsSayWhy) {
    struct Case {
        std::string text;
        std::string said;
    };
    for (const auto& [text, said] :
         std::vector<Case>{{"", "expected a privilege"},
                           {"select", "expected \"on\" where it says no more"},
                           {"select on", "expected a name"},
                           {"on t", "expected a privilege"},
                           {"select,on t", "expected a privilege"},
                           {"read on t", "a table has no privilege \"read\""},
                           {"select on schema s", "a schema has no privilege"},
                           {"select on t;", "it says \";\""},
                           {"select on t; drop table t", "it says \";\""},
                           {"select on t to public", "it says \"to\""},
                           {"select on \"t", "not closed"},
                           {"select (a on t", "not closed"},
                           {"select on all things in schema x", "all tables in schema x"},
                           {"select on a.b.c", "it says \".\""},
                           {"usage on schema a.b", "it says \".\""},
                           {"execute on function f(text", "not closed"},
                           {"execute on function f(text); drop table x --)", "it says \";\""},
                           {"execute on function f(';')", "hold no '"},
                           {"usage (a) on schema s", "columns"},
                           {"select on " + std::string(64, 'x'), "1 to 63"}}) {
        std::string why;
        EXPECT_FALSE(parse_grant(text, why)) << text;
        EXPECT_THAT(why, HasSubstr(said)) << text;
    }
}

}  // namespace
}  // namespace caisson::platform
