// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/proof/rows.h"
#include "lifecycle/proof/samples.h"
#include "tests/support/postgres.h"

namespace caisson::proof {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Rig {
    test::Database database;
    pg::Connection connection{database.settings()};
    std::map<std::string, Rows> rows() { return rows_of(connection, tables_of(connection)); }
};

TEST(Rows, HaveTheSameDigestInWhateverOrderTheyLie) {
    Rig rig;
    rig.connection.script(
        "create table a (id int, name text); insert into a values (1, 'x'), (2, null);"
        "create table b (name text, id int); insert into b values (null, 2), ('x', 1);");
    const auto rows = rig.rows();
    EXPECT_EQ(rows.at("public.a").count, 2U);
    EXPECT_EQ(rows.at("public.b").count, 2U);
    const auto before = rows.at("public.a");
    rig.connection.script("update a set name = name");  // Another place, the same content.
    EXPECT_EQ(rig.rows().at("public.a"), before);
    rig.connection.script("update a set name = '' where id = 2");
    EXPECT_NE(rig.rows().at("public.a"), before);
}

TEST(Samples, FillEveryTableWhoseConstraintsTheyCanMeet) {
    Rig rig;
    rig.connection.script(R"sql(
create type mood as enum ('calm', 'loud');
create domain code as text not null;
create table parents (id bigint generated always as identity primary key, name varchar(5) not null,
    state text not null check (state in ('open', 'closed')), mood mood not null, made timestamptz not null,
    n numeric not null, ok boolean not null, data jsonb not null, tags text[] not null, u uuid not null, code code);
create table children (id serial primary key, parent bigint not null references parents, self int references children);
create table impossible (n int not null check (n > 5 and n < 3));
create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end';
create table guarded (id int primary key);
create trigger t before insert or delete on guarded for each row execute function refuse();
create table full_already (id int); insert into full_already values (7);
)sql");
    const auto before = rig.rows();
    const auto samples = put_samples(rig.connection, before);
    EXPECT_THAT(samples.tables,
                UnorderedElementsAre("public.parents", "public.children", "public.guarded"));
    EXPECT_THAT(samples.without, ElementsAre("public.impossible"));
    EXPECT_EQ(rig.rows().at("public.children").count, 1U);
    EXPECT_EQ(rig.connection.query("select last_value, is_called from children_id_seq")
                  .front()
                  .text("is_called"),
              "f");
    take_samples(rig.connection, samples);
    for (const auto& [name, rows] : rig.rows()) {
        EXPECT_EQ(rows.count, before.at(name).count) << name;
    }
}

}  // namespace
}  // namespace caisson::proof
