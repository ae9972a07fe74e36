// SPDX-License-Identifier: Apache-2.0
/// What is in the way of a trial must not pass for a policy: leaks behind triggers, grants, types,
/// errors and clocks are found, and what could not be tried is said. Each with a sound neighbour.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/isolation/bench_test.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Users with notes whose policy is this one, and nothing else.
std::string policy(const std::string& text) {
    return "drop policy notes_own on notes;\ncreate policy notes_own on notes " + text + ";\n";
}

TEST(Errors, OfPoliciesForNobodyFailClosed) {
    for (const std::string setting : {"current_setting('app.current_user_id', true)",
                                      "current_setting('app.current_user_id')"}) {
        const auto report =
            Bench(policy("using (user_id = (select " + setting + "::uuid))")).prove();
        EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
        EXPECT_EQ(outcome(report, "notes", "select"), "held");
    }
}

TEST(Errors, OfPoliciesForTenantsAreNoProtection) {
    for (const std::string missing : {"", ", true"}) {
        Bench bench(
            "create or replace function me() returns uuid language sql stable as $$ select "
            "nullif(current_setting('app.tenant_id'" +
            missing + "), '')::uuid $$;");
        const auto report = bench.prove();
        EXPECT_EQ(find(report, "not shown notes")->severity, Severity::error);
        EXPECT_FALSE(report.holds());
        bench.run.manifest.isolation.setting = "app.tenant_id";
        EXPECT_THAT(names(bench.prove()), IsEmpty());
    }
}

TEST(Errors, OfASecondSettingAreNoProtection) {
    const auto report = Bench(policy("using (user_id = (select me()) and kind = (select "
                                     "current_setting('app.kind')))"))
                            .prove();
    EXPECT_EQ(outcome(report, "notes", "select"), "untried");
    EXPECT_FALSE(report.holds());
}

TEST(Errors, OfRefreshingAreSaid) {
    const auto report =
        Bench(policy("using (user_id = (select current_setting('app.current_user_id')::uuid))") +
              "create materialized view kept as select id, user_id from notes with no data;")
            .prove();
    EXPECT_THAT(names(report), Contains("materialised view kept"));
}

TEST(Errors, OfTriggersOnRowsThatArePutThereAreGoneAround) {
    const auto report = Bench(R"sql(
alter table notes add column topic text not null references topics;
create function who() returns trigger language plpgsql as
    $$ begin perform current_setting('app.current_user_id')::uuid; return new; end $$;
create trigger who before insert on topics for each row execute function who();
)sql")
                            .prove();
    EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
}

TEST(Rows, WithoutAReaderAreNotMissed) {
    const auto report = Bench(R"sql(
create table trail (id uuid primary key default gen_random_uuid(), user_id uuid not null references users);
create index on trail (user_id);
alter table trail enable row level security, force row level security;
create policy trail_new on trail for insert with check (user_id = (select me()));
)sql")
                            .prove();
    EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
}

TEST(Generated, KeysAreTriedByWhatTheyAreMadeOf) {
    const auto report = Bench(R"sql(
alter table notes add column email text not null,
    add column email_lower text generated always as (lower(email)) stored unique;
)sql")
                            .prove();
    EXPECT_THAT(names(report), ElementsAre("unique notes_email_lower_key"));
    EXPECT_TRUE(find(report, "unique notes_email_lower_key")->is_reproduced);
}

TEST(Keys, AreWhatIsIndexedAndNotWhatIsRead) {
    const auto report = Bench(R"sql(
alter table notes add column email text not null, add column phone text not null, add column slug text not null;
create unique index by_email on notes (email) include (user_id);
create unique index by_phone on notes (phone) where user_id is not null;
create unique index by_slug on notes (user_id, slug) where kind = 'memo';
)sql")
                            .prove();
    EXPECT_THAT(names(report), testing::UnorderedElementsAre("unique by_email", "unique by_phone"));
}

TEST(Inserts, AreFoundByWhoseTheyAreAndNotByTheirKey) {
    const std::string grants = R"sql(
revoke all on notes from main_db_app;
grant select (id, user_id, body), insert (user_id, body), update (body), delete on notes to main_db_app;
)sql";
    expect_leak(
        Bench(grants + policy("using (user_id = (select me())) with check (length(body) > 0)"))
            .prove(),
        "insert notes");
    EXPECT_THAT(names(Bench(grants).prove()), IsEmpty());

    const std::string trigger = R"sql(
create function other_key() returns trigger language plpgsql as $$ begin new.id := gen_random_uuid(); return new; end $$;
create trigger other_key before insert on notes for each row execute function other_key();
)sql";
    expect_leak(
        Bench(trigger + policy("using (user_id = (select me())) with check (length(body) > 0)"))
            .prove(),
        "insert notes");
}

TEST(Functions, AreCalledWithArgumentsThatHaveDefaults) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
create function notes_of(who uuid default me()) returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where user_id = who $$;
create function my_notes(who uuid default me()) returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where user_id = who and who = me() $$;
)sql")
                            .prove();
    expect_leak(report, "call notes_of(uuid)");
    EXPECT_THAT(names(report), ElementsAre("call notes_of(uuid)"));
}

TEST(Functions, AreCalledWithValuesOfEveryType) {
    for (const bool leaks : {true, false}) {
        const std::string own = leaks ? "" : " and user_id = me()";
        std::string sql = R"sql(
alter table notes no force row level security;
alter table notes add column at timestamptz not null default '2020-01-01';
create domain note_key as uuid;
)sql";
        const std::vector<std::pair<std::string, std::string>> functions = {
            {"in_list(p uuid[])", "id = any (p)"},
            {"of_domain(p note_key)", "id = p"},
            {"of_domains(p note_key[])", "id = any (p::uuid[])"},
            {"of_document(p jsonb)", "id = (p ->> 'id')::uuid"},
            {"of_record(p notes)", "id = p.id"},
            {"of_moment(p timestamptz)", "at = p"}};
        for (const auto& [head, condition] : functions) {
            sql += "create function " + head +
                   " returns setof notes language sql stable security definer set search_path = "
                   "public as $$ select * from notes where (" +
                   condition + ")" + own + " $$;\n";
        }
        const auto report = Bench(sql).prove();
        if (!leaks) {
            EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
            continue;
        }
        for (const auto* label :
             {"in_list(uuid[])", "of_domain(note_key)", "of_domains(note_key[])",
              "of_document(jsonb)", "of_record(notes)", "of_moment(timestamp with time zone)"}) {
            expect_leak(report, std::string("call ") + label);
        }
    }
}

TEST(Functions, ThatTakeWhatNobodyGuessesAreSaid) {
    const auto report = Bench(R"sql(
create function near(p point) returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where p is not null $$;
)sql")
                            .prove();
    EXPECT_EQ(find(report, "not tried call near(point)")->severity, Severity::warning);
}

TEST(Functions, AreCalledWithKeysOfTheTablesThatTheyName) {
    const auto report = Bench(R"sql(
do $$ begin
  for n in 10..44 loop
    execute format('create table a%s (id uuid primary key default gen_random_uuid(), user_id uuid not null references users)', n);
    execute format('create index on a%s (user_id)', n);
    execute format('alter table a%s enable row level security, force row level security', n);
    execute format('create policy own on a%s using (user_id = (select me()))', n);
  end loop;
end $$;
alter table notes no force row level security;
create function get_note(p_id uuid) returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where id = p_id $$;
create function get_any(p_id uuid) returns setof notes language plpgsql stable security definer set search_path = public as
    $$ begin return query execute 'select * from no' || 'tes where user_id = me() and id = $1' using p_id; end $$;
)sql")
                            .prove();
    expect_leak(report, "call get_note(uuid)");
    EXPECT_THAT(names(report), testing::UnorderedElementsAre("call get_note(uuid)",
                                                             "not tried call get_any(uuid)"));
}

TEST(Effects, OfCallsAndTriggersAreRowsMadeToo) {
    const std::string tables = R"sql(
alter table notes no force row level security;
create table inbox (id uuid primary key default gen_random_uuid(), user_id uuid not null, body text not null);
create index on inbox (user_id);
alter table inbox enable row level security;
create policy inbox_own on inbox using (user_id = (select me()));
create table shares (id uuid primary key default gen_random_uuid(), user_id uuid not null references users,
    note_id uuid not null references notes);
create index on shares (user_id);
alter table shares enable row level security, force row level security;
create policy shares_own on shares using (user_id = (select me()));
)sql";
    const auto report = Bench(tables + R"sql(
create function tell(p_user uuid, p_text text) returns void language sql security definer set search_path = public as
    $$ insert into inbox (user_id, body) values (p_user, p_text) $$;
create function mark() returns trigger language plpgsql security definer set search_path = public as
    $$ begin update notes set body = 'shared' where id = new.note_id; return new; end $$;
create trigger mark after insert on shares for each row execute function mark();
)sql")
                            .prove();
    EXPECT_THAT(expect_leak(report, "call tell(uuid, text)").message, HasSubstr("a row in inbox"));
    EXPECT_THAT(expect_leak(report, "insert shares").message, HasSubstr("it changes what belongs"));

    const auto sound = Bench(tables + R"sql(
create function tell(p_user uuid, p_text text) returns void language sql security definer set search_path = public as
    $$ insert into inbox (user_id, body) values (me(), p_text) $$;
create function mark() returns trigger language plpgsql as
    $$ begin update notes set body = 'shared' where id = new.note_id; return new; end $$;
create trigger mark after insert on shares for each row execute function mark();
)sql")
                           .prove();
    EXPECT_THAT(names(sound), ElementsAre("foreign key shares_note_id_fkey"));
}

TEST(Answers, ThatChangeByThemselvesAreComparedByWhatDoesNot) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
create function stats(out n bigint, out at timestamptz) language sql security definer set search_path = public as
    $$ select count(*), clock_timestamp() from notes $$;
create function my_stats(out n bigint, out at timestamptz) language sql security definer set search_path = public as
    $$ select count(*), clock_timestamp() from notes where user_id = me() $$;
create function stamp() returns text language sql security definer set search_path = public as
    $$ select count(*) || ' at ' || clock_timestamp() from notes $$;
)sql")
                            .prove();
    EXPECT_THAT(names(report),
                testing::UnorderedElementsAre("call stats()", "not tried call stamp()"))
        << to_text(report, false);
}

TEST(Victims, AreFoundWhateverTheirTypes) {
    const std::string cards = R"sql(
create table cards (id char(40) primary key, user_id uuid not null references users, is_new boolean not null, body text not null);
create table marks (user_id uuid not null references users, is_new boolean not null, at inet not null, more json not null);
create index on cards (user_id);
create index on marks (user_id);
alter table cards enable row level security, force row level security;
alter table marks enable row level security, force row level security;
)sql";
    const auto leaky = Bench(cards + R"sql(
create policy a on cards for select using (user_id = (select me()));
create policy b on cards for update using (body is not null);
create policy c on cards for delete using (body is not null);
create policy a on marks for select using (user_id = (select me()));
create policy b on marks for delete using (at is not null);
)sql")
                           .prove();
    expect_leak(leaky, "update cards");
    expect_leak(leaky, "delete cards");
    expect_leak(leaky, "delete marks");
    const auto sound = Bench(cards + R"sql(
create policy a on cards using (user_id = (select me()));
create policy a on marks using (user_id = (select me()));
)sql")
                           .prove();
    EXPECT_THAT(names(sound), ElementsAre("unique cards_pkey"));
}

TEST(Victims, ThatAreNotThereAreNoProof) {
    const auto report =
        Bench("alter table notes add column n int not null check (n > 5 and n < 3);").prove();
    EXPECT_EQ(outcome(report, "notes", "delete"), "untried");
    EXPECT_EQ(outcome(report, "notes", "update"), "untried");
    EXPECT_FALSE(report.holds());
}

TEST(Victims, ThatATriggerTakesAwayAreSaid) {
    const auto report = Bench(R"sql(
create function only_one() returns trigger language plpgsql security definer set search_path = public as
    $$ begin delete from notes where id <> new.id and user_id <> new.user_id; return new; end $$;
create trigger only_one after insert on notes for each row execute function only_one();
alter table notes no force row level security;
)sql")
                            .prove();
    EXPECT_EQ(find(report, "not tried rows notes")->severity, Severity::error);
}

TEST(Refusals, OfTriggersAreNoneOfPolicies) {
    const std::string guard = R"sql(
create function guard() returns trigger language plpgsql as $$ begin
    if new.body <> 'approved' then raise exception 'no' using errcode = 'insufficient_privilege'; end if;
    return new; end $$;
create trigger guard before update on notes for each row execute function guard();
)sql";
    expect_leak(
        Bench(guard + policy("using (user_id = (select me()))") +
              "create policy change on notes for update using (body is not null) with check (body "
              "is not null);")
            .prove(),
        "update notes");
    const auto sound = Bench(guard).prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
    EXPECT_EQ(outcome(sound, "notes", "update"), "held");
}

TEST(Refusals, OfKeysDoNotProtectRowsThatAreNothingElse) {
    const std::string members = R"sql(
create table members (team text not null, user_id uuid not null references users, primary key (team, user_id));
create index on members (user_id);
alter table members enable row level security, force row level security;
create policy own on members using (user_id = (select me()));
)sql";
    const auto leaky =
        Bench(members + "create policy change on members for update using (team <> '');").prove();
    expect_leak(leaky, "update members");
    EXPECT_THAT(names(Bench(members).prove()), IsEmpty());
}

TEST(Refusals, OfOneRowDoNotProtectTheOthers) {
    // The memo may not be written; the plan of another may.
    const auto report =
        Bench(policy("for select using (user_id = (select me()))") +
              "create policy change on notes for update using (body is not null) with check (kind "
              "= 'plan');")
            .prove();
    expect_leak(report, "update notes");
}

}  // namespace
}  // namespace caisson::isolation
