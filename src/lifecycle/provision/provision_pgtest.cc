// SPDX-License-Identifier: Apache-2.0
#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/provision/takeover.h"
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
    Report provision(std::size_t number) { return provision({database(number)}).front(); }
    std::vector<Report> provision(const std::vector<platform::Database>& databases,
                                  const Options& options = {}) {
        return provision::provision(run_, databases, {trust::identity_step(), rights_step()},
                                    options);
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

TEST_F(Provision, WhatIsNamedAfterTheMonitorIsItsAlone) {
    const trust::CatalogueStep step{3, "figures", R"sql(
create function caisson.monitor_figures() returns int language sql as 'select 1')sql"};
    const auto again = [&] {
        return provision::provision(run_, {database(0)},
                                    {trust::identity_step(), rights_step(), step}, {})
            .front();
    };
    again();
    pg::Connection inside(trust::admin_settings(run_, database(0)));
    const auto may = [&](trust::Role role) {
        return inside
            .query(
                "select has_function_privilege($1, 'caisson.monitor_figures()', 'execute') as may",
                {trust::role_name(database(0), role)})
            .front()
            .boolean("may");
    };
    EXPECT_TRUE(may(trust::Role::monitor));
    for (const auto role : trust::built_in_roles()) {
        EXPECT_EQ(may(role), role == trust::Role::monitor) << trust::suffix(role);
    }
    inside.script("grant execute on function caisson.monitor_figures() to public");
    EXPECT_FALSE(again().done.empty());
    EXPECT_FALSE(may(trust::Role::app));
    EXPECT_TRUE(again().done.empty());
}

TEST_F(Provision, DatabasesSideBySideAreReportedInTheirOrder) {
    const auto reports = provision(run_.manifest.databases);
    ASSERT_EQ(reports.size(), 2U);
    for (std::size_t i = 0; i < reports.size(); ++i) {
        EXPECT_TRUE(reports[i].is_there);
        ASSERT_FALSE(reports[i].done.empty());
        EXPECT_EQ(reports[i].done.front(),
                  "role " + trust::role_name(database(i), trust::Role::owner));
        ASSERT_TRUE(reports[i].identity);
        EXPECT_EQ(reports[i].identity->database, database(i).key);
    }
    for (const auto& report : provision(run_.manifest.databases)) {
        EXPECT_TRUE(report.done.empty());
    }
}

TEST_F(Provision, AnOptionalExtensionThatMayNotBeMadeIsLeftOutWithANote) {
    run_.manifest.databases[0].extensions = {{"citext", true}};
    // The extension cannot make its type beside this one.
    pg::Connection(first_.settings()).script("create type citext as enum ('taken')");
    Options options;
    options.adopt = true;
    const auto report = provision({database(0)}, options).front();
    ASSERT_EQ(report.notes.size(), 1U);
    EXPECT_EQ(report.notes.front().find("the optional extension citext is left out: "), 0U)
        << report.notes.front();
    EXPECT_FALSE(report.extensions.contains("citext"));

    run_.manifest.databases[0].extensions = {{"citext", false}};
    EXPECT_THROW(provision({database(0)}, options), Error);
}

TEST_F(Provision, ATakeOverGivesRightsOnWhatItTakesOverAlone) {
    provision(0);
    pg::Connection inside(trust::admin_settings(run_, database(0)));
    const auto owner = trust::role_name(database(0), trust::Role::owner);
    const auto app = trust::role_name(database(0), trust::Role::app);
    inside.script(fmt::format(
        "create role takeover_stranger;"
        "create schema ours; create table ours.taken (id serial); create sequence ours.counter;"
        "create function ours.f() returns int language sql as 'select 1';"
        "revoke execute on function ours.f() from public;"
        "create schema theirs authorization takeover_stranger;"
        "create table theirs.kept (id serial); alter table theirs.kept owner to takeover_stranger;"
        "create table owned (id int); alter table owned owner to {0}; revoke all on owned from {1}",
        pg::identifier(owner), pg::identifier(app)));
    const auto may = [&](const std::string& what) {
        return inside.query("select has_" + what + " as may", {app}).front().boolean("may");
    };
    const auto done = take_over(run_, database(0), false);
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[0], "4 objects given to " + owner);
    EXPECT_EQ(done[1].find("2 objects of takeover_stranger left to it: "), 0U) << done[1];
    EXPECT_TRUE(may("schema_privilege($1, 'ours', 'usage')"));
    EXPECT_TRUE(may("table_privilege($1, 'ours.taken', 'insert')"));
    EXPECT_TRUE(may("sequence_privilege($1, 'ours.taken_id_seq', 'usage')"));
    EXPECT_TRUE(may("sequence_privilege($1, 'ours.counter', 'usage')"));
    EXPECT_TRUE(may("function_privilege($1, 'ours.f()', 'execute')"));
    EXPECT_FALSE(may("schema_privilege($1, 'theirs', 'usage')"));
    EXPECT_FALSE(may("table_privilege($1, 'theirs.kept', 'select')"));
    EXPECT_FALSE(may("sequence_privilege($1, 'theirs.kept_id_seq', 'usage')"));
    EXPECT_FALSE(may("table_privilege($1, 'owned', 'select')"));
    inside.script("drop owned by takeover_stranger; drop role takeover_stranger");
}

TEST_F(Provision, TimesAreComparedAsIntervalsAndSizesAsSizes) {
    const auto differs = [&](const std::string& name, const std::string& value) {
        run_.manifest.server.postgres = {{name, value}};
        return !compare_settings(server_, run_, false).notes.empty();
    };
    server_.script("set statement_timeout = '90s'");
    for (const auto* const same : {"90s", "90000ms", "90000", " 90 s ", "90000000us"}) {
        EXPECT_FALSE(differs("statement_timeout", same)) << same;
    }
    for (const auto* const other : {"90", "90min", "1min", "90kB", "never"}) {
        EXPECT_TRUE(differs("statement_timeout", other)) << other;
    }
    server_.script("set statement_timeout = '120min'");
    EXPECT_FALSE(differs("statement_timeout", "2h"));
    server_.script("set work_mem = '64MB'");
    EXPECT_FALSE(differs("work_mem", "65536kB"));
    EXPECT_TRUE(differs("work_mem", "64min"));
}

}  // namespace
}  // namespace caisson::provision
