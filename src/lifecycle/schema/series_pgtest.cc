// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/sql/split.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/series.h"
#include "tests/support/everything.h"
#include "tests/support/postgres.h"

namespace caisson::schema {
namespace {

class SeriesTest : public testing::Test {
 protected:
    /// Both ways of reading give the same now.
    void expect_same(const std::string& after) {
        const auto whole = snapshot(connection_, scope_);
        const auto found = series_.next(connection_);
        if (hash(whole) == hash(found) && whole == found) {
            return;
        }
        ADD_FAILURE() << "after " << after;
        for (const auto& difference : diff(whole, found)) {
            ADD_FAILURE() << to_text(difference.change) << " " << difference.kind << " "
                          << difference.name << "\n"
                          << difference.expected << "\n"
                          << difference.found;
        }
    }
    void run(const std::string& statement) {
        connection_.script(statement);
        expect_same(statement);
    }

    /// Roles are the server's, and some were renamed.
    void drop_roles() {
        connection_.script(R"sql(
do $$ declare name text; begin
    for name in select rolname from pg_roles where rolname like 'series\_%' loop
        execute format('reassign owned by %1$I to postgres; drop owned by %1$I; drop role %1$I', name);
    end loop;
end $$)sql");
    }

    Scope scope_{.rights = true, .column_order = true, .view_columns = true};
    test::Database database_;
    pg::Connection connection_{database_.settings()};
    Series series_{scope_};
};

TEST_F(SeriesTest, IsTheSnapshotAfterEachStatement) {
    connection_.script(std::string(test::roles));
    for (const auto text : {test::everything, test::rights}) {
        for (const auto& statement : sql::split(text)) {
            run(std::string(statement.text(text)));
        }
    }
}

constexpr const char* base = R"sql(
create role series_one; create role series_two;
create schema s; create type s.state as enum ('new', 'done'); create domain s.percent as int check (value <= 100);
create collation s.plain from "C";
create function s.f(i int) returns int language sql immutable as 'select i';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create table hub (id bigint generated always as identity primary key, name text unique, st s.state default 'new');
create table spoke (id serial primary key, hub bigint references hub, p s.percent default s.f(5), h hub, hs hub[],
    n text collate s.plain, check (s.f(id) > 0));
create table s.far (i int references spoke on delete cascade, st s.state[]);
create index spoke_n on spoke (lower(n)) where s.f(id) > 1;
create view v as select h.id, h.name, sp.n from hub h join spoke sp on sp.hub = h.id where h.st = 'new';
create view w as select v.name, count(*) from v group by 1;
create materialized view m as select name from w;
create unique index m_name on m (name);
create trigger t before update on spoke for each row when (old.n is distinct from new.n) execute function touch();
alter table hub enable row level security;
create policy p on hub to series_one using (name = current_user and exists (select from spoke where spoke.hub = hub.id));
create table part (a int, b text default 'x', c bigint) partition by list (a);
create table part_1 partition of part for values in (1);
create table part_2 partition of part for values in (2) partition by list (b);
create table part_2x partition of part_2 for values in ('x');
create table loose (a int, b text, c bigint);
create table parent (i int default 1, t text not null); create table child (extra int) inherits (parent);
create table grandchild () inherits (child);
create sequence free owned by hub.name;
create rule r as on delete to v do instead nothing;
create function atomic() returns bigint language sql begin atomic select id from hub; end;
create foreign data wrapper fw; create server fs foreign data wrapper fw;
create foreign table ft (i int) server fs options (table 'x');
)sql";

const std::vector<const char*> changes = {
    "alter table hub rename to center",
    "alter table center rename to hub",
    "alter table hub rename column name to title",
    "alter table hub rename column title to name",
    "alter type s.state rename to condition",
    "alter type s.condition rename value 'new' to 'fresh'",
    "alter type s.condition add value 'gone'",
    "alter function s.f(int) rename to g",
    "alter domain s.percent rename to share",
    "alter collation s.plain rename to simple",
    "alter schema s rename to t",
    "alter table spoke set schema t",
    "alter table t.spoke set schema public",
    "alter role series_one rename to series_first",
    "alter role series_first rename to series_one",
    "alter table hub owner to series_two",
    "grant select, insert on hub to series_one",
    "grant update (name) on hub to series_one",
    "revoke all on hub from series_two",
    "alter view v rename to seen",
    "alter view seen rename column n to note",
    "alter index spoke_n rename to spoke_note",
    "alter table spoke rename constraint spoke_hub_fkey to to_hub",
    "alter table spoke disable trigger all",
    "alter table spoke enable trigger all",
    "alter table hub disable trigger all",
    "alter table hub enable trigger all",
    "alter trigger t on spoke rename to touched",
    "alter policy p on hub to public using (true)",
    "alter policy p on hub rename to q",
    "alter sequence spoke_id_seq increment 5",
    "alter sequence hub_id_seq restart 7 cache 3",
    "alter sequence free owned by none",
    "alter sequence free rename to freed",
    "alter table hub alter id drop identity",
    "alter table hub alter id add generated by default as identity (start 3)",
    "alter table parent alter i set default 2",
    "alter table child alter i set default 3",
    "alter table parent add more int",
    "alter table parent alter t drop not null",
    "alter table grandchild no inherit child",
    "alter table grandchild inherit child",
    "alter table part attach partition loose for values in (3)",
    "alter table part detach partition part_1",
    "alter table part alter b set default 'y'",
    "alter table part add primary key (a, b)",
    "alter table part_2x rename to part_2y",
    "alter table spoke set (toast.autovacuum_enabled = off, fillfactor = 70)",
    "alter table spoke reset (toast.autovacuum_enabled)",
    "alter index spoke_pkey set (fillfactor = 60)",
    "alter table spoke cluster on spoke_pkey",
    "alter table spoke replica identity full",
    "alter table spoke alter n set storage external",
    "alter view seen set (security_barrier)",
    "refresh materialized view m with no data",
    "alter materialized view m rename to sums",
    "create statistics st on id, hub from spoke",
    "create or replace function t.g(i int) returns int language sql immutable as 'select i + 1'",
    "create function t.g(i text) returns text language sql immutable as 'select i'",
    "create operator t.=== (leftarg = int, rightarg = int, function = int4eq)",
    "alter server fs rename to fz",
    "alter foreign table ft options (set table 'y')",
    "alter foreign data wrapper fw rename to fx",
    "create extension citext",
    "alter extension citext add table loose",
    "alter extension citext drop table loose",
    "create publication pub for table spoke where (id > 3)",
    "comment on column hub.name is 'a'",
    "comment on constraint to_hub on spoke is 'b'",
    "comment on table part_2y is 'c'",
    "truncate part",
    "vacuum full hub",
    "analyze",
    "alter table hub drop column name cascade",
    "alter type t.condition rename to state",
    "drop table parent cascade",
    "alter table spoke drop constraint to_hub",
    "drop function t.g(int) cascade",
    "drop owned by series_one",
    "drop table hub cascade",
    "drop schema t cascade",
};

TEST_F(SeriesTest, IsTheSnapshotAfterEachChangeOfWhatOthersName) {
    for (const auto& statement : sql::split(base)) {
        run(std::string(statement.text(base)));
    }
    for (const auto* change : changes) {
        run(change);
    }
    drop_roles();
}

/// Whatever of it can be done in an order that nobody thought of.
TEST_F(SeriesTest, IsTheSnapshotWhateverTheOrder) {
    connection_.script(base);
    std::mt19937 random(20260303);
    std::size_t done = 0;
    for (int i = 0; i < 150; ++i) {
        const std::string change = changes[random() % (changes.size() - 9)];
        try {
            connection_.script(change);
            ++done;
        } catch (const pg::DatabaseError&) {
            continue;
        }
        if (random() % 3 > 0) {
            expect_same(change);
        }
    }
    expect_same("all of them");
    EXPECT_GT(done, 40U);
    drop_roles();
}

TEST_F(SeriesTest, ReadsOfATableAndItsNeighboursAlone) {
    connection_.script("create table hub (id bigint primary key)");
    for (int i = 0; i < 50; ++i) {
        connection_.script(fmt::format(
            "create table t{0} (id bigint generated always as identity primary key, hub bigint "
            "references hub, note text default 'x'); create index on t{0} (hub)",
            i));
    }
    expect_same("fifty tables");
    EXPECT_GT(series_.relations_read(), 200U);
    expect_same("nothing");
    EXPECT_EQ(series_.relations_read(), 0U);
    run("create table more (id bigint generated always as identity primary key, hub bigint "
        "references hub)");
    EXPECT_LT(series_.relations_read(), 6U);
    run("alter table t7 add n int; create index on t7 (n)");
    EXPECT_LT(series_.relations_read(), 8U);
    run("create function f() returns int language sql as 'select 1'; create type e as enum ('a')");
    EXPECT_EQ(series_.relations_read(), 0U);
    run("drop table more");
    EXPECT_LT(series_.relations_read(), 6U);
    series_.forget();
    expect_same("forgetting");
    EXPECT_GT(series_.relations_read(), 200U);
}

}  // namespace
}  // namespace caisson::schema
