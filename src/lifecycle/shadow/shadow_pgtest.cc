// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/shadow/shadow.h"
#include "tests/support/postgres.h"

namespace caisson::shadow {
namespace {

using testing::HasSubstr;

/// A platform; all share one template, which takes a second to make.
struct Bench {
    Bench() {
        fs::permissions(directory.path(), fs::perms::all);
        run.manifest.name = "lumina";
        run.manifest.directory = directory.path();
        platform::Database database;
        database.key = "main";
        database.name = "main_db";
        run.manifest.databases = {database};
        run.environment.name = "local";
        run.environment.is_private = true;
        run.variables = {{"PATH", "/usr/bin:/bin"}};
        run.state.root = directory.path() / "lumina-local";
        run.state.sockets = run.state.root / "run";
    }
    const platform::Database& database() const { return run.manifest.databases.front(); }
    std::vector<trust::CatalogueStep> catalogue() const {
        return {trust::identity_step(), provision::rights_step()};
    }
    Shadow open() const { return shadow::open(run, database(), catalogue()); }
    /// The environment names this database as its shadow.
    void name(const pg::Settings& settings) {
        auto& address = run.environment.shadow;
        address.host = settings.host;
        address.user = settings.user;
        address.password = settings.password.reveal();
        address.database = settings.database;
    }
    /// How many lie there.
    std::size_t places() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(directory.path() / "shadow")) {
            const auto name = entry.path().filename().string();
            count += entry.is_directory() && name.rfind("run-", 0) == 0 ? 1 : 0;
        }
        return count;
    }
    static const test::Directory& shared() {
        static const test::Directory directory;
        return directory;
    }

    const test::Directory& directory = shared();
    trust::Run run;
};

Error refusal(const Bench& bench) {
    try {
        bench.open();
    } catch (const Error& error) {
        return error;
    }
    return {Code::internal, "nothing was refused"};
}

std::string ask(const pg::Settings& settings, const std::string& query) {
    pg::Connection connection(settings);
    return std::string(connection.query(query).front().text(0));
}

TEST(Shadow, IsAsAFreshlyProvisionedDatabaseUnderItsRealName) {
    const Bench bench;
    const auto shadow = bench.open();
    EXPECT_EQ(ask(shadow.admin(), "select current_database()"), "main_db");
    EXPECT_EQ(ask(shadow.admin(), "select count(*) from caisson.catalogue"), "2");
    EXPECT_EQ(ask(shadow.role(trust::Role::migrator), "select current_user || ' ' || session_user"),
              "main_db_owner main_db_migrator");
    EXPECT_EQ(ask(shadow.role(trust::Role::service),
                  "select rolbypassrls from pg_roles where rolname = current_user"),
              "t");
    Connections connections(shadow);
    connections(false).script("create table t (id int)");
    EXPECT_EQ(ask(shadow.role(trust::Role::app), "select count(*) from t"), "0");
}

TEST(Shadow, IsGoneWithItsValue) {
    const Bench bench;
    {
        const auto shadow = bench.open();
        EXPECT_EQ(bench.places(), 1U);
    }
    EXPECT_EQ(bench.places(), 0U);
}

TEST(Shadow, SeveralLiveBesideOneAnother) {
    const Bench bench;
    const auto one = bench.open();
    const auto other = bench.open();
    Connections connections(one);
    connections(false).script("create table t (id int)");
    EXPECT_EQ(ask(other.admin(), "select to_regclass('t') is null"), "t");
}

TEST(Shadow, OfAKilledRunIsEndedByItsGuardOrSweptByTheNextRun) {
    const Bench bench;
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            const auto shadow = bench.open();
            ::kill(::getpid(), SIGKILL);
        } catch (...) {
        }
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto shadow = bench.open();
    EXPECT_EQ(bench.places(), 1U);
}

TEST(Shadow, AtAnAddressIsEmptiedAfterwards) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    {
        const auto shadow = bench.open();
        Connections connections(shadow);
        connections(false).script(
            "create schema s; create table s.t (id int); create type e as enum ('a'); create table "
            "u (id serial, e e); create view v as select * from u; create function f() returns int "
            "language sql as 'select 1'; create domain d as int;");
        connections(true).script("create extension pgcrypto; create table made_by_admin ();");
        EXPECT_EQ(ask(shadow.role(trust::Role::migrator), "select current_user"), "main_db_owner");
    }
    pg::Connection connection(given.settings());
    EXPECT_EQ(connection
                  .query("select string_agg(c.relname, ',') as names from pg_class c join "
                         "pg_namespace n on n.oid = c.relnamespace where n.nspname !~ "
                         "'^pg_|information_schema'")
                  .front()
                  .text("names"),
              "");
    EXPECT_EQ(ask(given.settings(), "select count(*) from pg_roles where rolname ~ '^main_db_'"),
              "0");
    EXPECT_EQ(ask(given.settings(), "select count(*) from pg_extension"), "1");
    EXPECT_EQ(ask(given.settings(), "select count(*) from pg_namespace where nspname = 'caisson'"),
              "0");
    const auto again = bench.open();
}

TEST(Shadow, AtAnAddressWithSomethingInItIsRefusedAndNothingIsChanged) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    pg::Connection(given.settings()).script("create table customers (id int)");
    const auto error = refusal(bench);
    EXPECT_EQ(error.code(), Code::identity_unknown);
    EXPECT_THAT(error.message(), HasSubstr("table public.customers"));
    EXPECT_EQ(ask(given.settings(), "select to_regclass('customers') is not null"), "t");
    EXPECT_EQ(ask(given.settings(), "select to_regnamespace('caisson') is null"), "t");
}

TEST(Shadow, LeftAtAnAddressByAKilledRunIsEmptiedByTheNext) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            const auto shadow = bench.open();
            Connections connections(shadow);
            connections(false).script("create table t (id int)");
            ::kill(::getpid(), SIGKILL);
        } catch (...) {
        }
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    // The server notices a gone session a moment later.
    while (ask(given.settings(),
               "select count(*) from pg_locks where locktype = 'advisory' and database = (select "
               "oid from pg_database where datname = current_database())") != "0") {
    }
    const auto shadow = bench.open();
    EXPECT_EQ(ask(shadow.admin(), "select to_regclass('t') is null"), "t");
}

TEST(Shadow, AtAnAddressThatAnotherRunUsesIsLocked) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    const auto shadow = bench.open();
    EXPECT_EQ(refusal(bench).code(), Code::locked);
}

TEST(Shadow, AtAnAddressWithoutTheRightToMakeRolesWorksAsItsUserAlone) {
    Bench bench;
    const test::Database given;
    pg::Connection admin(given.settings());
    admin.script(
        fmt::format("create role poor login password 'poor'; alter database {} owner to "
                    "poor",
                    given.name()));
    auto settings = given.settings();
    settings.user = "poor";
    settings.password = Secret("poor");
    bench.name(settings);
    {
        const auto shadow = bench.open();
        ASSERT_EQ(shadow.notes().size(), 1U);
        EXPECT_THAT(shadow.notes().front(), HasSubstr("may not make the roles"));
        EXPECT_EQ(ask(shadow.role(trust::Role::migrator), "select current_user"), "poor");
    }
    EXPECT_EQ(ask(given.settings(), "select to_regnamespace('caisson') is null"), "t");
}

TEST(Shadow, NeedsTheExtensionsOfTheManifest) {
    Bench bench;
    bench.run.manifest.databases.front().extensions = {{"pgcrypto", false}, {"no_such", true}};
    {
        const auto shadow = bench.open();
        EXPECT_EQ(ask(shadow.admin(), "select count(*) from pg_extension"), "2");
        ASSERT_EQ(shadow.notes().size(), 1U);
        EXPECT_THAT(shadow.notes().front(), HasSubstr("optional extension no_such"));
    }
    bench.run.manifest.databases.front().extensions = {{"no_such", false}};
    EXPECT_EQ(refusal(bench).code(), Code::extension_missing);
    EXPECT_EQ(bench.places(), 0U);
}

}  // namespace
}  // namespace caisson::shadow
