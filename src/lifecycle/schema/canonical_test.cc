// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/canonical.h"

#include <gtest/gtest.h>

namespace caisson::schema {
namespace {

TEST(CanonicalTest, PushesTheCastOfAnArrayDownToItsElements) {
    EXPECT_EQ(canonical("CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b, ]'::"
                        "character varying])::text[])))"),
              "CHECK (((status)::text = ANY (ARRAY[('a'::character varying)::text, ('b, ]'::"
              "character varying)::text])))");
}

TEST(CanonicalTest, IsAFixedPoint) {
    const auto once = canonical("x = ANY ((ARRAY['a'::public.\"T\", f(b, c)])::public.\"U\"[])");
    EXPECT_EQ(once, "x = ANY (ARRAY[('a'::public.\"T\")::public.\"U\", (f(b, c))::public.\"U\"])");
    EXPECT_EQ(canonical(once), once);
}

TEST(CanonicalTest, LeavesEverythingElseAsItIs) {
    for (const std::string text :
         {"CHECK ((note <> '(ARRAY[''a''])::text[]'::text))", "SELECT \"(ARRAY[\" FROM t",
          "f((ARRAY[1, 2]))", "(ARRAY[1, 2])::integer", "(ARRAY[1, 2", "(ARRAY[", "E'\\'(ARRAY[1]",
          ""}) {
        EXPECT_EQ(canonical(text), text);
    }
}

TEST(CanonicalViewTest, AViewOnASingleTableNamesItNowhere) {
    EXPECT_EQ(canonical_view(
                  "as SELECT u.id, sum(u.n) OVER (ORDER BY u.n) AS total FROM public.users u WHERE "
                  "(u.id IN ( SELECT u.id FROM b u WHERE (u.id = 1))) GROUP BY u.id"),
              "as SELECT id, sum(n) OVER (ORDER BY n) AS total FROM public.users u WHERE "
              "(id IN ( SELECT u.id FROM b u WHERE (u.id = 1))) GROUP BY id");
    EXPECT_EQ(canonical_view("as WITH r AS ( SELECT r.a FROM r) SELECT r.a FROM r"),
              "as WITH r AS ( SELECT r.a FROM r) SELECT a FROM r");
    EXPECT_EQ(canonical_view("as SELECT users.\"A b\", users.* FROM public.users"),
              "as SELECT \"A b\", users.* FROM public.users");
}

TEST(CanonicalViewTest, OthersStayAsTheyAre) {
    for (const std::string text :
         {"as SELECT a.i, b.j FROM (a JOIN b ON ((a.i = b.i)))", "as SELECT a.i FROM a, b",
          "as SELECT a.i FROM a UNION SELECT b.i FROM b", "as SELECT 1 AS id", "as VALUES (1)",
          ""}) {
        EXPECT_EQ(canonical_view(text), text);
    }
}

}  // namespace
}  // namespace caisson::schema
