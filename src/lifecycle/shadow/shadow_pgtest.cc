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

TEST(Shadow, KnowsNoOptionalExtensionWhereNoneIsWanted) {
    Bench bench;
    bench.run.manifest.databases.front().extensions = {{"pg_trgm", false}, {"citext", true}};
    {
        const auto shadow = bench.open();
        EXPECT_EQ(ask(shadow.admin(), "select count(*) from pg_extension where extname = 'citext'"),
                  "1");
    }
    const auto shadow = shadow::open(bench.run, bench.database(), bench.catalogue(),
                                     {.optional_extensions = false});
    EXPECT_EQ(ask(shadow.admin(),
                  "select string_agg(extname, ' ' order by extname) from "
                  "pg_extension"),
              "pg_trgm plpgsql");
    Connections connections(shadow);
    for (const bool as_admin : {false, true}) {
        // As a file does that makes it where it can.
        connections(as_admin).script(
            "do $$ begin create extension citext; exception when insufficient_privilege then null; "
            "end $$");
        EXPECT_EQ(ask(shadow.admin(), "select to_regtype('citext') is null"), "t");
    }
    try {
        connections(true).script("create extension citext");
        FAIL() << "nothing was refused";
    } catch (const pg::DatabaseError& error) {
        EXPECT_EQ(error.sqlstate, "42501");
        EXPECT_THAT(error.message(), HasSubstr("the extension citext is optional"));
    }
    connections(true).script("create extension hstore");  // Others are made as ever.
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

/// What a killed run leaves of a role: made for a shadow in this database.
void leave_role(const pg::Settings& settings, const std::string& role) {
    pg::Connection connection(settings);
    connection.script(fmt::format(
        "create role {} nologin; comment on role {} is 'Made by Caisson for a shadow in database "
        "{}'",
        role, role,
        ask(settings, "select oid from pg_database where datname = current_database()")));
}

TEST(Shadow, RemovesARoleOfAKilledRunButNoneThatSomethingElseDependsOnByNow) {
    Bench bench;
    const test::Database given;
    const test::Database real;
    bench.name(given.settings());
    leave_role(given.settings(), "main_db_owner");
    leave_role(given.settings(), "gone_app");
    pg::Connection admin(real.settings());
    admin.script(fmt::format(
        "alter database {} owner to main_db_owner; create table public.customers (id int); alter "
        "table public.customers owner to main_db_owner",
        real.name()));
    {
        const auto shadow = bench.open();
        ASSERT_EQ(shadow.notes().size(), 1U);
        EXPECT_THAT(shadow.notes().front(), HasSubstr("main_db_owner"));
    }
    EXPECT_EQ(ask(real.settings(),
                  "select pg_get_userbyid(datdba)::text || ' ' || (select relowner::regrole from "
                  "pg_class where relname = 'customers') from pg_database where datname = "
                  "current_database()"),
              "main_db_owner main_db_owner");
    EXPECT_EQ(ask(given.settings(),
                  "select coalesce(string_agg(rolname, ','), '') from pg_roles where rolname ~ "
                  "'^(main_db|gone)_'"),
              "main_db_owner");
    pg::Connection(given.settings()).script("drop owned by main_db_owner");
    admin.script(
        fmt::format("alter database {} owner to current_user; drop owned by main_db_owner; "
                    "drop role main_db_owner",
                    real.name()));
}

TEST(Shadow, LeavesADatabaseWithAnIdentityAloneWhateverItsCommentSays) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    pg::Connection(given.settings())
        .script(
            "create schema caisson; create table caisson.identity (uuid text); insert into "
            "caisson.identity values ('a'); create table customers (id int); comment on schema "
            "caisson is 'A shadow: Caisson tries things here and empties it. Before: plpgsql'");
    EXPECT_EQ(refusal(bench).code(), Code::identity_unknown);
    EXPECT_EQ(ask(given.settings(), "select to_regclass('customers') is not null"), "t");
}

TEST(Shadow, GivesAnAddressBackWithTheRightsAndSettingsItHad) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    pg::Connection(given.settings())
        .script(fmt::format(
            "create role keeper; revoke all on database {0} from public; grant connect on database "
            "{0} to keeper with grant option; alter database {0} set search_path = \"$user\", "
            "public, \"A b\"; alter database {0} set work_mem = '8MB'; alter schema public owner "
            "to "
            "keeper; grant create on schema public to public",
            given.name()));
    const auto state = [&] {
        return ask(given.settings(),
                   "select concat_ws('|', datacl, (select concat(nspowner::regrole, "
                   "array(select unnest(nspacl)::text order by 1)) from pg_namespace where nspname "
                   "= 'public'), (select array(select unnest(setconfig) order by 1) from "
                   "pg_db_role_setting where setdatabase = d.oid and setrole = 0)) from "
                   "pg_database d where "
                   "datname = current_database()");
    };
    const auto before = state();
    {
        const auto shadow = bench.open();
        EXPECT_NE(state(), before);
        Connections connections(shadow);
        connections(true).script("drop schema public cascade");
    }
    EXPECT_EQ(state(), before);
    pg::Connection(given.settings())
        .script(
            "alter schema public owner to pg_database_owner; drop owned by keeper; drop role "
            "keeper");
}

TEST(Shadow, TakesDefaultPrivilegesBackThatItGaveRolesThatStayAndNoOthers) {
    Bench bench;
    const test::Database given;
    bench.name(given.settings());
    pg::Connection(given.settings())
        .script(
            "create role lasting; create role \"Other one\"; alter default privileges for role "
            "lasting grant select on tables to \"Other one\"");
    const auto defaults = [&] {
        return ask(given.settings(),
                   "select coalesce(string_agg(concat_ws(' ', defaclrole::regrole, "
                   "defaclnamespace::regnamespace, defaclobjtype, defaclacl), E'\\n' order by 1), "
                   "'') from pg_default_acl");
    };
    const auto before = defaults();
    {
        const auto shadow = bench.open();
        Connections connections(shadow);
        connections(true).script(
            "alter default privileges for role \"Other one\" revoke execute on functions from "
            "public;"
            "alter default privileges for role \"Other one\" grant usage on types to lasting with "
            "grant option;"
            "alter default privileges for role lasting revoke all on sequences from lasting;"
            "alter default privileges for role lasting in schema public grant insert on tables to "
            "public, \"Other one\"");
        EXPECT_NE(defaults(), before);
    }
    EXPECT_EQ(defaults(), before);
    pg::Connection(given.settings())
        .script(
            "alter default privileges for role lasting revoke select on tables from \"Other one\"; "
            "drop role lasting; drop role \"Other one\"");
}

TEST(Shadow, AtAnAddressLeavesOutAnOptionalExtensionThatItMayNotMake) {
    Bench bench;
    bench.run.manifest.databases.front().extensions = {{"file_fdw", true}};
    const test::Database given;
    pg::Connection admin(given.settings());
    admin.script(
        fmt::format("create role modest login createrole password 'modest'; alter database {} "
                    "owner to modest",
                    given.name()));
    auto settings = given.settings();
    settings.user = "modest";
    settings.password = Secret("modest");
    bench.name(settings);
    {
        const auto shadow = bench.open();
        EXPECT_THAT(shadow.notes(),
                    testing::Contains(HasSubstr("the optional extension file_fdw is left out: ")));
    }
    bench.run.manifest.databases.front().extensions = {{"file_fdw", false}};
    EXPECT_THAT(refusal(bench).message(),
                HasSubstr("the extension file_fdw cannot be made in the shadow"));
}

TEST(Shadow, AtAnAddressLeavesItsLoginNoMembershipInRolesThatWereThere) {
    Bench bench;
    const test::Database given;
    pg::Connection admin(given.settings());
    admin.script(
        fmt::format("create role maker login createrole password 'maker'; alter database {} owner "
                    "to maker; set role maker; create role main_db_app nologin; reset role",
                    given.name()));
    auto settings = given.settings();
    settings.user = "maker";
    settings.password = Secret("maker");
    bench.name(settings);
    const std::string memberships =
        "select count(*) from pg_auth_members where member = 'maker'::regrole";
    const auto before = ask(given.settings(), memberships);
    {
        const auto shadow = bench.open();
        EXPECT_EQ(ask(shadow.role(trust::Role::app), "select current_user"), "main_db_app");
    }
    EXPECT_EQ(ask(given.settings(), memberships), before);
    EXPECT_EQ(ask(given.settings(),
                  "select string_agg(rolname, ',') from pg_roles where rolname ~ "
                  "'^main_db_'"),
              "main_db_app");
    admin.script("drop role main_db_app");
}

TEST(Shadow, AtAnAddressForbidsOptionalExtensionsOrSaysThatItCannot) {
    Bench bench;
    bench.run.manifest.databases.front().extensions = {{"citext", true}};
    const test::Database given;
    bench.name(given.settings());
    const auto open = [&] {
        return shadow::open(bench.run, bench.database(), bench.catalogue(),
                            {.optional_extensions = false});
    };
    {
        const auto shadow = open();
        EXPECT_THAT(shadow.notes(), testing::IsEmpty());
        EXPECT_THROW(pg::Connection(shadow.admin()).script("create extension citext"),
                     pg::DatabaseError);
    }
    EXPECT_EQ(ask(given.settings(), "select count(*) from pg_event_trigger"), "0");
    pg::Connection(given.settings()).script("create extension citext; drop extension citext");

    pg::Connection admin(given.settings());
    admin.script(
        fmt::format("create role plain login createrole password 'plain'; alter database {} "
                    "owner to plain",
                    given.name()));
    auto settings = given.settings();
    settings.user = "plain";
    settings.password = Secret("plain");
    bench.name(settings);
    EXPECT_THAT(open().notes(),
                testing::Contains(HasSubstr("the files may make the optional extensions citext")));
}

TEST(Shadow, SweepsNoLinkAndNothingBehindOne) {
    const Bench bench;
    { const auto made = bench.open(); }
    const test::Directory other;
    const auto kept = other.write("run/data/kept", "");
    const auto link = bench.directory.path() / "shadow" / "run-link";
    fs::create_directory_symlink(other.path() / "run", link);
    { const auto swept = bench.open(); }
    EXPECT_TRUE(fs::exists(kept));
    EXPECT_TRUE(fs::is_symlink(link));
    fs::remove(link);
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
