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

TEST(Planted, NoForceWhereTheApplicationIsTheOwner) {
    const auto report = Bench(R"sql(
alter table notes no force row level security;
grant main_db_owner to main_db_app;
)sql",
                              true)
                            .prove();
    EXPECT_THAT(find(report, "owner notes")->message, HasSubstr("do not bind without FORCE"));
    EXPECT_EQ(find(report, "owner notes")->severity, Severity::error);
    EXPECT_EQ(find(report, "owner tags")->severity, Severity::warning);  // FORCE holds there.
    expect_leak(report, "read notes");
}

TEST(Planted, AnEnvironmentWhoseApplicationConnectsAsSomebodyStronger) {
    const auto report = Bench().prove({{"app", "main_db_service"}});
    EXPECT_THAT(names(report, Severity::error), Contains("role main_db_service"));
    expect_leak(report, "read notes");
    EXPECT_THAT(Bench().prove({{"app", "somebody"}}).notes.back(), HasSubstr("does not know"));
}

TEST(Planted, AFunctionThatIsCalledForEachRow) {
    const auto report = Bench(R"sql(
create function owns(who uuid) returns boolean language plpgsql stable as
    $$ begin return who = nullif(current_setting('app.current_user_id', true), '')::uuid; end $$;
drop policy notes_own on notes;
create policy notes_own on notes using (owns(user_id));
)sql")
                            .prove();
    ASSERT_THAT(names(report, Severity::error), Contains("calls notes")) << to_text(report, false);
    EXPECT_THAT(find(report, "calls notes")->message, HasSubstr("owns(uuid) for each row"));
    EXPECT_THAT(names(report), Contains("plan notes"));
    EXPECT_FALSE(report.holds());
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
}

}  // namespace
}  // namespace caisson::isolation
