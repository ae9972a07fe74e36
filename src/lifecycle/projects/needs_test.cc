// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/projects/needs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::projects {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Needs needs_of(std::string_view sql) {
    Needs needs;
    read_needs(sql, needs);
    return needs;
}

TEST(Needs, ExtensionsAreFoundOnceAndInOrder) {
    const auto needs = needs_of(
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n"
        "create extension if not exists citext;create extension if not exists citext;");
    EXPECT_THAT(needs.extensions, ElementsAre("uuid-ossp", "citext"));
    EXPECT_EQ(needs.admin, "");
    EXPECT_THAT(needs_of("create extension postgis").admin, HasSubstr("creates extensions"));
}

TEST(Needs, RolesAreNamedByOwnersGrantsPoliciesAndDefaults) {
    const auto needs = needs_of(
        "alter table t owner to \"App Owner\";grant select, insert on t to reader, Writer;\n"
        "revoke all on t from public;create policy p on t to tenants using (true);\n"
        "alter default privileges for role maker grant select on tables to reader;\n"
        "create schema x authorization keeper;set role deputy;");
    EXPECT_THAT(needs.roles_named, ElementsAre("App Owner", "deputy", "keeper", "maker", "reader",
                                               "tenants", "writer"));
    EXPECT_NE(needs.admin, "");
}

TEST(Needs, RolesThatAreMadeInBlocksAreSeen) {
    const auto needs = needs_of(
        "do $$ begin if not exists (select from pg_roles where rolname = 'anon') then\n"
        "create role anon nologin; end if; end $$; create user app password 'x';");
    EXPECT_THAT(needs.roles_made, ElementsAre("anon", "app"));
    EXPECT_EQ(needs.admin, "creates roles");
}

TEST(Needs, OrdinarySqlNeedsNothing) {
    const auto needs = needs_of(
        "create table users (id int, role text);update users set role = 'x' where owner = 'to';\n"
        "select 'create role x';-- grant all to nobody\ncopy t from stdin;\n1\n\\.\n\\set x 1\n");
    EXPECT_TRUE(needs.extensions.empty());
    EXPECT_TRUE(needs.roles_named.empty());
    EXPECT_TRUE(needs.roles_made.empty());
    EXPECT_EQ(needs.admin, "");
}

}  // namespace
}  // namespace caisson::projects
