// SPDX-License-Identifier: Apache-2.0
/// Channels planted one by one in a platform that has none: keys, references and statistics answer
/// whoever asks by whatever command. Each with a sound neighbour.
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

/// What may be changed, and not put there, tells as well: `by_update`. What has the tenant in it
/// tells nothing, and a reference that says whose the row is would give it away: `sound`.
TEST(Channels, AreTriedByUpdateWhereTheRoleMayNotInsert) {
    const std::string table = R"sql(
alter table notes add unique (id, user_id);
create table pages (id uuid primary key default gen_random_uuid(), user_id uuid not null references users,
    kind text not null default 'memo' check (kind in ('memo', 'plan')),
    slug text not null, note_id uuid references notes, parent uuid references pages);
create index on pages (user_id);
alter table pages enable row level security, force row level security;
create policy pages_own on pages using (user_id = (select me()));
revoke insert, update on pages from main_db_app;
)sql";
    const auto report = Bench(table + R"sql(
alter table pages add unique (slug);
grant update (slug, note_id, parent) on pages to main_db_app;
)sql")
                            .prove();
    EXPECT_THAT(names(report),
                UnorderedElementsAre("unique pages_slug_key", "foreign key pages_note_id_fkey",
                                     "foreign key pages_parent_fkey"))
        << to_text(report, false);
    for (const auto* name : {"unique pages_slug_key", "foreign key pages_note_id_fkey",
                             "foreign key pages_parent_fkey"}) {
        ASSERT_TRUE(find(report, name));
        EXPECT_TRUE(find(report, name)->is_reproduced) << find(report, name)->session;
        EXPECT_THAT(find(report, name)->session, HasSubstr("update public.pages set "));
        EXPECT_THAT(find(report, name)->message, HasSubstr("whoever updates"));
        EXPECT_THAT(find(report, name)->actors,
                    UnorderedElementsAre("tenant a", "tenant b", "tenant c"));
    }
    EXPECT_THAT(find(report, "unique pages_slug_key")->session, HasSubstr("ERROR 23505"));
    EXPECT_TRUE(report.holds());

    const auto sound = Bench(table + R"sql(
alter table pages add unique (user_id, slug), drop constraint pages_note_id_fkey,
    add foreign key (note_id, user_id) references notes (id, user_id);
grant update (slug, user_id, note_id) on pages to main_db_app;
)sql")
                           .prove();
    EXPECT_THAT(names(sound), IsEmpty()) << to_text(sound, false);
}

/// Whoever signs up is nobody yet.
TEST(Channels, AreTriedAsNobodyToo) {
    Bench bench(R"sql(
create table entries (id uuid primary key default gen_random_uuid(), user_id uuid not null references users,
    address text not null unique, note_id uuid references notes);
create index on entries (user_id);
alter table entries enable row level security, force row level security;
create policy entries_own on entries for select using (user_id = (select me()));
create policy entries_new on entries for insert with check (current_setting('app.current_user_id', true) = '');
)sql");
    bench.run.manifest.isolation.accepted = {{"insert entries", "sign-up", {}},
                                             {"check entries.entries_new", "sign-up", {}}};
    const auto report = bench.prove();
    EXPECT_THAT(names(report), testing::IsSupersetOf({"unique entries_address_key",
                                                      "foreign key entries_note_id_fkey"}))
        << to_text(report, false);
    for (const auto* name : {"unique entries_address_key", "foreign key entries_note_id_fkey"}) {
        ASSERT_TRUE(find(report, name)) << to_text(report, false);
        EXPECT_THAT(find(report, name)->actors, ElementsAre("nobody (empty setting)"));
        EXPECT_TRUE(find(report, name)->is_reproduced) << find(report, name)->session;
    }
    // Rows that the trial itself took away are no effect of it.
    EXPECT_THAT(find(report, "insert entries")->message, HasSubstr("a row can be made"));
}

TEST(Statistics, OfCataloguesAreReadByWhoMayReadEverything) {
    const auto report =
        Bench("grant pg_read_all_data to main_db_app; revoke all on users from pg_read_all_data;",
              true)
            .prove();
    const auto& finding = expect_leak(report, "statistics notes");
    EXPECT_THAT(finding.session, HasSubstr("from pg_statistic where"));
    EXPECT_FALSE(find(report, "read notes"));
}

/// As a server whose view does not ask for policies, which those of before May 2024 did less well.
TEST(Statistics, OfSeveralColumnsAreTriedToo) {
    const std::string kept = "create statistics kept on kind, body from notes;\n";
    const auto report = Bench(kept + R"sql(
set allow_system_table_mods = on;
do $do$ begin
  execute 'create or replace view pg_catalog.pg_stats_ext with (security_barrier) as ' || regexp_replace(
      pg_get_viewdef('pg_stats_ext'::regclass), 'WHERE .*$', '');
end $do$;
)sql",
                              true)
                            .prove();
    EXPECT_THAT(expect_leak(report, "statistics notes").session,
                HasSubstr("from pg_stats_ext where"));
    EXPECT_THAT(names(Bench(kept).prove()), IsEmpty());
}

}  // namespace
}  // namespace caisson::isolation
