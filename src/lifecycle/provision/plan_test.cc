// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/plan.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::provision {
namespace {

platform::Manifest manifest() {
    platform::Manifest manifest;
    manifest.name = "demo";
    manifest.roles = {
        {"analyst",
         {"select on businesses", "select on all tables in schema risk",
          "update (name) on crm.customers, Vendors", "execute on function score(integer, text)"},
         {},
         {}}};
    return manifest;
}

platform::Database database() {
    platform::Database database;
    database.key = "main";
    database.name = "demo_db";
    database.extensions = {{"pgcrypto", false}, {"vector", true}};
    return database;
}

std::string verifier(const std::string&) { return "SCRAM-SHA-256$4096:x$y:z"; }

TEST(Plan, MakesEveryRoleAndTheDatabaseOnAnEmptyServer) {
    Survey found;
    const auto actions = plan_server(found, manifest(), database(), "demo_db", {}, verifier);
    // Nine built-in roles, one of the manifest's own, four memberships, the database.
    ASSERT_EQ(actions.size(), 15U);
    EXPECT_EQ(actions.front().description, "role demo_db_owner");
    EXPECT_EQ(actions.back().description, "database demo_db");
    for (const auto& action : actions) {
        if (action.description == "role demo_db_backup") {
            EXPECT_NE(action.sql.find("login bypassrls nosuperuser"), std::string::npos)
                << action.sql;
        }
    }
}

TEST(Plan, NothingIsLeftToDoOnceAllIsThere) {
    Survey found;
    found.database_exists = true;
    found.roles = wanted_roles(manifest(), database());
    std::set<std::string> known;
    for (const auto& [name, role] : found.roles) {
        known.insert(name);
    }
    EXPECT_TRUE(plan_server(found, manifest(), database(), "demo_db", known, verifier).empty());
}

TEST(Plan, ARoleThatBecameTooPowerfulOrLostItsSecretIsMended) {
    Survey found;
    found.database_exists = true;
    found.roles = wanted_roles(manifest(), database());
    std::set<std::string> known;
    for (const auto& [name, role] : found.roles) {
        known.insert(name);
    }
    found.roles["demo_db_app"].is_powerful = true;
    known.erase("demo_db_readonly");
    const auto actions = plan_server(found, manifest(), database(), "demo_db", known, verifier);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(actions[0].description, "attributes of role demo_db_app");
    EXPECT_EQ(actions[1].description,
              "new password of role demo_db_readonly, whose secret was not found");
}

TEST(Plan, RightsGivenByHandAreTakenAwayBeforeThoseOfTheManifestAreGiven) {
    const auto script = rights(manifest(), database(), "demo_db");
    const auto revoked = script.find("revoke all on schema public from \"demo_db_app\"");
    const auto given = script.find("grant usage on schema public to \"demo_db_app\"");
    ASSERT_NE(revoked, std::string::npos) << script;
    ASSERT_NE(given, std::string::npos) << script;
    EXPECT_LT(revoked, given);
}

TEST(Plan, NamesOfAListSettingAreQuotedOneByOne) {
    EXPECT_EQ(setting_literal("shared_preload_libraries", "auto_explain, pg_stat_statements"),
              "'auto_explain', 'pg_stat_statements'");
    EXPECT_EQ(setting_literal("shared_preload_libraries", ""), "''");
    EXPECT_EQ(setting_literal("datestyle", "ISO, MDY"), "'ISO, MDY'");
}

TEST(Plan, NeverSendsAPasswordOnlyAVerifier) {
    const auto actions = plan_server({}, manifest(), database(), "demo_db", {}, verifier);
    for (const auto& action : actions) {
        const auto at = action.sql.find(" password ");
        EXPECT_TRUE(at == std::string::npos ||
                    action.sql.compare(at, 24, " password 'SCRAM-SHA-256") == 0)
            << action.sql;
    }
}

TEST(Plan, AMissingOptionalExtensionIsANoteAndARequiredOneNamesItsPackage) {
    Survey found;
    found.offered = {{"pgcrypto", "1.3"}};
    const auto plan = plan_extensions(found, database(), 15);
    ASSERT_EQ(plan.actions.size(), 1U);
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_NE(plan.notes[0].find("postgresql-15-pgvector"), std::string::npos);

    auto strict = database();
    strict.extensions = {{"hypopg", false}};
    try {
        plan_extensions(found, strict, 15);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::extension_missing);
        EXPECT_NE(error.hint().find("postgresql-15-hypopg"), std::string::npos) << error.hint();
    }
}

TEST(Plan, GrantsAreTakenApartAndQuoted) {
    const auto list = grants(manifest(), database());
    ASSERT_EQ(list.size(), 4U);
    EXPECT_EQ(list[0].sql,
              "grant select on table \"public\".\"businesses\" to \"demo_db_analyst\"");
    EXPECT_EQ(list[1].sql, "grant select on all tables in schema \"risk\" to \"demo_db_analyst\"");
    EXPECT_EQ(list[2].sql,
              "grant update (\"name\") on table \"crm\".\"customers\", \"public\".\"vendors\" to "
              "\"demo_db_analyst\"");
    EXPECT_EQ(list[2].exists,
              "to_regclass('\"crm\".\"customers\"') is not null and "
              "to_regclass('\"public\".\"vendors\"') is not null");
    EXPECT_EQ(
        list[3].sql,
        "grant execute on function \"public\".\"score\"(integer, text) to \"demo_db_analyst\"");
    EXPECT_EQ(list[1].schemas, std::set<std::string>{"risk"});
}

}  // namespace
}  // namespace caisson::provision
