// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/rows/rows.h"
#include "tests/support/postgres.h"

namespace caisson::rows {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::UnorderedElementsAre;

const Tag tag{"a17", 10017, "aaaaaaaa-0000-4000-8000-000000000000"};

struct Rig {
    explicit Rig(const std::string& sql) {
        connection.script(sql);
        shapes = read_shapes(connection);
        connection.query("begin");
    }
    const Table& table(const std::string& name) const { return shapes.at("public." + name); }
    Put make(const std::string& name, const Recipe& recipe = {}) {
        const auto values = choose(connection, table(name), choices_for(table(name), recipe, tag));
        EXPECT_TRUE(values) << "no combination of values for " << name;
        auto done = put(connection, table(name), values.value_or(Values{}));
        EXPECT_FALSE(done.refusal) << done.refusal->message;
        return done;
    }
    test::Database database;
    pg::Connection connection{database.settings()};
    Shapes shapes;
};

TEST(ReadShapes, TellsColumnsChecksAndKeys) {
    const Rig rig(R"sql(
create domain percent as numeric(5, 2) not null check (value between 0 and 100);
create table people (id bigint generated always as identity primary key, "Full Name" varchar(20) not null,
    share percent, shout text generated always as (upper("Full Name")) stored, note text default 'none',
    constraint named check ("Full Name" <> ''));
create unique index people_a on people (lower(note)) where share > 0;
create unique index people_b on people (share) include (note);
create table pets (owner bigint references people, id serial);
)sql");
    const auto& people = rig.table("people");
    const auto* const name = people.find("\"Full Name\"");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->bare, "Full Name");
    EXPECT_EQ(name->length, 20);
    EXPECT_TRUE(people.find("id")->is_counted);
    EXPECT_EQ(people.find("share")->type, "pg_catalog.\"numeric\"");
    EXPECT_EQ(people.find("share")->precision, 5);
    EXPECT_TRUE(people.find("share")->is_required);
    EXPECT_FALSE(people.find("shout")->generated.empty());
    EXPECT_EQ(people.find("note")->fallback, "'none'::text");
    ASSERT_EQ(people.checks.size(), 2U);
    EXPECT_EQ(people.checks[1].expression,
              "((share >= (0)::numeric) AND (share <= (100)::numeric))");
    ASSERT_EQ(people.keys.size(), 3U);
    EXPECT_TRUE(people.keys[0].is_primary);
    EXPECT_FALSE(people.keys[1].is_plain);
    EXPECT_THAT(people.keys[1].columns, ElementsAre("note"));
    EXPECT_THAT(people.keys[1].read, UnorderedElementsAre("share", "note"));
    EXPECT_THAT(people.keys[2].columns, ElementsAre("share"));
    EXPECT_THAT(people.keys[2].read, UnorderedElementsAre("share", "note"));
    ASSERT_EQ(rig.table("pets").foreign_keys.size(), 1U);
    EXPECT_EQ(rig.table("pets").foreign_keys[0].parent, "public.people");
    EXPECT_THAT(rig.table("pets").foreign_keys[0].targets, ElementsAre("id"));
}

TEST(Choose, MeetsChecksOfEveryForm) {
    Rig rig(R"sql(
create type mood as enum ('calm', 'loud');
create table accounts (
    id uuid primary key default gen_random_uuid(),
    email text not null unique check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and email = lower(email)),
    status text not null default 'pending' check (status in ('pending', 'active')),
    verified_at timestamptz, system text not null, code text not null, mood mood not null,
    hash bytea not null check (octet_length(hash) = 32), score smallint not null check (score between 10 and 20),
    since date not null, until date not null, number text not null,
    number_key text generated always as (upper(regexp_replace(number, '[ -]', '', 'g'))) stored,
    ratio numeric(5, 4) not null check (ratio between 0 and 1), details jsonb not null check (jsonb_typeof(details) = 'object'),
    check (status <> 'active' or verified_at is not null), check (until > since), check (number_key ~ '^[0-9]+$'),
    check (case system when 'NAICS' then code ~ '^[0-9]{2,6}$' when 'NACE' then code ~ '^[A-U][0-9]{2}$' else false end)
);
)sql");
    const auto done = rig.make("accounts");
    EXPECT_THAT(done.values.at("status"), Optional(std::string("pending")));
    EXPECT_THAT(done.values.at("id"),
                Optional(std::string("aaaaaaaa-0000-4000-8000-000010017001")));
}

TEST(Choose, TakesFromExamplesWhatItCannotGuess) {
    Rig rig(R"sql(
create table odd (id int primary key, word text not null check (md5(word) like '9%'));
)sql");
    EXPECT_FALSE(choose(rig.connection, rig.table("odd"),
                        choices_for(rig.table("odd"), {{}, {{{"word", "no"}}}}, tag)));
    // md5('ja') begins with a7, md5('yes') with a6; that of 'nine' with 9.
    const auto word = std::string(
        rig.connection
            .query("select w from generate_series(1, 1000) n, lateral (select 'w' || n as w) l "
                   "where md5(w) like '9%' limit 1")
            .front()
            .text(0));
    EXPECT_THAT(rig.make("odd", {{}, {{{"word", word}}}}).values.at("word"), Optional(word));
}

TEST(Choose, SaysWhereNothingHolds) {
    Rig rig("create table never (n int not null check (n > 5 and n < 3))");
    EXPECT_FALSE(
        choose(rig.connection, rig.table("never"), choices_for(rig.table("never"), {}, tag)));
    EXPECT_EQ(rig.connection.query("select 1 as one").front().text("one"), "1");  // Still usable.
}

TEST(Choose, FitsAPartition) {
    Rig rig(R"sql(
create table events (at timestamptz not null, kind text not null, primary key (at, kind)) partition by range (at);
create table events_2031 partition of events for values from ('2031-01-01') to ('2032-01-01') partition by list (kind);
create table events_2031_a partition of events_2031 for values in ('a', 'b');
)sql");
    EXPECT_THAT(rig.make("events").values.at("kind"), Optional(std::string("a")));
}

TEST(Choose, LeavesSequencesAlone) {
    Rig rig(
        "create table t (id bigint generated always as identity primary key, n serial, s "
        "smallserial unique)");
    EXPECT_THAT(rig.make("t").values.at("id"), Optional(std::string("1010017")));
    EXPECT_EQ(rig.connection.query("select is_called from t_id_seq").front().text(0), "f");
}

TEST(ChoicesLike, VaryWhatMustBeUnique) {
    Rig rig(R"sql(
create table t (id uuid primary key default gen_random_uuid(), email text not null unique check (email ~ '^[^@]+@[^@]+$'),
    state text default 'new', note text);
insert into t (email, state, note) values ('layla@example.com', 'old', null);
)sql");
    const auto& table = rig.table("t");
    const Values example = {
        {"id", "x"}, {"email", "layla@example.com"}, {"state", "old"}, {"note", std::nullopt}};
    const auto values =
        choose(rig.connection, table, choices_like(table, example, {{}, {example}}, tag));
    ASSERT_TRUE(values);
    const auto done = put(rig.connection, table, *values);
    ASSERT_FALSE(done.refusal) << done.refusal->message;
    EXPECT_THAT(done.values.at("state"), Optional(std::string("old")));
    EXPECT_NE(done.values.at("email").value(), "layla@example.com");
}

TEST(Put, GivesGeneratedColumnsAndNeverWritesThem) {
    Rig rig(
        "create table t (id int primary key, word text not null, shout text not null generated "
        "always as (upper(word)) stored unique)");
    const auto done = rig.make("t", {{{"word", {"'quiet'"}}}, {}});
    EXPECT_THAT(done.values.at("shout"), Optional(std::string("QUIET")));
    rig.connection.query("delete from t");
    EXPECT_FALSE(put(rig.connection, rig.table("t"), done.values).refusal);
}

TEST(Put, TellsWhyARowWasRefused) {
    Rig rig("create table t (id int primary key); insert into t values (1)");
    const auto done = put(rig.connection, rig.table("t"), {{"id", "1"}});
    ASSERT_TRUE(done.refusal);
    EXPECT_EQ(done.refusal->sqlstate, "23505");
    EXPECT_EQ(rig.connection.query("select count(*) as n from t").front().text("n"), "1");
}

}  // namespace
}  // namespace caisson::rows
