// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/checks/checks.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/schema/structure.h"
#include "tests/support/postgres.h"
#include "trust/catalogue.h"

namespace caisson::checks {
namespace {

using testing::HasSubstr;

constexpr std::string_view schema_sql = R"sql(
create type state as enum ('on', 'off');
create table parents (a integer, b text, primary key (a, b));
create table users (id bigint primary key, email varchar(80) not null unique, state state,
    score integer check (score between 0 and 100));
create table events (id bigint primary key, owner bigint constraint events_owner references users,
    a integer, b text, constraint events_parent foreign key (a, b) references parents);
create index events_of_owner on events (owner);
create view active as select id, email from users where state = 'on';
create function answer() returns integer language plpgsql stable as 'begin return 42; end';
create view answers as select answer() as answer;
create materialized view totals as select count(*) as n from users;
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger events_touch before update on events for each row execute function touch();
alter table users enable row level security;
create policy everybody on users using (true);
create sequence numbers;
insert into users select n, 'u' || n, 'on', n from generate_series(1, 10) n;
insert into parents values (1, 'x');
insert into events values (1, 1, 1, 'x'), (2, 2, null, 'gone'), (3, null, 7, null);
)sql";

/// A database as provisioning, migrations and seeds leave it.
class InspectTest : public testing::Test {
 protected:
    InspectTest() {
        options_.database.key = "main";
        options_.database.name = database_.name();
        options_.manifest.databases = {options_.database};
        options_.environment.name = "local";
        options_.environment.is_private = true;
        options_.history_head = "001";
        provision::Survey survey;
        survey.database_exists = true;
        const auto verifier = [&](const std::string& role) {
            return connection_.scram_verifier(role, "a long secret");
        };
        for (const auto& action :
             provision::plan_server(survey, options_.manifest, options_.database,
                                    options_.database.name, {}, verifier)) {
            connection_.query(action.sql);
        }
        trust::install_catalogue(connection_, {trust::identity_step(), provision::rights_step(),
                                               schema::structure_step()});
        connection_.script(
            provision::rights(options_.manifest, options_.database, options_.database.name));
        const auto owner = database_.name() + "_owner";
        connection_.script(fmt::format("set role {}; {} reset role;", owner, schema_sql));
        schema::record(connection_, "001");
    }
    ~InspectTest() override {
        // Roles belong to the server, which other tests share.
        try {
            pg::Connection connection(database_.settings());
            for (const auto& [role, state] :
                 provision::wanted_roles(options_.manifest, options_.database)) {
                connection.script(
                    fmt::format("do $$ begin if exists (select from pg_roles where rolname = {0}) "
                                "then drop owned by {1} cascade; end if; end $$; drop role if "
                                "exists {1}",
                                pg::literal(role), pg::identifier(role)));
            }
        } catch (const Error&) {
            // They go with the server.
        }
    }

    Report report() { return run(connection_, options_); }
    Verdict verdict(const std::string& name) {
        auto options = options_;
        options.only = {name};
        return run(connection_, options).verdicts.at(0);
    }
    /// The check finds exactly this, and every other check still holds (but for `also`).
    void expect_finding(const std::string& name, const std::string& message,
                        const std::string& remedy, Severity severity = Severity::error,
                        const std::vector<std::string>& also = {}) {
        for (const auto& found : report().verdicts) {
            if (found.name == name) {
                ASSERT_EQ(found.findings.size(), 1U) << to_text({report()}, false);
                EXPECT_THAT(found.findings[0].message, HasSubstr(message));
                EXPECT_THAT(found.findings[0].remedy, HasSubstr(remedy));
                EXPECT_EQ(found.findings[0].severity, severity);
                EXPECT_EQ(found.outcome,
                          severity == Severity::info ? Outcome::holds : Outcome::fails);
            } else if (std::find(also.begin(), also.end(), found.name) == also.end()) {
                EXPECT_EQ(found.outcome, Outcome::holds)
                    << found.name << ": " << to_text({report()}, false);
            }
        }
    }

    test::Database database_;
    pg::Connection connection_{database_.settings()};
    Options options_;
};

TEST_F(InspectTest, ACleanDatabaseHasNoFinding) {
    const auto clean = report();
    EXPECT_EQ(clean.verdicts.size(), built_in_names().size());
    for (const auto& found : clean.verdicts) {
        EXPECT_EQ(found.outcome, Outcome::holds) << to_text({clean}, false);
        EXPECT_TRUE(found.findings.empty()) << found.name;
        EXPECT_FALSE(found.expected.empty()) << found.name;
        EXPECT_FALSE(found.found.empty()) << found.name;
    }
    EXPECT_TRUE(clean.holds());
    EXPECT_FALSE(connection_.in_transaction());
}

TEST_F(InspectTest, ADroppedTableIsMissing) {
    connection_.query("drop table events");
    expect_finding("tables", "table public.events is missing", "caisson migrate");
}

TEST_F(InspectTest, ATableThatNoMigrationMadeIsAWarning) {
    connection_.query("create table public.notes (i integer primary key)");
    expect_finding("tables", "table public.notes was made by no migration",
                   "drop table public.notes;", Severity::warning);
    EXPECT_TRUE(report().holds());
}

TEST_F(InspectTest, AColumnOfAnotherTypeIsNamedWithBothTypes) {
    connection_.query("alter table events alter column b type varchar(10)");
    expect_finding("columns",
                   "public.events.b was changed: expected text; found character varying(10)",
                   "migration");
}

TEST_F(InspectTest, ADroppedColumnComesWithTheSqlThatMakesIt) {
    connection_.query("alter table users drop column score");
    expect_finding("columns", "column public.users.score is missing",
                   "alter table public.users add column score integer;", Severity::error,
                   {"constraints"});
}

TEST_F(InspectTest, ADroppedIndexComesWithTheSqlThatMakesIt) {
    connection_.query("drop index events_of_owner");
    expect_finding("indexes", "index public.events.events_of_owner is missing",
                   "CREATE INDEX events_of_owner ON public.events USING btree (owner);");
}

TEST_F(InspectTest, AnInvalidIndexIsFound) {
    connection_.query("alter table users drop constraint users_email_key");
    connection_.query("insert into users values (11, 'u1')");
    schema::record(connection_, "001");
    EXPECT_THROW(connection_.query("create unique index concurrently twice on users (email)"),
                 Error);
    const auto found = verdict("indexes");
    EXPECT_EQ(found.outcome, Outcome::fails);
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("made by no migration"));
    EXPECT_THAT(found.findings[1].message,
                HasSubstr("index public.twice of public.users is invalid"));
    EXPECT_EQ(found.findings[1].remedy, "reindex index concurrently public.twice;");
    // Known to the structure, it is found all the same, and once.
    schema::record(connection_, "001");
    EXPECT_EQ(verdict("indexes").findings.size(), 1U);
}

TEST_F(InspectTest, AnUnvalidatedForeignKeyIsFound) {
    connection_.script(
        "alter table events drop constraint events_owner; alter table events add constraint "
        "events_owner foreign key (owner) references users not valid");
    expect_finding("foreign keys", "foreign key events_owner of public.events was never validated",
                   "alter table public.events validate constraint events_owner;");
}

TEST_F(InspectTest, AMissingForeignKeyIsFound) {
    connection_.query("alter table events drop constraint events_parent");
    expect_finding("foreign keys", "constraint public.events.events_parent is missing",
                   "alter table public.events add constraint events_parent FOREIGN KEY (a, b)");
}

TEST_F(InspectTest, AnUnvalidatedCheckConstraintIsFound) {
    connection_.script(
        "alter table users drop constraint users_score_check; alter table users add constraint "
        "users_score_check check (score between 0 and 100) not valid");
    expect_finding("constraints", "users_score_check of table public.users was never validated",
                   "alter table public.users validate constraint users_score_check;");
}

TEST_F(InspectTest, OrphansMadeWithTriggersDisabledAreCounted) {
    connection_.script(
        "alter table events disable trigger all; insert into events (id, owner) values (10, 4711), "
        "(11, 4712); insert into events (id, a, b) values (12, 1, 'y'); alter table events enable "
        "trigger all");
    const auto found = verdict("orphans");
    EXPECT_EQ(found.outcome, Outcome::fails);
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_THAT(found.findings[0].message,
                HasSubstr("events_owner of public.events: 2 rows without a row in public.users, "
                          "such as (4711), (4712)"));
    EXPECT_THAT(found.findings[1].message, HasSubstr("events_parent of public.events: 1 row"));
    EXPECT_THAT(found.findings[1].message, HasSubstr("(1,y)"));
    EXPECT_EQ(found.found, "3 orphans");
    // The remedy's query gives those rows.
    const auto& remedy = found.findings[0].remedy;
    const auto begin = remedy.find("select");
    EXPECT_EQ(connection_.query(remedy.substr(begin, remedy.find(';') - begin)).size(), 2U);
}

TEST_F(InspectTest, MatchFullCountsHalfNullKeys) {
    connection_.script(
        "create table full_keys (a integer, b text, constraint whole foreign key (a, b) references "
        "parents match full); alter table full_keys disable trigger all; insert into full_keys "
        "values (1, null), (null, null), (1, 'x'); alter table full_keys enable trigger all");
    const auto found = verdict("orphans");
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("whole of public.full_keys: 1 row "));
}

TEST_F(InspectTest, OrphansOfPartitionedAndOddlyNamedTablesAreCounted) {
    connection_.script(R"sql(
create table "Parts 1" ("I d" bigint primary key) partition by range ("I d");
create table part_a partition of "Parts 1" for values from (0) to (100);
create table "of" (x integer references "Parts 1" ("I d"));
insert into "Parts 1" values (5);
insert into "of" values (5);
set session_replication_role = replica;
insert into "of" values (6);
reset session_replication_role;
)sql");
    const auto found = verdict("orphans");
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("1 row without a row in public.\"Parts 1\""));
}

TEST_F(InspectTest, OneOfManyChildrenOfTheSameParentIsNamed) {
    std::string sql = "insert into users (id, email, score) values (900, 'x@y', 1); ";
    for (int i = 1; i <= 20; ++i) {
        sql += fmt::format(
            "create table child{0} (x bigint constraint to_user{0} references users); insert into "
            "child{0} values (900); ",
            i);
    }
    connection_.script(sql);
    EXPECT_EQ(verdict("orphans").outcome, Outcome::holds);
    connection_.script(
        "set session_replication_role = replica; insert into child7 values (4711), (null); reset "
        "session_replication_role");
    const auto found = verdict("orphans");
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_THAT(found.findings[0].message,
                HasSubstr("to_user7 of public.child7: 1 row without a row in public.users"));
    EXPECT_EQ(found.found, "1 orphan");
}

TEST_F(InspectTest, DisabledTriggersOfAForeignKeyAreFound) {
    connection_.query("alter table users disable trigger all");
    expect_finding("foreign keys", "events_owner of public.events is not enforced",
                   "alter table public.users enable trigger all;");
}

TEST_F(InspectTest, WhatIsNotDoneInTimeIsNeverFine) {
    connection_.script(
        "alter table events disable trigger all; insert into events (id, owner) select n, n from "
        "generate_series(100, 200000) n; alter table events enable trigger all");
    options_.limit = std::chrono::milliseconds(1);
    const auto found = verdict("orphans");
    EXPECT_EQ(found.outcome, Outcome::cannot_run) << to_text({report()}, false);
    EXPECT_TRUE(found.is_grave());
    EXPECT_THAT(found.findings.at(0).message, HasSubstr("not done within 1.0 ms"));
    EXPECT_FALSE(connection_.in_transaction());
}

TEST_F(InspectTest, RowLevelSecurityDoesNotHideOrphans) {
    connection_.script(
        "alter table users force row level security; drop policy everybody on users");
    auto settings = database_.settings();
    settings.session = {{"role", database_.name() + "_readonly"}};
    pg::Connection reader(settings);
    options_.only = {"orphans"};
    const auto found = run(reader, options_).verdicts.at(0);
    EXPECT_EQ(found.outcome, Outcome::cannot_run);
    EXPECT_THAT(found.findings.at(0).message, HasSubstr("row-level security"));
}

TEST_F(InspectTest, AnEnumThatGrewIsFound) {
    connection_.query("alter type state add value 'idle'");
    expect_finding("enums", "expected 'on', 'off'; found 'on', 'off', 'idle'", "migration");
}

TEST_F(InspectTest, AViewWhoseFunctionRaisesIsFound) {
    connection_.query(
        "create or replace function answer() returns integer language plpgsql stable as 'begin "
        "raise exception ''the sky falls''; end'");
    expect_finding("views", "public.answers cannot be run: the sky falls", "pg_get_viewdef",
                   Severity::error, {"functions"});
    EXPECT_EQ(verdict("functions").outcome, Outcome::fails);
}

TEST_F(InspectTest, ADroppedViewAndAnEmptyMaterialisedOneAreFound) {
    connection_.query("drop view active");
    connection_.query("refresh materialized view totals with no data");
    const auto found = verdict("views");
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("view public.active is missing"));
    EXPECT_THAT(found.findings[0].remedy, HasSubstr("create view public.active as SELECT"));
    EXPECT_THAT(found.findings[1].message, HasSubstr("public.totals was never filled"));
}

TEST_F(InspectTest, TriggersPoliciesAndSequencesAreCompared) {
    connection_.query("alter table events disable trigger events_touch");
    EXPECT_EQ(verdict("triggers").findings.at(0).message,
              "trigger public.events.events_touch is disabled");
    EXPECT_EQ(verdict("triggers").findings.at(0).remedy,
              "alter table public.events enable trigger events_touch;");
    connection_.query("alter policy everybody on users using (false)");
    EXPECT_EQ(verdict("policies").findings.size(), 1U);
    connection_.query("alter sequence numbers increment by 7");
    EXPECT_EQ(verdict("sequences").findings.size(), 1U);
}

TEST_F(InspectTest, MissingExtensionsAreErrorsUnlessOptional) {
    options_.database.extensions = {{"pgcrypto", false}, {"nowhere", true}, {"plpgsql", false}};
    const auto found = verdict("extensions");
    EXPECT_EQ(found.outcome, Outcome::fails);
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("required extension pgcrypto"));
    EXPECT_EQ(found.findings[0].remedy, "caisson provision");
    EXPECT_EQ(found.findings[1].severity, Severity::info);
    EXPECT_THAT(found.findings[1].message, HasSubstr("does not offer it"));
    connection_.query("create extension pgcrypto");
    EXPECT_EQ(verdict("extensions").outcome, Outcome::holds);
}

TEST_F(InspectTest, SettingsAreComparedInAnyUnit) {
    options_.manifest.server.postgres = {{"max_connections", "60"},
                                         {"shared_buffers", "128MB"},
                                         {"wal_level", "logical"},
                                         {"fsync", "false"},
                                         {"checkpoint_timeout", "300s"}};
    EXPECT_EQ(verdict("settings").outcome, Outcome::holds) << to_text({report()}, false);
    options_.manifest.server.postgres = {{"shared_buffers", "1GB"}, {"no_such_setting", "1"}};
    const auto found = verdict("settings");
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_EQ(found.findings[0].message, "the server knows no setting no_such_setting");
    EXPECT_EQ(found.findings[1].message, "shared_buffers is 128MB, expected 1GB");
    EXPECT_EQ(found.findings[1].remedy, "caisson provision");
    EXPECT_EQ(found.findings[1].severity, Severity::error);
}

TEST_F(InspectTest, ASettingThatMayNotBeReadIsNotTakenForUnknown) {
    auto settings = database_.settings();
    settings.session = {{"role", database_.name() + "_readonly"}};
    pg::Connection reader(settings);
    options_.only = {"settings"};
    options_.manifest.server.postgres = {{"shared_preload_libraries", "pg_stat_statements"}};
    const auto found = run(reader, options_).verdicts.at(0);
    EXPECT_EQ(found.outcome, Outcome::cannot_run);
    EXPECT_THAT(found.findings.at(0).message, HasSubstr("may not be read by this role"));
    EXPECT_EQ(verdict("settings").findings.size(), 0U);
}

TEST_F(InspectTest, TheServiceRoleSeesEnoughForEveryCheck) {
    auto settings = database_.settings();
    settings.session = {{"role", database_.name() + "_service"}};
    pg::Connection service(settings);
    options_.manifest.server.postgres = {{"shared_preload_libraries", "pg_stat_statements"}};
    const auto found = run(service, options_);
    EXPECT_EQ(found.counts().holds, found.verdicts.size()) << to_text({found}, false);
}

TEST_F(InspectTest, HundredsOfForeignKeysNeedFewLocks) {
    connection_.query(R"sql(
do $$ begin
    for i in 1 .. 700 loop
        execute format('create table many%s (i bigint primary key references users)', i);
        if i % 50 = 0 then commit; end if;
    end loop;
end $$
)sql");
    EXPECT_EQ(verdict("orphans").outcome, Outcome::holds);
}

TEST_F(InspectTest, ASettingOfThisSessionIsNotTheServers) {
    connection_.query("set work_mem = '64MB'");
    options_.manifest.server.postgres = {{"work_mem", "4MB"}};
    EXPECT_EQ(verdict("settings").outcome, Outcome::holds);
}

TEST_F(InspectTest, RightsOfEverybodyAreFound) {
    connection_.query("grant create on schema public to public");
    expect_finding("privileges", "everybody may create objects in schema public",
                   "revoke create on schema public from public;");
    connection_.query("revoke create on schema public from public");
    connection_.query(fmt::format("grant connect on database {} to public", database_.name()));
    expect_finding("privileges", "everybody may connect to database", "revoke connect on database");
    connection_.query(fmt::format("revoke connect on database {} from public", database_.name()));
    connection_.query("grant select on users to public");
    expect_finding("privileges", "everybody may select public.users",
                   "revoke all on public.users from public;");
}

TEST_F(InspectTest, TheAppRoleMayNeitherOwnNorCreate) {
    const auto app = database_.name() + "_app";
    connection_.query(fmt::format("grant create on schema public to {}", app));
    connection_.query(fmt::format("grant create on database {} to {}", database_.name(), app));
    connection_.query(fmt::format("alter view active owner to {}", app));
    const auto found = verdict("privileges");
    ASSERT_EQ(found.findings.size(), 3U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("_app may create objects in schema public"));
    EXPECT_THAT(found.findings[1].message, HasSubstr("_app may create schemas"));
    EXPECT_THAT(found.findings[2].message, HasSubstr("_app owns view public.active"));
    EXPECT_THAT(found.findings[2].remedy,
                HasSubstr(fmt::format("reassign owned by {} to {}_owner", app, database_.name())));
}

TEST_F(InspectTest, RolesWithTooMuchAreFound) {
    const auto prefix = database_.name();
    connection_.query(fmt::format("alter role {}_app bypassrls createdb", prefix));
    connection_.query(fmt::format("alter role {}_auditor superuser", prefix));
    connection_.query(fmt::format("grant {0}_owner to {0}_readonly", prefix));
    connection_.query("set password_encryption = 'md5'");
    connection_.query(fmt::format("alter role {}_monitor password 'x'", prefix));
    connection_.query(fmt::format("drop owned by {}_advisor", prefix));
    connection_.query(fmt::format("drop role {}_advisor", prefix));
    const auto found = verdict("roles");
    std::string all;
    for (const auto& finding : found.findings) {
        all += finding.message + " -> " + finding.remedy + "\n";
    }
    EXPECT_EQ(found.findings.size(), 6U) << all;
    EXPECT_THAT(all, HasSubstr("_app can pass by row-level security"));
    EXPECT_THAT(all, HasSubstr("_app\" nobypassrls;"));
    EXPECT_THAT(all, HasSubstr("_app can create databases"));
    EXPECT_THAT(all, HasSubstr("_auditor can do everything"));
    EXPECT_THAT(all, HasSubstr("_readonly is a member of"));
    EXPECT_THAT(all, HasSubstr("the password of role " + prefix + "_monitor is not kept as"));
    EXPECT_THAT(all, HasSubstr("_advisor does not exist -> caisson provision"));
}

TEST_F(InspectTest, AStaleStructureIsAWarningNotAFalseAlarm) {
    connection_.query("drop table events");
    options_.history_head = "002";
    const auto stale = report();
    EXPECT_TRUE(stale.holds());
    for (const auto& found : stale.verdicts) {
        if (found.name == "structure") {
            EXPECT_EQ(found.outcome, Outcome::fails);
            EXPECT_EQ(found.severity, Severity::warning);
            EXPECT_EQ(found.findings.at(0).remedy, "run: caisson migrate");
        } else if (found.name == "tables" || found.name == "columns") {
            EXPECT_EQ(found.outcome, Outcome::skipped);
        }
    }
}

TEST_F(InspectTest, AMissingOrForgedStructureIsSaid) {
    connection_.query("update caisson.structure set snapshot = 'x'");
    EXPECT_TRUE(verdict("structure").is_grave());
    connection_.query("delete from caisson.structure");
    EXPECT_EQ(verdict("structure").severity, Severity::warning);
    connection_.query("drop schema caisson cascade");
    EXPECT_EQ(verdict("structure").found, "not recorded");
}

TEST_F(InspectTest, HistoryIsWhatTheCallerFound) {
    options_.history = {"001.sql was edited after it was applied"};
    expect_finding("history", "001.sql was edited", "caisson migrate status");
}

TEST_F(InspectTest, TheJournalIsWhatTheCallerFound) {
    options_.journal = {"entry 4 was changed"};
    expect_finding("journal", "entry 4 was changed", "caisson journal verify");
}

TEST_F(InspectTest, ARoleThatMayNotLookGivesNoVerdict) {
    auto settings = database_.settings();
    settings.session = {{"role", database_.name() + "_app"}};
    pg::Connection app(settings);
    for (const auto& found : run(app, options_).verdicts) {
        if (found.name == "structure" || found.name == "tables") {
            EXPECT_EQ(found.outcome, Outcome::cannot_run) << found.name;
        }
    }
}

}  // namespace
}  // namespace caisson::checks
