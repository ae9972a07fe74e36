// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/postgres.h"
#include "trust/catalogue.h"
#include "trust/identity.h"
#include "trust/locks.h"

namespace caisson::trust {
namespace {

using namespace std::chrono_literals;

Run run_for(const std::string& environment = "local", bool is_protected = false) {
    Run run;
    run.manifest.name = "demo";
    run.environment.name = environment;
    run.environment.is_private = true;
    run.environment.is_protected = is_protected;
    return run;
}

class IdentityTest : public testing::Test {
 protected:
    IdentityTest() {
        database_.key = "main";
        database_.name = server_database_.name();
    }
    Code code_of(const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            return error.code();
        }
        return Code::internal;
    }
    test::Database server_database_;
    pg::Connection connection_{server_database_.settings()};
    platform::Database database_;
};

TEST_F(IdentityTest, AnEmptyDatabaseIsFreeAndAFullOneIsNot) {
    EXPECT_EQ(judge(connection_, run_for(), database_).standing, Standing::empty);
    connection_.query("create table somebody_else(i int)");
    EXPECT_EQ(judge(connection_, run_for(), database_).standing, Standing::unknown);
    EXPECT_EQ(code_of([&] { require_ours(connection_, run_for(), database_); }),
              Code::identity_unknown);
}

TEST_F(IdentityTest, WhatAnExtensionBringsDoesNotCount) {
    connection_.query("create extension pgcrypto");
    EXPECT_EQ(judge(connection_, run_for(), database_).standing, Standing::empty);
}

TEST_F(IdentityTest, AStampedDatabaseIsOursAndNobodyElses) {
    install_catalogue(connection_, {identity_step()});
    stamp(connection_, run_for(), database_);
    EXPECT_NO_THROW(require_ours(connection_, run_for(), database_));
    EXPECT_EQ(judge(connection_, run_for("production"), database_).standing, Standing::foreign);
    EXPECT_EQ(code_of([&] { require_ours(connection_, run_for("production"), database_); }),
              Code::identity_mismatch);
}

TEST_F(IdentityTest, ACopyIsRecognised) {
    install_catalogue(connection_, {identity_step()});
    stamp(connection_, run_for(), database_);
    connection_.query("update caisson.identity set database_oid = '1'");
    EXPECT_EQ(judge(connection_, run_for(), database_).standing, Standing::copy);
    stamp(connection_, run_for(), database_);
    EXPECT_EQ(judge(connection_, run_for(), database_).standing, Standing::ours);
}

TEST_F(IdentityTest, ConsentIsTheNameInAProtectedEnvironmentAndYesElsewhere) {
    const auto name = database_.name;
    EXPECT_EQ(code_of([&] { require_consent(run_for(), database_, "db drop", "", false); }),
              Code::confirmation_needed);
    EXPECT_NO_THROW(require_consent(run_for(), database_, "db drop", "", true));
    const auto production = run_for("production", true);
    EXPECT_EQ(code_of([&] { require_consent(production, database_, "db drop", "", true); }),
              Code::protected_environment);
    EXPECT_EQ(code_of([&] { require_consent(production, database_, "db drop", "other", true); }),
              Code::protected_environment);
    EXPECT_NO_THROW(require_consent(production, database_, "db drop", name, false));
}

TEST_F(IdentityTest, CatalogueStepsAreAppliedOnceAndANewerSchemaIsLeftAlone) {
    const CatalogueStep more{2, "more", "create table caisson.more(i int)"};
    EXPECT_EQ(install_catalogue(connection_, {more, identity_step()}).size(), 2U);
    EXPECT_TRUE(install_catalogue(connection_, {identity_step(), more}).empty());
    EXPECT_EQ(catalogue_version(connection_), 2);
    EXPECT_EQ(code_of([&] { install_catalogue(connection_, {identity_step()}); }),
              Code::catalogue_newer);
    remove_catalogue(connection_);
    EXPECT_EQ(catalogue_version(connection_), 0);
}

TEST_F(IdentityTest, ALockKeepsTheSecondOutAndNamesTheFirst) {
    pg::Connection other(server_database_.settings());
    {
        const AdvisoryLock held(connection_, "migrate", 0ms);
        std::string seen;
        EXPECT_EQ(code_of([&] {
                      AdvisoryLock(other, "migrate", 30ms,
                                   [&](const std::string& who) { seen = who; });
                  }),
                  Code::locked);
        EXPECT_NE(seen.find("postgres (caisson)"), std::string::npos) << seen;
        EXPECT_NO_THROW(AdvisoryLock(other, "seed", 0ms));
    }
    EXPECT_NO_THROW(AdvisoryLock(other, "migrate", 0ms));
}

}  // namespace
}  // namespace caisson::trust
