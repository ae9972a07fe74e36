// SPDX-License-Identifier: Apache-2.0
/// Leaks planted one by one in a platform that has none: each must be found, by its name, with a
/// session that shows it. Here: what lets rows pass by policies, and what policies cost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/isolation/bench_test.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Planted, NoForceWhereTheApplicationIsTheOwner) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
grant main_db_owner to main_db_app;
)sql",
                              true)
                            .prove();
    EXPECT_THAT(find(report, "owner notes")->message, HasSubstr("do not bind without FORCE"));
    EXPECT_EQ(find(report, "owner notes")->severity, Severity::error);
    EXPECT_TRUE(find(report, "owner notes")->is_reproduced);
    // FORCE holds there, until the owner takes it away.
    EXPECT_EQ(find(report, "forced owner tags")->severity, Severity::warning);
    EXPECT_TRUE(find(report, "forced owner tags")->is_reproduced);
    expect_leak(report, "read notes");
}

TEST(Planted, AnEnvironmentWhoseApplicationConnectsAsSomebodyStronger) {
    const auto report = Bench().prove({{"app", "main_db_service"}});
    EXPECT_THAT(names(report, Severity::error), Contains("role main_db_service"));
    expect_leak(report, "read notes");
    EXPECT_TRUE(find(report, "role main_db_service")->is_reproduced);
    // Of whom nobody knows whether policies bind them.
    const auto unknown = Bench().prove({{"app", "somebody"}});
    EXPECT_THAT(names(unknown), ElementsAre("unknown user somebody"));
    EXPECT_FALSE(unknown.holds());
    const auto unsaid = Bench().prove({}, {{"app", "the variable USER is not set"}});
    EXPECT_THAT(names(unsaid), ElementsAre("unknown user main_db_app"));
    EXPECT_THAT(find(unsaid, "unknown user main_db_app")->message, HasSubstr("USER is not set"));
}

TEST(Planted, AFunctionThatIsCalledForEachRow) {
    const auto report = Bench(R"sql(
create function owns(who uuid) returns boolean language plpgsql stable as
    $$ begin return who = nullif(current_setting('app.current_user_id', true), '')::uuid; end $$;
drop policy notes_own on notes;
create policy notes_own on notes using (owns(user_id));
)sql")
                            .prove();
    ASSERT_THAT(names(report), Contains("calls notes")) << to_text(report, false);
    EXPECT_THAT(find(report, "calls notes")->message, HasSubstr("owns(uuid) for each row"));
    EXPECT_TRUE(find(report, "calls notes")->is_reproduced);
    EXPECT_THAT(names(report), Contains("plan notes"));
    EXPECT_TRUE(report.holds());  // It costs, and shows nobody anything.
}

TEST(Planted, AFunctionThatAnIndexAsksOnceIsNone) {
    const auto report = Bench(R"sql(
create function who() returns uuid language plpgsql stable as
    $$ begin return nullif(current_setting('app.current_user_id', true), '')::uuid; end $$;
drop policy notes_own on notes;
create policy notes_own on notes using (user_id = who());
)sql")
                            .prove();
    EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
}

/// By a statement without a condition, which asks no policy for SELECT; where it reads, those
/// narrow what is asked, and one index is enough.
TEST(Planted, AFunctionThatChangingCallsForEachRow) {
    const std::string functions = R"sql(
create function owns(who uuid) returns boolean language plpgsql stable as
    $$ begin return who = nullif(current_setting('app.current_user_id', true), '')::uuid; end $$;
create function who() returns uuid language plpgsql stable as
    $$ begin return nullif(current_setting('app.current_user_id', true), '')::uuid; end $$;
drop policy notes_own on notes;
drop policy tags_own on tags;
create policy notes_read on notes for select using (user_id = (select me()));
create policy notes_new on notes for insert with check (user_id = (select me()));
create policy tags_read on tags for select using (note_id = any (array(select id from notes where user_id = (select me()))));
)sql";
    const auto report = Bench(functions + R"sql(
create policy notes_change on notes for update using (owns(user_id));
create policy tags_gone on tags for delete using (owns((select n.user_id from notes n where n.id = note_id)));
)sql")
                            .prove();
    ASSERT_THAT(names(report), UnorderedElementsAre("calls notes", "calls tags"))
        << to_text(report, false);
    EXPECT_THAT(find(report, "calls notes")->message,
                HasSubstr("for update call owns(uuid) for each row"));
    EXPECT_THAT(find(report, "calls tags")->message,
                HasSubstr("for delete call owns(uuid) for each row"));
    EXPECT_TRUE(find(report, "calls notes")->is_reproduced);
    EXPECT_THAT(find(report, "calls notes")->session,
                HasSubstr("explain (costs off) update public.notes"));
    // An index asks once.
    const auto sound = Bench(functions + R"sql(
create policy notes_change on notes for update using (user_id = who());
create policy notes_gone on notes for delete using (user_id = who() and owns(user_id));
create policy tags_gone on tags for delete using (note_id = any (array(select id from notes where user_id = (select who()))));
)sql")
                           .prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
}

TEST(Planted, AnIndexThatOnlyChangingCannotUse) {
    // Whoever may not read has nothing but the policy for the command.
    const auto report = Bench(R"sql(
create table outbox (user_id uuid not null references users, body text not null);
create index on outbox (user_id);
alter table outbox enable row level security, force row level security;
create policy outbox_gone on outbox for delete using (user_id::text = (select me())::text);
revoke all on outbox from main_db_app;
grant delete on outbox to main_db_app;
)sql")
                            .prove();
    ASSERT_THAT(names(report), Contains("plan outbox")) << to_text(report, false);
    EXPECT_THAT(find(report, "plan outbox")->message,
                HasSubstr("its policies for delete (outbox_gone) cannot use"));
}

TEST(Planted, AnIndexThatThePolicyCannotUse) {
    const auto report = Bench(R"sql(
drop policy tags_own on tags;
create policy tags_own on tags using (note_id in (select id from notes where user_id = (select me())));
)sql")
                            .prove();
    ASSERT_THAT(names(report), ElementsAre("plan tags")) << to_text(report, false);
    EXPECT_THAT(find(report, "plan tags")->message, HasSubstr("cannot use the index on note_id"));
    EXPECT_THAT(names(Bench("drop index notes_user_id_idx;").prove()), ElementsAre("plan notes"));
}

TEST(Planted, ATenantColumnWithoutAPolicy) {
    const auto report = Bench(R"sql(
create table drafts (id uuid primary key default gen_random_uuid(), user_id uuid not null, body text not null);
create table attachments (id bigint primary key, note_id uuid not null references notes on delete cascade);
)sql")
                            .prove();
    expect_leak(report, "no policy drafts");
    // Without a column of that name, but nothing without a note.
    expect_leak(report, "no policy attachments");
    EXPECT_FALSE(find(report, "no policy topics"));
}

TEST(Planted, ASettingThatIsNeverAbsent) {
    const auto report = Bench(R"sql(
alter role main_db_app set app.current_user_id = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
)sql",
                              true)
                            .prove();
    EXPECT_THAT(names(report, Severity::error), ElementsAre("default app.current_user_id"))
        << to_text(report, false);
    EXPECT_TRUE(find(report, "default app.current_user_id")->is_reproduced);
}

TEST(Planted, AMembershipThatOnlySetRoleUses) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
alter role main_db_app noinherit;
grant main_db_owner to main_db_app;
)sql",
                              true)
                            .prove();
    EXPECT_THAT(names(report), UnorderedElementsAre("owner notes", "forced owner tags"));
    EXPECT_THAT(find(report, "owner notes")->message, HasSubstr("by SET ROLE"));
    EXPECT_THAT(find(report, "owner notes")->session, HasSubstr("set local role"));
    EXPECT_TRUE(find(report, "owner notes")->is_reproduced);
    EXPECT_FALSE(report.holds());
}

TEST(Planted, ARoleThatMakesItselfAMember) {
    const auto report = Bench("alter role main_db_app createrole;", true).prove();
    EXPECT_THAT(names(report, Severity::error), ElementsAre("role main_db_app"));
    EXPECT_TRUE(find(report, "role main_db_app")->is_reproduced);
}

TEST(Planted, AReferenceThatIsOptional) {
    const auto report = Bench(R"sql(
create table comments (id uuid primary key default gen_random_uuid(), body text not null,
    author uuid references users on delete set null);
)sql")
                            .prove();
    EXPECT_THAT(names(report), ElementsAre("reference comments"));
}

TEST(Planted, ASequenceThatNobodyOwns) {
    const auto report = Bench(R"sql(
create sequence numbers;
alter table notes add column number bigint not null default nextval('numbers');
grant usage on sequence numbers to main_db_app;
)sql")
                            .prove();
    EXPECT_THAT(names(report), ElementsAre("sequence numbers"));
    const auto* const finding = find(report, "sequence numbers");
    EXPECT_TRUE(finding->is_reproduced);
    // It can be pasted, and holds nobody up for long.
    EXPECT_THAT(finding->session, HasSubstr("set local session authorization \"main_db_app\";"));
    EXPECT_THAT(finding->session, HasSubstr("set local lock_timeout = '2s';"));
}

TEST(Planted, AViewWhoseColumnsHaveOtherNames) {
    const auto report = Bench(R"sql(
create view renamed with (security_invoker) as select id as note, user_id as whose, body as words from notes;
)sql")
                            .prove();
    EXPECT_THAT(names(report), ElementsAre("not tried insert renamed")) << to_text(report, false);
}

TEST(Conditions, ThatAskWhoActsAreQuotedAndNoError) {
    const auto report = Bench(R"sql(
create policy notes_admin on notes for select using (current_setting('app.role', true) = 'admin');
create policy notes_service on notes for select using (current_user = 'main_db_service');
create policy notes_same on notes for select using (1 = 2);
)sql")
                            .prove();
    EXPECT_THAT(names(report, Severity::error), ElementsAre("policy notes.notes_same"));
    const auto* const finding = find(report, "conditional policy notes.notes_admin");
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->severity, Severity::info);
    EXPECT_THAT(finding->message, HasSubstr("current_setting('app.role'::text, true) = 'admin'"));
    EXPECT_TRUE(finding->is_reproduced);
    EXPECT_TRUE(find(report, "conditional policy notes.notes_service"));
}

}  // namespace
}  // namespace caisson::isolation
