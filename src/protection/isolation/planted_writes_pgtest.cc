// SPDX-License-Identifier: Apache-2.0
/// Leaks planted one by one in a platform that has none: each must be found, by its name, with a
/// session that shows it. Here: what is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/isolation/bench_test.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(Planted, APolicyThatIsMissingForOneCommand) {
    const auto report = Bench(R"sql(
drop policy notes_own on notes;
create policy notes_read on notes for select using (user_id = (select me()));
create policy notes_new on notes for insert with check (user_id = (select me()));
create policy notes_gone on notes for delete using (user_id = (select me()));
create policy notes_change on notes for update using (kind is not null);
)sql")
                            .prove();
    // An UPDATE that reads nothing is asked no policy for SELECT.
    const auto& finding = expect_leak(report, "update notes");
    EXPECT_THAT(finding.session, HasSubstr("set local session authorization \"main_db_app\""));
    EXPECT_THAT(names(report, Severity::error),
                UnorderedElementsAre("update notes", "give away notes"));
}

TEST(Planted, RowsThatCanBeTakenFromAnother) {
    const auto report = Bench(R"sql(
drop policy notes_own on notes;
create policy notes_read on notes for select using (user_id = (select me()));
create policy notes_change on notes for update using (kind is not null) with check (user_id = (select me()));
)sql")
                            .prove();
    EXPECT_THAT(expect_leak(report, "take over notes").session,
                HasSubstr("update public.notes set user_id = "));
    EXPECT_THAT(names(report, Severity::error), ElementsAre("take over notes"));
}

TEST(Planted, RowsThatCanBeGivenToAnother) {
    const auto report = Bench(R"sql(
drop policy notes_own on notes;
create policy notes_own on notes using (user_id = (select me())) with check (true);
)sql")
                            .prove();
    EXPECT_THAT(expect_leak(report, "give away notes").session,
                HasSubstr("update public.notes set user_id = "));
    expect_leak(report, "insert notes");
    EXPECT_THAT(names(report), Contains("check notes.notes_own"));
    EXPECT_FALSE(find(report, "update notes"));
}

TEST(Planted, RightsThatNoPolicyBinds) {
    const auto report = Bench("grant truncate on notes, tags to main_db_app;").prove();
    expect_leak(report, "truncate tags");
    EXPECT_THAT(find(report, "truncate tags")->remedy, HasSubstr("revoke truncate"));
    // Tags refer to it.
    EXPECT_EQ(find(report, "may truncate notes")->severity, Severity::warning);
    EXPECT_FALSE(find(report, "truncate notes"));
}

TEST(Planted, AnUpsertThatReachesTheRowOfAnother) {
    const auto report = Bench(R"sql(
drop policy notes_own on notes;
create policy notes_read on notes for select using (true);
create policy notes_new on notes for insert with check (user_id = (select me()));
create policy notes_change on notes for update using (true) with check (true);
)sql")
                            .prove();
    expect_leak(report, "upsert notes");
}

}  // namespace
}  // namespace caisson::isolation
