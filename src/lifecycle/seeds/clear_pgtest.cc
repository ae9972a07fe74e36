// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lifecycle/seeds/seeding_test.h"

namespace caisson::seeds {
namespace {

class ClearTest : public Seeding {
 protected:
    std::string reason_of(const Cleared& cleared, const std::string& key) {
        for (const auto& kept : cleared.kept) {
            if (kept.key == key) {
                return kept.reason;
            }
        }
        return {};
    }
    std::uint64_t removed(const Cleared& cleared) {
        std::uint64_t sum = 0;
        for (const auto& table : cleared.tables) {
            sum += table.removed;
        }
        return sum;
    }
};

TEST_F(ClearTest, RemovesWhatWasSeededAndNothingElse) {
    sql("create table p (id int primary key, name text);"
        "create table c (id int primary key, p int references p on delete cascade);"
        "insert into p values (9, 'mine')");
    write("reference/p.csv", "id,name\n1,a\n2,b\n9,theirs\n");
    write("sample/c.csv", "id,p\n1,1\n2,2\n");
    seed();
    const auto cleared = clear(connection_);
    EXPECT_EQ(removed(cleared), 4U);
    EXPECT_EQ(reason_of(cleared, "{\"id\": 9}"), "was there before it was seeded");
    EXPECT_EQ(one("select string_agg(id::text, ',') from p"), "9");
    EXPECT_EQ(one("select count(*) from c"), "0");
    EXPECT_EQ(one("select string_agg(name, ',') from caisson.seed_files"), "reference/p.csv");
    EXPECT_EQ(seed().total().inserted, 4U) << "what was cleared can be seeded again";
}

TEST_F(ClearTest, KeepsRowsThatSomebodyChangedOrRefersTo) {
    sql("create table p (id int primary key, name text, parent int references p);"
        "create table theirs (id int primary key, a int references p on delete cascade, "
        "                     b int references p on delete set null)");
    write("reference/p.csv", "id,name,parent\n1,a,\n2,b,1\n3,c,2\n4,d,\n5,e,\n6,f,\n7,g,6\n");
    seed();
    sql("insert into theirs values (1, 3, null), (2, null, 4);"
        "update p set name = 'changed' where id = 5; delete from p where id = 7");
    const auto cleared = clear(connection_);
    EXPECT_EQ(removed(cleared), 1U);
    EXPECT_EQ(one("select string_agg(id::text, ',' order by id) from p"), "1,2,3,4,5");
    EXPECT_EQ(one("select count(*) from theirs where a = 3 or b = 4"), "2");
    EXPECT_NE(reason_of(cleared, "{\"id\": 3}").find("theirs"), std::string::npos);
    EXPECT_NE(reason_of(cleared, "{\"id\": 1}").find("a row of p that stays"), std::string::npos);
    EXPECT_NE(reason_of(cleared, "{\"id\": 5}").find("changed"), std::string::npos);
    EXPECT_EQ(cleared.kept.size(), 5U);
    sql("delete from theirs; update p set name = 'e' where id = 5");
    EXPECT_EQ(removed(clear(connection_)), 5U) << "once nothing holds them, they go";
}

TEST_F(ClearTest, TakesSetsAndFilesByName) {
    sql("create table a (id int primary key); create table b (id int primary key)");
    write("reference/a.csv", "id\n1\n");
    write("sample/a.csv", "id\n2\n");
    write("sample/b.csv", "id\n1\n");
    seed();
    Options options;
    options.files = {"b"};
    options.dry_run = true;
    EXPECT_EQ(removed(clear(connection_, {}, options)), 1U);
    EXPECT_EQ(one("select count(*) from b"), "1") << "a dry run takes nothing away";
    options.dry_run = false;
    EXPECT_EQ(removed(clear(connection_, {}, options)), 1U);
    EXPECT_EQ(removed(clear(connection_, {Set::sample})), 1U);
    EXPECT_EQ(one("select string_agg(id::text, ',') from a"), "1");
    options.files = {"nothing"};
    EXPECT_THROW(clear(connection_, {}, options), Error);
}

TEST_F(ClearTest, KeepsTheRowsThatATriggerRefusesToGiveUp) {
    sql("create table t (id int primary key, p int); create table q (id int primary key);"
        "alter table t add foreign key (p) references q;"
        "create function no() returns trigger language plpgsql as "
        "$$ begin if old.id = 2 then raise 'never'; elsif old.id = 3 then return null; end if; "
        "return old; end $$;"
        "create trigger no before delete on t for each row execute function no()");
    write("reference/q.csv", "id\n1\n2\n3\n");
    write("reference/t.csv", "id,p\n1,1\n2,2\n3,3\n");
    seed();
    const auto cleared = clear(connection_);
    EXPECT_EQ(one("select string_agg(id::text, ',' order by id) from t"), "2,3");
    EXPECT_EQ(one("select string_agg(id::text, ',' order by id) from q"), "2,3");
    EXPECT_EQ(cleared.kept.size(), 4U);
    EXPECT_EQ(seed().total().inserted, 2U);
}

TEST_F(ClearTest, ClearsTablesThatReferToOneAnother) {
    sql("create table a (id int primary key, b int); create table b (id int primary key, a int "
        "references a deferrable initially deferred);"
        "alter table a add foreign key (b) references b deferrable");
    write("reference/a.csv", "id,b\n1,1\n");
    write("reference/b.csv", "id,a\n1,1\n");
    seed();
    EXPECT_EQ(removed(clear(connection_)), 2U);
    sql("drop table b cascade");
    seed(Options{.files = {"a"}});
    sql("drop table a cascade");
    const auto cleared = clear(connection_);
    EXPECT_TRUE(cleared.kept.empty());
    EXPECT_EQ(cleared.tables.at(0).gone, 1U) << "the table is gone, and its rows with it";
}

TEST_F(ClearTest, InfoTellsWhatIsThere) {
    sql("create table t (id int primary key, n int); create table s (id int primary key)");
    write("reference/t.csv", "id,n\n1,1\n2,2\n3,3\n4,4\n");
    write("reference/s.sql", "insert into s values (1), (2)");
    const auto fresh = info(connection_, load_all());
    ASSERT_EQ(fresh.files.size(), 2U);
    EXPECT_EQ(fresh.files[1].standing, Standing::fresh);
    EXPECT_EQ(fresh.files[1].rows, 4U);
    EXPECT_EQ(fresh.files[0].table, "s");
    seed();
    sql("delete from t where id = 1; update t set n = 0 where id = 2");
    write("reference/t.csv", "id,n\n2,2\n3,3\n4,4\n");
    const auto info_now = info(connection_, load_all());
    const auto& t = info_now.files[1];
    EXPECT_EQ(t.standing, Standing::changed);
    EXPECT_EQ(t.present, 2U);
    EXPECT_EQ(t.changed, 1U);
    EXPECT_EQ(t.missing, 1U);
    EXPECT_EQ(t.tracked, 4U);
    EXPECT_EQ(t.applied_at.size(), 24U);
    EXPECT_EQ(info_now.files[0].present, 2U);
    EXPECT_EQ(info_now.rows.size(), 2U);
    fs::remove(directory_.path() / "seeds/reference/t.csv");
    const auto last = info(connection_, load_all());
    EXPECT_EQ(last.files.back().standing, Standing::gone);
    EXPECT_EQ(seed().gone, std::vector<std::string>{"reference/t.csv"});
}

}  // namespace
}  // namespace caisson::seeds
