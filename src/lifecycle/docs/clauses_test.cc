// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/clauses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::docs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Clauses, OfAForeignKeyAreItsColumnsTargetAndActions) {
    const auto plain = parse_reference("f", "FOREIGN KEY (a) REFERENCES public.users(id)");
    EXPECT_THAT(plain.columns, ElementsAre("a"));
    EXPECT_EQ(plain.table, "public.users");
    EXPECT_THAT(plain.target_columns, ElementsAre("id"));
    EXPECT_EQ(plain.on_delete + plain.on_update + plain.rest, "");

    const auto all = parse_reference(
        "f",
        "FOREIGN KEY (a, \"B, (c\") REFERENCES \"Odd Name\".\"T(1\"(x, \"y)\") MATCH FULL ON "
        "UPDATE CASCADE ON DELETE SET NULL (a) DEFERRABLE INITIALLY DEFERRED NOT VALID");
    EXPECT_THAT(all.columns, ElementsAre("a", "\"B, (c\""));
    EXPECT_EQ(all.table, "\"Odd Name\".\"T(1\"");
    EXPECT_THAT(all.target_columns, ElementsAre("x", "\"y)\""));
    EXPECT_EQ(all.on_update, "cascade");
    EXPECT_EQ(all.on_delete, "set null (a)");
    EXPECT_EQ(all.rest, "MATCH FULL DEFERRABLE INITIALLY DEFERRED NOT VALID");
}

TEST(Clauses, OfAConstraintAreItsKindAndColumns) {
    const auto primary = parse_constraint("k", "PRIMARY KEY (id, at)");
    EXPECT_EQ(primary.kind, Constraint::Kind::primary_key);
    EXPECT_THAT(primary.columns, ElementsAre("id", "at"));
    EXPECT_EQ(primary.rest, "");

    const auto unique =
        parse_constraint("u", "UNIQUE NULLS NOT DISTINCT (name) INCLUDE (x) DEFERRABLE");
    EXPECT_EQ(unique.kind, Constraint::Kind::unique);
    EXPECT_THAT(unique.columns, ElementsAre("name"));
    EXPECT_EQ(unique.rest, "NULLS NOT DISTINCT INCLUDE (x) DEFERRABLE");

    EXPECT_EQ(parse_constraint("c", "CHECK ((a > 0))").kind, Constraint::Kind::check);
    EXPECT_EQ(parse_constraint("e", "EXCLUDE USING gist (a WITH &&)").kind,
              Constraint::Kind::exclusion);
    EXPECT_EQ(parse_constraint("n", "NOT NULL a").kind, Constraint::Kind::other);
}

TEST(Clauses, OfAnIndexAreItsKeysAndItsCondition) {
    const auto index =
        parse_index("i",
                    "CREATE UNIQUE INDEX i ON public.users USING btree (lower(email), at DESC "
                    "NULLS LAST) INCLUDE (x) WITH (fillfactor='70') WHERE ((kind = 'a'::text) "
                    "AND (x > 0)) (invalid)");
    EXPECT_TRUE(index.is_unique);
    EXPECT_EQ(index.method, "btree");
    EXPECT_THAT(index.keys, ElementsAre("lower(email)", "at DESC NULLS LAST"));
    EXPECT_EQ(index.rest, "INCLUDE (x) WITH (fillfactor='70') (invalid)");
    EXPECT_EQ(index.condition, "(kind = 'a'::text) AND (x > 0)");

    const auto plain = parse_index("i", "CREATE INDEX i ON public.a USING gin (body)");
    EXPECT_FALSE(plain.is_unique);
    EXPECT_EQ(plain.method, "gin");
    EXPECT_EQ(plain.condition + plain.rest, "");
}

TEST(Clauses, OfAPolicyAreWhomItHoldsForAndItsConditions) {
    const auto policy = parse_policy(
        "own",
        "restrictive for update to app, \"Odd Role\" using ((a = ' with check (')) with "
        "check (((a = 1) OR (b = 2)))");
    EXPECT_FALSE(policy.is_permissive);
    EXPECT_EQ(policy.command, "update");
    EXPECT_THAT(policy.roles, ElementsAre("app", "\"Odd Role\""));
    EXPECT_EQ(policy.visible, "a = ' with check ('");
    EXPECT_EQ(policy.allowed, "(a = 1) OR (b = 2)");

    const auto insert = parse_policy("add", "permissive for insert to public with check (true)");
    EXPECT_TRUE(insert.is_permissive);
    EXPECT_EQ(insert.visible, "");
    EXPECT_EQ(insert.allowed, "true");
}

TEST(Clauses, OfATriggerAreItsMomentScopeAndFunction) {
    const auto trigger = parse_trigger(
        "late",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OF a, b ON public.users "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.a IS DISTINCT FROM old.a)) "
        "EXECUTE FUNCTION public.touch('x') disabled");
    EXPECT_EQ(trigger.moment, "AFTER INSERT OR UPDATE OF a, b");
    EXPECT_EQ(trigger.scope,
              "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.a IS DISTINCT "
              "FROM old.a))");
    EXPECT_EQ(trigger.function, "public.touch('x')");
    EXPECT_EQ(trigger.state, "disabled");
}

TEST(Clauses, OfAFunctionAreWhatItReturnsAndPromises) {
    const auto routine = parse_routine(
        "CREATE OR REPLACE FUNCTION public.f(a integer)\n RETURNS TABLE(x integer)\n LANGUAGE "
        "sql\n "
        "STABLE PARALLEL SAFE STRICT SECURITY DEFINER COST 5\n SET search_path TO ''\nAS $$\n "
        "IMMUTABLE $$");
    EXPECT_EQ(routine.returns, "TABLE(x integer)");
    EXPECT_EQ(routine.language, "sql");
    EXPECT_THAT(routine.properties,
                ElementsAre("STABLE", "STRICT", "PARALLEL SAFE", "SECURITY DEFINER", "COST 5",
                            "SET search_path TO ''"));
}

TEST(Clauses, ThatEndAnywhereAreTakenAsFarAsTheyGo) {
    for (const std::string whole :
         {"FOREIGN KEY (a, b) REFERENCES public.users(id, x) ON DELETE SET NULL (a) NOT VALID",
          "CREATE UNIQUE INDEX i ON public.u USING btree (lower(a) DESC) WHERE (a = ')')",
          "permissive for update to \"a b\" using ((a = 1)) with check ((b = 2))",
          "CREATE TRIGGER n BEFORE UPDATE ON public.u FOR EACH ROW EXECUTE FUNCTION f() disabled",
          "UNIQUE NULLS NOT DISTINCT (a, \"b)\") INCLUDE (x)",
          "CREATE FUNCTION f()\n RETURNS x\nAS"}) {
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            for (const auto& text : {whole.substr(0, length), whole.substr(length)}) {
                EXPECT_NO_THROW(parse_reference("n", text));
                EXPECT_NO_THROW(parse_constraint("n", text));
                EXPECT_NO_THROW(parse_index("n", text));
                EXPECT_NO_THROW(parse_policy("n", text));
                EXPECT_NO_THROW(parse_trigger("n", text));
                EXPECT_NO_THROW(parse_routine(text));
                EXPECT_NO_THROW(parse_literals(text));
                EXPECT_NO_THROW(without_brackets(text));
            }
        }
    }
}

TEST(Clauses, LoseOnlyBracketsThatBelongTogether) {
    EXPECT_EQ(without_brackets("((a = b))"), "a = b");
    EXPECT_EQ(without_brackets("(a) or (b)"), "(a) or (b)");
    EXPECT_EQ(without_brackets("(a = ')')"), "a = ')'");
    EXPECT_EQ(without_brackets(""), "");
}

TEST(Clauses, OfAnEnumAreItsValues) {
    EXPECT_THAT(parse_literals("'a, b', 'it''s', ''"), ElementsAre("a, b", "it's", ""));
    EXPECT_THAT(parse_literals(""), IsEmpty());
    EXPECT_EQ(unquoted("\"Odd \"\"T\"\"\""), "Odd \"T\"");
    EXPECT_EQ(unquoted("plain"), "plain");
}

}  // namespace
}  // namespace caisson::docs
