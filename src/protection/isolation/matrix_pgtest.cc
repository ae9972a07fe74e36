// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/isolation/matrix.h"
#include "tests/support/postgres.h"

namespace caisson::isolation {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::string_view schema = R"sql(
do $$ begin create role matrix_app; create role matrix_group; exception when duplicate_object then null; end $$;
create table users (id int primary key, email text, name text);
create view names as select name from users;
create sequence numbers;
create function f(a int) returns int language sql as 'select a';
revoke all on function f(int) from public;
grant select, insert on users to matrix_app;
grant update (name, email) on users to matrix_app;
grant usage on sequence numbers to matrix_app;
)sql";

struct Rig {
    Rig() { connection.script(schema); }
    Matrix read() { return read_matrix(connection, {"matrix_app", "matrix_gone"}); }
    test::Database database;
    pg::Connection connection{database.settings()};
};

std::vector<std::string> said(const std::vector<Deviation>& list) {
    std::vector<std::string> lines;
    for (const auto& deviation : list) {
        lines.push_back(deviation.remedy);
    }
    return lines;
}

TEST(Matrix, TellsWhatARoleMayDoByWhateverWay) {
    Rig rig;
    rig.connection.script(
        "grant select on names to public; grant matrix_group to matrix_app; "
        "grant delete on users to matrix_group");
    const auto matrix = rig.read();
    EXPECT_THAT(matrix.at("table public.users").at("matrix_app"),
                UnorderedElementsAre("select", "insert", "delete", "update (email, name)"));
    EXPECT_THAT(matrix.at("table public.names").at("matrix_app"), UnorderedElementsAre("select"));
    EXPECT_THAT(matrix.at("sequence public.numbers").at("matrix_app"),
                UnorderedElementsAre("usage"));
    EXPECT_THAT(matrix.at("function public.f(a integer)").at("matrix_app"), IsEmpty());
    EXPECT_FALSE(matrix.at("database").contains("matrix_gone"));
    EXPECT_THAT(to_table(matrix, {"matrix_app"}), HasSubstr("public.users  arw*d"));
    rig.connection.script("revoke matrix_group from matrix_app");
}

TEST(Matrix, ComparesRightByRight) {
    Rig rig;
    const auto expected = rig.read();
    EXPECT_THAT(compare(expected, expected), IsEmpty());
    rig.connection.script(
        "grant delete on users to matrix_app; revoke insert on users from matrix_app; "
        "create table later (id int); grant execute on function f(int) to matrix_app");
    EXPECT_THAT(said(compare(expected, rig.read())),
                UnorderedElementsAre(
                    "revoke delete on table public.users from \"matrix_app\";",
                    "grant insert on table public.users to \"matrix_app\";",
                    "revoke execute on function public.f(a integer) from \"matrix_app\";"));
}

TEST(Matrix, SaysOnceWhatEverybodyHas) {
    Rig rig;
    const auto expected = rig.read();
    rig.connection.script("grant delete on users to public");
    EXPECT_THAT(said(compare(expected, rig.read())),
                ElementsAre("revoke delete on table public.users from public;"));
}

}  // namespace
}  // namespace caisson::isolation
