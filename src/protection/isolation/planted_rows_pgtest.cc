// SPDX-License-Identifier: Apache-2.0
/// Leaks that show with some rows only, and schemas for which rows are hard to make: each leak is
/// found, and each sound neighbour is clean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "protection/isolation/bench_test.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string columns = R"sql(
create type mood as enum ('calm', 'loud');
alter table notes add column status text not null default 'draft' check (status in ('draft', 'archived')),
    add column mood mood not null default 'calm', add column is_shared boolean not null default false,
    add column shared_at timestamptz, add column level int not null default 0;
drop policy notes_own on notes;
)sql";

TEST(Values, ThatPoliciesNameAreEachInARow) {
    for (const std::string condition :
         {"status = 'archived'", "mood = 'loud'", "is_shared", "shared_at is not null", "level > 7",
          "status = 'archived' and is_shared"}) {
        const auto report = Bench(columns +
                                  "create policy notes_own on notes using (user_id = "
                                  "(select me()) or (" +
                                  condition + "));")
                                .prove();
        SCOPED_TRACE(condition);
        expect_leak(report, "read notes");
        expect_leak(report, "update notes");
        expect_leak(report, "insert notes");
    }
    for (const std::string condition :
         {"status <> 'archived'", "mood = 'calm' and not is_shared"}) {
        const auto report = Bench(columns +
                                  "create policy notes_own on notes using (user_id = "
                                  "(select me()) and " +
                                  condition + ");")
                                .prove();
        EXPECT_THAT(names(report), IsEmpty()) << condition << to_text(report, false);
    }
}

TEST(Values, ThatPoliciesNameAreInTurnWhereATenantHasOneRow) {
    const std::string profiles = R"sql(
create table profiles (user_id uuid primary key references users, seen text not null default 'private' check (seen in ('private', 'public')));
alter table profiles enable row level security, force row level security;
)sql";
    expect_leak(Bench(profiles + "create policy own on profiles using (user_id = (select me()) or "
                                 "seen = 'public');")
                    .prove(),
                "read profiles");
    const auto sound =
        Bench(profiles +
              "create policy own on profiles using (user_id = (select me()) and seen in "
              "('private', 'public'));")
            .prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
}

TEST(Askers, AreKnownByTheHelpersThatTheyCall) {
    const std::string teams = R"sql(
create table teams (id uuid primary key default gen_random_uuid(), name text not null);
create table members (team_id uuid not null references teams, user_id uuid not null, primary key (team_id, user_id));
create index on members (user_id);
create function is_member(team uuid) returns boolean language plpgsql stable security definer set search_path = public as $$
declare found boolean;
begin
    select exists (select 1
from members m where m.team_id = team and m.user_id = me()) into found;
    return found;
end $$;
create table cards (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams, title text not null);
create index on cards (team_id);
alter table members enable row level security;
alter table teams enable row level security, force row level security;
alter table cards enable row level security, force row level security;
create policy members_own on members for select using (user_id = (select me()));
create policy teams_own on teams using (is_member(id));
)sql";
    const auto sound =
        Bench(teams + "create policy own on cards using (is_member(team_id));").prove();
    for (const auto& finding : sound.findings) {
        // A function asked for each row has its price, and leaks nothing.
        EXPECT_TRUE(finding.severity != Severity::error || finding.id == "calls") << finding.name();
    }
    EXPECT_EQ(outcome(sound, "cards", "insert"), "held");
    expect_leak(
        Bench(teams + "create policy own on cards using (is_member(team_id) or title <> '');")
            .prove(),
        "read cards");
}

TEST(Triggers, MayPutRowsThereFirst) {
    const std::string profiles = R"sql(
create table profiles (id uuid primary key default gen_random_uuid(), user_id uuid not null unique references users, motto text not null);
alter table profiles enable row level security;
create function welcome() returns trigger language plpgsql security definer set search_path = public as
    $$ begin insert into profiles (user_id, motto) values (new.id, 'none'); return new; end $$;
create trigger welcome after insert on users for each row execute function welcome();
)sql";
    const auto sound =
        Bench(profiles + "create policy own on profiles using (user_id = (select me()));").prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
    EXPECT_EQ(outcome(sound, "profiles", "delete"), "held");
    expect_leak(Bench(profiles + "create policy own on profiles using (user_id = (select me()) or "
                                 "motto <> '');")
                    .prove(),
                "read profiles");
}

TEST(Identities, AreUuidsWhereOneIs) {
    const std::string audit = R"sql(
create table audit (id uuid primary key default gen_random_uuid(), actor text not null, what text not null);
create index on audit (actor);
alter table audit enable row level security, force row level security;
)sql";
    const auto sound =
        Bench(audit + "create policy own on audit using (actor = (select me())::text);").prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
    expect_leak(Bench(audit + "create policy own on audit using (actor = (select me())::text or "
                              "what <> '');")
                    .prove(),
                "read audit");
}

TEST(Identities, MeetTheChecksOfWhatHoldsThem) {
    const std::string shops = R"sql(
create table shops (slug text primary key check (slug ~ '@'), name text not null);
create table bills (id uuid primary key default gen_random_uuid(), shop text not null references shops, total int not null);
create index on bills (shop);
alter table shops enable row level security, force row level security;
alter table bills enable row level security, force row level security;
create policy own on shops using (slug = (select current_setting('app.current_user_id', true)));
)sql";
    for (const std::string pattern : {"^[a-z]{3,12}$", "^[A-Z]{2}-[0-9]{4}$"}) {
        const bool leaks = pattern.starts_with("^[a-z]");
        Bench bench(replace_all(shops, "@", pattern) +
                    "create policy own on bills using (shop = (select "
                    "current_setting('app.current_user_id', true))" +
                    (leaks ? " or total is not null" : "") + ");");
        // Notes have uuids: these tenants are none there.
        bench.directory.write("migrations/001_desk.sql", "select 1;");
        const auto report = bench.prove();
        EXPECT_FALSE(find(report, "not tried shops")) << to_text(report, false);
        if (leaks) {
            expect_leak(report, "read bills");
        } else {
            EXPECT_THAT(names(report, Severity::error), IsEmpty()) << to_text(report, false);
            EXPECT_EQ(outcome(report, "bills", "insert"), "held");
        }
    }
}

TEST(Identities, MayBeDeclared) {
    const std::string shops = R"sql(
create table bills (id uuid primary key default gen_random_uuid(), shop text not null check (md5(shop) like '0%'), total int not null);
create index on bills (shop);
alter table bills enable row level security, force row level security;
create policy own on bills using (shop = (select current_setting('app.current_user_id', true)));
)sql";
    Bench bench(shops);
    bench.directory.write("migrations/001_desk.sql", "select 1;");
    EXPECT_EQ(find(bench.prove(), "not tried bills")->severity, Severity::error);

    test::Database database;
    pg::Connection connection(database.settings());
    for (const auto row : connection.query("select 'w' || n as word from generate_series(1, 999) n "
                                           "where md5('w' || n) like '0%' limit 2")) {
        bench.run.manifest.isolation.tenants.push_back(row.string("word"));
    }
    const auto report = bench.prove();
    EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
    EXPECT_EQ(report.tenants.size(), 2U);
}

TEST(Identities, MayBeAmongSeveral) {
    const std::string rooms = R"sql(
create table rooms (id uuid primary key default gen_random_uuid(), members uuid[] not null, title text not null);
create index on rooms using gin (members);
alter table rooms enable row level security, force row level security;
)sql";
    const auto sound =
        Bench(rooms + "create policy own on rooms using ((select me()) = any (members));").prove();
    EXPECT_THAT(names(sound, Severity::error), IsEmpty()) << to_text(sound, false);
    EXPECT_EQ(outcome(sound, "rooms", "select"), "held");
    expect_leak(Bench(rooms + "create policy own on rooms using ((select me()) = any (members) or "
                              "title <> '');")
                    .prove(),
                "read rooms");
}

/// Who is meant is known only from what a variable holds: rows are made for them, and kept apart.
TEST(Programs, AreFollowedThroughTheirVariables) {
    const std::string teams = R"sql(
create table teams (id uuid primary key default gen_random_uuid(), name text not null);
create table people (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams, person uuid not null);
create table boards (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams, title text not null);
create index on boards (team_id);
revoke all on teams, people from main_db_app, main_db_readonly, main_db_advisor, main_db_auditor;
create function my_teams() returns uuid[] language plpgsql stable security definer set search_path = public as $$
declare said text; whose uuid;
begin
  said := current_setting('app.current_user_id', true);
  whose := nullif(said, '')::uuid;
  return array(select team_id from people where person = whose);
end $$;
alter table boards enable row level security, force row level security;
create policy boards_own on boards using (team_id = any ((select my_teams())::uuid[]));
)sql";
    const auto sound = Bench(teams).prove();
    EXPECT_THAT(names(sound), testing::IsEmpty()) << to_text(sound, false);
    EXPECT_EQ(outcome(sound, "boards", "select"), "held");
    expect_leak(Bench(teams + "create policy boards_read on boards for select using (title <> '');")
                    .prove(),
                "read boards");
}

}  // namespace
}  // namespace caisson::isolation
