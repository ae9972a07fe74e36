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

}  // namespace
}  // namespace caisson::schema
