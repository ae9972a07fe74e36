// SPDX-License-Identifier: Apache-2.0
/// Leaks planted one by one in a platform that has none: each must be found, by its name, with a
/// session that shows it. Here: what is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/isolation/bench_test.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Sound, NothingIsFound) {
    const auto report = Bench().prove();
    EXPECT_THAT(names(report), IsEmpty()) << to_text(report, false);
    EXPECT_TRUE(report.holds());
    EXPECT_EQ(report.tenants.size(), 3U);
    EXPECT_GT(report.attempts, 100U);
    for (const auto& trial : report.trials) {
        for (const auto& [command, outcome] : trial.commands) {
            EXPECT_TRUE(outcome == "held" || outcome == "no right")
                << trial.label << " " << command << ": " << outcome;
        }
    }
}

TEST(Planted, UsingTrue) {
    const auto report = Bench("create policy notes_all on notes for select using (true);").prove();
    const auto& finding = expect_leak(report, "read notes");
    EXPECT_THAT(finding.actors, Contains("nobody"));
    EXPECT_THAT(finding.actors, Contains("tenant a"));
    EXPECT_THAT(finding.session, HasSubstr("select id, user_id, kind, body from public.notes"));
    EXPECT_THAT(names(report), Contains("policy notes.notes_all"));
}

TEST(Planted, APolicyOnTheWrongColumn) {
    const auto report = Bench(R"sql(
alter table notes add column written_by uuid references users;
drop policy notes_own on notes;
create policy notes_own on notes using (written_by = (select me()) or written_by is null);
)sql")
                            .prove();
    expect_leak(report, "read notes");
    EXPECT_THAT(find(report, "column notes")->message, HasSubstr("do not ask for user_id"));
}

TEST(Planted, AViewThatAsksAsItsOwner) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
create view all_notes as select id, user_id, body from notes;
create view kinds as select kind, count(*) as notes from notes group by kind;
)sql")
                            .prove();
    expect_leak(report, "view all_notes");
    // A figure in which rows of others are counted is no row of others, and depends on them.
    EXPECT_THAT(expect_leak(report, "view kinds").message,
                HasSubstr("depends on the rows of other"));
    // It can be written through, as well.
    expect_leak(report, "update all_notes");
    expect_leak(report, "delete all_notes");
}

TEST(Planted, ASecurityDefinerFunction) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
create function note_of(wanted uuid) returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where id = wanted $$;
create function is_taken(address text) returns boolean language sql stable security definer set search_path = public as
    $$ select exists (select from users where email = address) $$;
create function forget(wanted uuid) returns void language sql security definer set search_path = public as
    $$ delete from notes where id = wanted $$;
create function mine() returns setof notes language sql stable security definer set search_path = public as
    $$ select * from notes where user_id = me() $$;
)sql")
                            .prove();
    EXPECT_THAT(expect_leak(report, "call note_of(uuid)").message, HasSubstr("tenant"));
    expect_leak(report, "call is_taken(text)");
    EXPECT_THAT(expect_leak(report, "call forget(uuid)").message, HasSubstr("changes"));
    EXPECT_FALSE(find(report, "call mine()"));
}

TEST(Planted, AMaterialisedView) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
create materialized view kept as select id, user_id, body from notes;
)sql")
                            .prove();
    EXPECT_THAT(expect_leak(report, "materialised view kept").session,
                HasSubstr("refresh materialized view public.kept"));
}

TEST(Planted, APartitionThatIsReachedDirectly) {
    const auto report = Bench(R"sql(
create table events (user_id uuid not null, at date not null, what text not null) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
create table events_rest partition of events default;
create index on events (user_id);
alter table events enable row level security, force row level security;
create policy events_own on events using (user_id = (select me()));
)sql")
                            .prove();
    expect_leak(report, "partition events_2024");
    EXPECT_THAT(names(report, Severity::error), Contains("partition events_rest"));
    EXPECT_FALSE(find(report, "read events"));
}

TEST(Planted, AnEmptySettingThatSeesEverything) {
    const auto report = Bench(R"sql(
create policy notes_admin on notes using (coalesce(current_setting('app.current_user_id', true), '') = '');
)sql")
                            .prove();
    const auto& finding = expect_leak(report, "read notes");
    EXPECT_THAT(finding.actors, UnorderedElementsAre("nobody", "nobody (empty setting)"));
}

}  // namespace
}  // namespace caisson::isolation
