// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protection/privileges/matrix.h"
#include "tests/support/postgres.h"

namespace caisson::privileges {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view schema = R"sql(
create role matrix_app;
create role matrix_group;
create role matrix_desk;
create table users (id int primary key, email text, name text);
create view names as select name from users;
create sequence numbers;
create function f(a int) returns int language sql as 'select a';
revoke all on function f(int) from public;
grant select, insert on users to matrix_app;
grant update (name, email) on users to matrix_app;
grant usage on sequence numbers to matrix_app;
)sql";

/// Roles are the server's: what a test makes of them ends with it.
struct Rig {
    Rig() {
        connection.script("begin");
        connection.script(schema);
    }
    Privileges read() {
        return read_privileges(connection, {"matrix_app", "matrix_desk", "matrix_gone"});
    }
    std::vector<Deviation> changed_by(const std::string& sql) {
        const auto expected = read();
        connection.script(sql);
        return compare(expected, read(), {"matrix_app", "matrix_desk", "matrix_gone"});
    }
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
    const auto matrix = rig.read().matrix;
    EXPECT_THAT(matrix.at("table public.users").at("matrix_app"),
                UnorderedElementsAre("select", "insert", "delete", "update (email, name)"));
    EXPECT_THAT(matrix.at("table public.names").at("matrix_app"), UnorderedElementsAre("select"));
    EXPECT_THAT(matrix.at("sequence public.numbers").at("matrix_app"),
                UnorderedElementsAre("usage"));
    EXPECT_THAT(matrix.at("function public.f(a integer)").at("matrix_app"), IsEmpty());
    EXPECT_FALSE(matrix.at("database").contains("matrix_gone"));
    EXPECT_THAT(to_table(matrix, {"matrix_app"}), HasSubstr("public.users  arw*d"));
}

TEST(Matrix, ComparesRightByRight) {
    EXPECT_THAT(Rig().changed_by("select"), IsEmpty());
    EXPECT_THAT(said(Rig().changed_by(
                    "grant delete on users to matrix_app; revoke insert on users from matrix_app; "
                    "create table later (id int); grant execute on function f(int) to matrix_app")),
                UnorderedElementsAre("revoke delete on table public.users from \"matrix_app\";",
                                     "grant insert on table public.users to \"matrix_app\";",
                                     "revoke execute on function public.f(a integer) from "
                                     "\"matrix_app\";"));
}

TEST(Matrix, SaysOnceWhatEverybodyHas) {
    EXPECT_THAT(said(Rig().changed_by("grant delete on users to public")),
                ElementsAre("revoke delete on table public.users from public;"));
}

TEST(Matrix, TakesFromAGroupWhatTheGroupGives) {
    Rig rig;
    rig.connection.script("grant matrix_group to matrix_app");
    const auto list = rig.changed_by("grant delete on users to matrix_group");
    EXPECT_THAT(said(list),
                ElementsAre("revoke delete on table public.users from \"matrix_group\";"));
    EXPECT_EQ(list.front().role, "matrix_app");
    EXPECT_EQ(list.front().by, "matrix_group");
}

TEST(Matrix, SaysAMembershipAndNotWhatComesWithIt) {
    Rig rig;
    rig.connection.script("grant delete on users to matrix_group");
    EXPECT_THAT(said(rig.changed_by("grant matrix_group to matrix_app")),
                ElementsAre("revoke \"matrix_group\" from \"matrix_app\";"));
    EXPECT_THAT(said(rig.changed_by("revoke matrix_group from matrix_app")),
                ElementsAre("grant \"matrix_group\" to \"matrix_app\";"));
}

TEST(Matrix, SaysAMembershipThatGivesNothingByItself) {
    Rig rig;
    rig.connection.script("alter role matrix_app noinherit");
    EXPECT_THAT(said(rig.changed_by("grant matrix_group to matrix_app")),
                ElementsAre("revoke \"matrix_group\" from \"matrix_app\";"));
}

TEST(Matrix, ARoleThatOneSideHasIsADifference) {
    Rig rig;
    const auto list = rig.changed_by("drop owned by matrix_desk; drop role matrix_desk");
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list.front().role, "matrix_desk");
    EXPECT_EQ(list.front().right, "exist");
    EXPECT_FALSE(list.front().is_found);
    // Neither side has the third one.
}

TEST(Matrix, ASuperuserIsSaidOnce) {
    EXPECT_THAT(said(Rig().changed_by("alter role matrix_app superuser")),
                ElementsAre("alter role \"matrix_app\" nosuperuser;"));
}

TEST(Matrix, WhoTheApplicationConnectsAsShouldHaveWhatItsRoleHas) {
    Rig rig;
    const auto expected = as_users(rig.read(), {{"matrix_app", "matrix_desk"}});
    const auto found = rig.read();
    EXPECT_THAT(said(compare(expected, found, {"matrix_desk"})),
                UnorderedElementsAre("grant insert on table public.users to \"matrix_desk\";",
                                     "grant select on table public.users to \"matrix_desk\";",
                                     "grant update (email, name) on table public.users to "
                                     "\"matrix_desk\";",
                                     "grant usage on sequence public.numbers to "
                                     "\"matrix_desk\";"));
}

TEST(Matrix, WhoTheApplicationConnectsAsMayBeAMemberOfItsRole) {
    Rig rig;
    const auto expected = as_users(rig.read(), {{"matrix_app", "matrix_desk"}});
    rig.connection.script("grant matrix_app to matrix_desk");
    EXPECT_THAT(said(compare(expected, rig.read(), {"matrix_desk"})), testing::IsEmpty());
    // What the role has more than it should is said of it, and of another group as ever.
    rig.connection.script(
        "grant truncate on users to matrix_app; grant matrix_group to matrix_desk");
    EXPECT_THAT(said(compare(expected, rig.read(), {"matrix_desk"})),
                UnorderedElementsAre("revoke truncate on table public.users from \"matrix_app\";",
                                     "revoke \"matrix_group\" from \"matrix_desk\";"));
}

}  // namespace
}  // namespace caisson::privileges
