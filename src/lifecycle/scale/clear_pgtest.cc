// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/evidence.h"
#include "lifecycle/scale/scaling_test.h"

namespace caisson::scale {
namespace {

using ScaleClearTest = Scaling;

TEST_F(ScaleClearTest, EverythingThatWasMadeGoesAndNothingElse) {
    sql(shop_tables);
    sql("insert into customers (id, email, country, created_at) "
        "values (gen_random_uuid(), 'mine@example.com', 'DE', now())");
    const auto made = make(shop_file).made();
    const auto cleared = take_back();
    std::uint64_t removed = 0;
    for (const auto& table : cleared.tables) {
        removed += table.removed;
        EXPECT_EQ(table.file, "scale.toml");
    }
    EXPECT_EQ(removed, made);
    EXPECT_EQ(cleared.kept_rows(), 0U);
    EXPECT_EQ(one("select string_agg(email, ' ') from customers"), "mine@example.com");
    EXPECT_EQ(one("select (select count(*) from caisson.seed_scale_tables) + "
                  "(select count(*) from caisson.seed_scale_sources)"),
              "0");
    EXPECT_EQ(take_back().tables.size(), 0U);
}

TEST_F(ScaleClearTest, ChangedRowsStayAndThoseTheyReferTo) {
    sql(shop_tables);
    make(shop_file);
    sql("update orders set total = total + 1 where id = 1003;"
        "update lines set code = 'mine' where ctid = (select min(ctid) from lines)");
    const auto cleared = take_back();
    EXPECT_EQ(one("select count(*) from orders"), "2");
    EXPECT_EQ(one("select count(*) from lines"), "1");
    EXPECT_EQ(one("select count(*) from customers"),
              one("select count(distinct customer_id) from orders"));
    EXPECT_EQ(cleared.kept_rows(), 3U + std::stoul(one("select count(*) from customers")));
    bool told = false;
    for (const auto& note : cleared.kept) {
        told = told || (note.table == "orders" && note.key == "{\"id\": 1003}" &&
                        note.reason == "was changed since it was made");
    }
    EXPECT_TRUE(told);
}

TEST_F(ScaleClearTest, WhatWasTakenBackInPartIsMadeWholeAgain) {
    sql(shop_tables);
    make(shop_file);
    const auto lines = contents("lines");
    const auto orders = one("select count(*) from orders");
    sql("update orders set total = 4.5 where id = 1003");
    take_back();
    EXPECT_EQ(info(connection_)[1].finished_at, "");
    const auto report = make(shop_file);
    EXPECT_GT(report.made(), 6000U);
    EXPECT_EQ(one("select count(*) from orders"), orders);
    EXPECT_EQ(one("select total from orders where id = 1003"), "4.50");
    EXPECT_EQ(contents("lines"), lines);
    sql("update orders set total = total where id = 1004");
    const auto again = take_back();
    // 1003 differs from what was made; 1004 was written, and is as it was.
    EXPECT_EQ(one("select string_agg(id::text, ' ') from orders"), "1003");
    EXPECT_EQ(again.kept_rows(), 2U + std::stoul(one("select count(*) from lines")));
}

TEST_F(ScaleClearTest, AChangeOfAColumnThatTheFileDoesNotGiveIsAChange) {
    sql(shop_tables);
    make(shop_file);
    sql("update customers set note = 'mine' where email like '%.7@example.com'");
    take_back();
    EXPECT_EQ(one("select note from customers"), "mine");
    EXPECT_EQ(one("select count(*) from customers"), "1");
}

TEST_F(ScaleClearTest, ARowThatSomebodyMadeUnderOurKeyStays) {
    sql(shop_tables);
    make(shop_file);
    sql("delete from lines where order_id = 1001; delete from orders where id = 1001;"
        "insert into orders (id, customer_id, placed_at, total) overriding system value "
        "  select 1001, id, now(), 3 from customers limit 1");
    take_back();
    EXPECT_EQ(one("select string_agg(id || ' ' || total, ',') from orders"), "1001 3.00");
}

TEST_F(ScaleClearTest, RowsAreKnownAgainByTheirValuesAfterTheTableWasWrittenAnew) {
    sql(shop_tables);
    make(shop_file);
    // Every row gets another xmin; one of them another value as well.
    sql("alter table orders alter column total type numeric(14, 2);"
        "update lines set place = place;"
        "update orders set total = 99999 where id = 1003");
    const auto cleared = take_back();
    EXPECT_EQ(one("select string_agg(id::text, ' ') from orders"), "1003");
    EXPECT_GT(cleared.tables[0].removed, 1900U);
}

TEST_F(ScaleClearTest, TransactionsOfAnotherServerMeanNothing) {
    sql(shop_tables);
    make(shop_file);
    sql("update caisson.seed_scale_tables set server = 'another'");
    sql("update orders set details = '{\"channel\": \"none\"}' where id = 1003;"
        "update customers set updated_at = '2020-01-01' "
        " where id = (select customer_id from orders where id = 1004)");
    take_back();
    EXPECT_EQ(one("select string_agg(id::text, ' ') from orders"), "1003");
    EXPECT_EQ(one("select count(*) from customers"), "2");
}

TEST_F(ScaleClearTest, RowsThatTriggersOfTheSameRunWroteAreOurs) {
    sql("create table a (id bigint primary key, children bigint not null default 0);"
        "create table b (id bigint primary key, a_id bigint not null references a);"
        "create function count_up() returns trigger language plpgsql as $$ begin "
        "  update a set children = children + c.n from (select a_id, count(*) as n from added "
        "  group by 1) c where c.a_id = a.id; return null; end $$;"
        "create trigger counted after insert on b referencing new table as added "
        "  for each statement execute function count_up()");
    make(R"(
[tables.a]
rows = 100
[tables.a.columns]
id = "sequence"
[tables.b.columns]
id = "sequence"
a_id = { make = "reference", to = "a.id", each = 3 }
)");
    EXPECT_EQ(one("select sum(children) from a"), "300");
    take_back();
    EXPECT_EQ(one("select (select count(*) from a) + (select count(*) from b)"), "0");
}

TEST_F(ScaleClearTest, WhatATriggerKeepsStaysAndIsTold) {
    sql("create table a (id bigint primary key);"
        "create function no() returns trigger language plpgsql as $$ begin "
        "  raise exception 'never'; end $$;"
        "create trigger kept before delete on a for each row execute function no()");
    make("[tables.a]\nrows = 1000\n[tables.a.columns]\nid = 'sequence'\n");
    const auto cleared = take_back();
    EXPECT_EQ(one("select count(*) from a"), "1000");
    EXPECT_EQ(cleared.kept_rows(), 1000U);
    ASSERT_EQ(cleared.kept.size(), 1U);
    EXPECT_EQ(cleared.kept[0].reason, "1000 rows: the database refuses: never");
}

TEST_F(ScaleClearTest, ADryRunTakesNothingAway) {
    sql(shop_tables);
    make(shop_file);
    seeds::Options options;
    options.dry_run = true;
    EXPECT_GT(take_back(options).tables[0].removed, 0U);
    EXPECT_EQ(one("select count(*) from customers"), "2000");
    EXPECT_EQ(make(shop_file).made(), 0U);
}

TEST_F(ScaleClearTest, NamesChooseWhatGoes) {
    sql(shop_tables);
    make(shop_file);
    seeds::Options options;
    options.files = {"lines"};
    take_back(options);
    EXPECT_EQ(one("select count(*) from lines"), "0");
    EXPECT_EQ(one("select count(*) from orders"), "5000");
    options.files = {"seeds/scale.toml"};
    take_back(options);
    EXPECT_EQ(one("select count(*) from customers"), "0");
    options.files = {"nothing"};
    EXPECT_THROW(take_back(options), Error);
}

TEST_F(ScaleClearTest, ATableThatIsGoneIsForgotten) {
    sql(shop_tables);
    make(shop_file);
    sql("drop table lines");
    take_back();
    EXPECT_EQ(one("select count(*) from caisson.seed_scale_tables"), "0");
}

TEST_F(ScaleClearTest, SeedsAndSyntheticRowsThatReferToOneAnotherGoTogether) {
    sql("create table codes (code text primary key); create table things (id bigint primary key, "
        "code text references codes)");
    directory_.write("seeds/sample/codes.csv", "code\na\nb\n");
    seeds::apply(connection_, seeds::load(manifest_, manifest_.databases[0]));
    make(
        "[tables.things]\nrows = 100\n[tables.things.columns]\nid = 'sequence'\n"
        "code = { make = 'reference', to = 'codes.code' }\n");
    const auto alone = seeds::clear(connection_);
    EXPECT_EQ(alone.kept_rows(), 2U);
    take_back();
    EXPECT_EQ(one("select (select count(*) from codes) + (select count(*) from things)"), "0");
}

TEST(Evidence, ConstantsAreToldFromExpressions) {
    for (const auto* const constant :
         {"0", "-1.5", "false", "'{}'::jsonb", "'it''s'::text", "NULL::text",
          "'a'::character varying(5)", "'1 day'::interval", "42::bigint"}) {
        EXPECT_TRUE(is_constant(constant)) << constant;
    }
    for (const auto* const expression :
         {"now()", "gen_random_uuid()", "nextval('s'::regclass)", "1 + 1", "'a' || 'b'", "'open",
          "", "-", "true and false", "('a'::text || random())"}) {
        EXPECT_FALSE(is_constant(expression)) << expression;
    }
}

}  // namespace
}  // namespace caisson::scale
