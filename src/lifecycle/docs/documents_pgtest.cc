// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "drivers/pg/connection.h"
#include "lifecycle/docs/documents.h"
#include "lifecycle/docs/inventory.h"
#include "lifecycle/docs/markdown.h"
#include "platform/platform.h"
#include "tests/support/everything.h"
#include "tests/support/postgres.h"

namespace caisson::docs {
namespace {

using testing::HasSubstr;
using testing::Not;

platform::Manifest manifest() {
    return platform::parse(
               "[platform]\nname = \"x\"\n[databases.main]\nname = "
               "\"schema\"\nmigrations = []\n",
               "/nowhere")
        .manifest;
}

class DocumentsTest : public testing::Test {
 protected:
    schema::Snapshot read() { return schema::snapshot(connection_, docs_scope()); }
    static std::string page_of(const schema::Snapshot& snapshot) {
        const auto platform = manifest();
        return documents(platform, {{platform.databases.front(), snapshot, {}}}).front().text;
    }

    test::Database database_;
    pg::Connection connection_{database_.settings()};
};

TEST_F(DocumentsTest, LoseNothingThatADatabaseConsistsOf) {
    connection_.script(test::everything);
    connection_.script(test::roles);
    connection_.script(test::rights);
    const auto snapshot = read();
    const auto page = page_of(snapshot);
    std::set<std::string> kinds;
    for (const auto& object : snapshot.objects) {
        kinds.insert(object.kind);
        if (object.kind == "comment") {
            EXPECT_THAT(page, HasSubstr(cell_text(object.definition).substr(0, 5))) << object.key();
            continue;
        }
        if (object.kind == "owner" || object.kind == "grant" ||
            object.kind == "default privilege" || object.name == "plpgsql") {
            continue;
        }
        if (object.kind == "domain constraint") {
            const auto name = schema::split_name(object.name).second;
            EXPECT_THAT(page, HasSubstr("constraint " + name + " CHECK"));
            continue;
        }
        // How a table or type is worded, its section tells; others show what they are.
        auto own = own_name(object.name);
        if (own.starts_with("events_2026")) {
            own = "events_NNNN";  // A partition of a time is told by its series.
        }
        const bool is_shown =
            page.find(code(own)) != std::string::npos ||
            page.find(code(short_name(object.name))) != std::string::npos ||
            page.find(code(object.name)) != std::string::npos ||
            page.find(" " + inline_text(short_name(object.name)) + "\n") != std::string::npos ||
            page.find(code(schema::split_name(object.name).second)) != std::string::npos;
        EXPECT_TRUE(is_shown) << object.key();
    }
    EXPECT_GT(kinds.size(), 35U);
}

TEST_F(DocumentsTest, ShowWhatEachRoleMayDoEvenWithColumns) {
    connection_.script(test::everything);
    connection_.script(test::roles);
    connection_.script(test::rights);
    const auto page = page_of(read());
    EXPECT_THAT(page, HasSubstr("| [users](#table-users) | SI<br>SU on `email`<br>U on `kind` | "
                                "S\\* | | |"))
        << page.substr(page.find("## Roles"));
    EXPECT_THAT(page, HasSubstr("| `area(w integer, h integer)` | | – | administrator |"));
    EXPECT_THAT(page, HasSubstr("| `touch()` | | execute | |"))
        << "what PostgreSQL gives everybody, unless it is taken away";
}

TEST_F(DocumentsTest, ListColumnsOfTablesAsTheyStandAndOfViewsWithTheirTypes) {
    connection_.script(
        "create table t (z integer, a text, m date);"
        "create view v as select m, z::numeric(5, 2) as z from t;"
        "comment on column v.z is 'rounded'");
    const auto page = page_of(read());
    EXPECT_THAT(
        page, HasSubstr("| `z` | `integer` | yes | | | |\n| `a` | `text` | yes | | | |\n| `m` |"));
    EXPECT_THAT(page, HasSubstr("| `m` | `date` | |\n| `z` | `numeric(5,2)` | rounded |\n"));
    EXPECT_THAT(page, HasSubstr("Reads [t](#table-t).\n"));
}

TEST_F(DocumentsTest, SayWhatIsOfAParentAndWhatIsItsOwn) {
    connection_.script(
        "create table p (a integer not null, b text);"
        "create table c (d date) inherits (p);"
        "create table l (n integer not null) partition by list (n);"
        "create table l1 partition of l for values in (1, 2);"
        "create index l1_own on l1 (n);");
    const auto page = page_of(read());
    EXPECT_THAT(page, HasSubstr("Inherits from [p](#table-p)."));
    EXPECT_THAT(page, HasSubstr("| `a` | `integer` | | | | (inherited) |"));
    EXPECT_THAT(page, HasSubstr("| `l1` | `l` | `FOR VALUES IN (1, 2)` | index `l1_own`: `CREATE "
                                "INDEX l1_own ON public.l1 USING btree (n)` |"));
    EXPECT_THAT(page, Not(HasSubstr("### Table l1")));
}

TEST_F(DocumentsTest, AreTheSameWhateverPartitionsOfTimeThereAre) {
    const std::string before =
        "create table e (at timestamptz not null) partition by range (at);"
        "create table e_rest partition of e default;";
    const auto partition = [](int year, int month) {
        return fmt::format(
            "create table e_{0}_{1:02} partition of e for values from ('{0}-{1:02}-01') "
            "to ('{0}-{1:02}-28');"
            "create index e_{0}_{1:02}_own on e_{0}_{1:02} (at);"
            "grant select on e_{0}_{1:02} to public;",
            year, month);
    };
    connection_.script(before + partition(2026, 1));
    const auto one = page_of(read());
    connection_.script("drop table e;" + before + partition(2027, 11) + partition(2027, 12));
    EXPECT_EQ(page_of(read()), one);
    EXPECT_THAT(one,
                HasSubstr("| `e_NNNN_NN` | `e` | a range of time each | index `e_NNNN_NN_own`: "
                          "`CREATE INDEX e_NNNN_NN_own ON public.e_NNNN_NN USING btree (at)` |"));
    EXPECT_THAT(one, HasSubstr("| `e_rest` | `e` | `DEFAULT` |"));
}

TEST_F(DocumentsTest, AreTheSameEveryTime) {
    connection_.script(test::everything);
    EXPECT_EQ(page_of(read()), page_of(read()));
}

}  // namespace
}  // namespace caisson::docs
