// SPDX-License-Identifier: Apache-2.0
#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/provision/provision.h"
#include "tests/support/postgres.h"
#include "trust/passfile.h"

namespace caisson::provision {
namespace {

/// Two databases of one platform, on a server whose superuser's secret we have.
class Provision : public testing::Test {
 protected:
    Provision() {
        run_.manifest.name = "demo";
        run_.environment.name = "local";
        run_.environment.is_private = true;
        run_.state.root = directory_.path();
        run_.state.sockets = server_.settings().host;
        forget_secrets();
        for (const auto* database : {&first_, &second_}) {
            platform::Database described;
            described.key = database->name();
            described.name = database->name();
            run_.manifest.databases.push_back(described);
        }
    }
    ~Provision() override {
        for (const auto& database : run_.manifest.databases) {
            pg::Connection inside(trust::admin_settings(run_, database));
            for (const auto role : trust::built_in_roles()) {
                const auto name = trust::role_name(database, role);
                if (!inside.query("select from pg_roles where rolname = $1", {name}).empty()) {
                    inside.script("reassign owned by " + pg::identifier(name) +
                                  " to postgres; drop owned by " + pg::identifier(name) +
                                  "; drop role " + pg::identifier(name));
                }
            }
        }
    }
    /// Leaves the superuser's, as the start of a private server does.
    void forget_secrets() {
        const auto settings = test::Postgres::shared().settings();
        trust::Passfile passfile;
        passfile.set({settings.host, "*", "*", settings.user, settings.password});
        make_directory(run_.state.secrets(), 0700);
        passfile.write(run_.state.passfile());
    }
    const platform::Database& database(std::size_t number) {
        return run_.manifest.databases[number];
    }
    Report provision(std::size_t number) {
        return provision::provision(run_, database(number),
                                    {trust::identity_step(), rights_step()});
    }
    std::string verifier(std::size_t number) {
        return server_
            .query("select rolpassword from pg_authid where rolname = $1",
                   {trust::role_name(database(number), trust::Role::app)})
            .front()
            .string("rolpassword");
    }

    test::Directory directory_;
    test::Database first_;
    test::Database second_;
    pg::Connection server_{test::Postgres::shared().settings()};
    trust::Run run_;
};

TEST_F(Provision, ASecondRunFindsNothingToDo) {
    EXPECT_FALSE(provision(0).done.empty());
    EXPECT_TRUE(provision(0).done.empty());
}

TEST_F(Provision, TwoRunsAtOnceGiveARoleOneSecret) {
    auto other = std::async(std::launch::async, [&] { return provision(0); });
    const auto mine = provision(0);
    const auto theirs = other.get();
    EXPECT_NE(mine.done.empty(), theirs.done.empty()) << "one did it all, the other found it done";
}

TEST_F(Provision, RolesOfSomebodyElsesDatabaseKeepTheirSecrets) {
    provision(0);
    const auto before = verifier(0);
    forget_secrets();
    run_.manifest.name = "another";
    EXPECT_THROW(provision(0), Error);
    EXPECT_EQ(verifier(0), before);
    EXPECT_EQ(trust::Passfile::read(run_.state.passfile()).entries().size(), 1U);
}

TEST_F(Provision, ARoleThatAShadowLeftIsThePlatformsFromThenOn) {
    const auto app = trust::role_name(database(0), trust::Role::app);
    server_.script(fmt::format("create role {0} nologin; comment on role {0} is {1}",
                               pg::identifier(app), pg::literal(shadow_role_mark)));
    provision(0);
    EXPECT_TRUE(server_
                    .query("select shobj_description(oid, 'pg_authid') is null as free from "
                           "pg_roles where rolname = $1",
                           {app})
                    .front()
                    .boolean("free"));
    EXPECT_TRUE(provision(0).done.empty());
}

TEST_F(Provision, ARotationThatWasCutOffIsMendedForEveryDatabase) {
    provision(0);
    provision(1);
    const auto before = verifier(1);
    // What a kill between the passfile and the server leaves.
    write_file(run_.state.secrets() / ("rotating-" + database(1).key), "", 0600);
    provision(0);
    EXPECT_EQ(verifier(1), before);
    provision(1);
    EXPECT_NE(verifier(1), before);
    EXPECT_TRUE(provision(1).done.empty());
}

TEST_F(Provision, ARightGivenByHandIsTakenAwayAgain) {
    provision(0);
    pg::Connection inside(trust::admin_settings(run_, database(0)));
    const auto app = trust::role_name(database(0), trust::Role::app);
    inside.script("grant create on schema public to " + pg::identifier(app) +
                  "; grant all on caisson.identity to " + pg::identifier(app));
    EXPECT_EQ(provision(0).done,
              std::vector<std::string>{"rights of the roles, which had changed"});
    EXPECT_FALSE(inside
                     .query("select has_schema_privilege($1, 'public', 'create') or "
                            "has_table_privilege($1, 'caisson.identity', 'update') as may",
                            {app})
                     .front()
                     .boolean("may"));
    EXPECT_TRUE(provision(0).done.empty());
}

}  // namespace
}  // namespace caisson::provision
