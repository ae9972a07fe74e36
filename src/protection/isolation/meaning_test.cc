// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/meaning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::isolation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string setting = "app.current_user_id";

Meaning expression(std::string_view text, const Helpers& helpers = {}) {
    return meaning_of_expression(text, setting, helpers);
}

TEST(Meaning, AColumnComparedWithTheSettingIsTheTenant) {
    for (const std::string_view text :
         {"(user_id = ( SELECT (NULLIF(current_setting('app.current_user_id'::text, true), "
          "''::text))::uuid AS \"nullif\"))",
          "(user_id = (current_setting('app.current_user_id'::text))::uuid)",
          "((current_setting('APP.current_user_id'::text, true))::uuid = user_id)",
          "(NOT (user_id IS DISTINCT FROM ( SELECT (current_setting('app.current_user_id'::text, "
          "true))::uuid)))"}) {
        EXPECT_THAT(expression(text).identity, ElementsAre(Mention{"", "user_id"})) << text;
        EXPECT_TRUE(expression(text).asks_setting);
    }
    EXPECT_THAT(expression("(user_id = (current_setting('app.other'::text))::uuid)").identity,
                IsEmpty());
}

TEST(Meaning, AColumnComparedWithAQueryBelongs) {
    const auto meaning = expression(
        "(session_id = ANY (ARRAY( SELECT sessions.id FROM sessions WHERE (sessions.user_id = "
        "( SELECT (current_setting('app.current_user_id'::text, true))::uuid)))))");
    EXPECT_THAT(meaning.belonging, ElementsAre(Mention{"", "session_id"}));
    EXPECT_THAT(meaning.identity, ElementsAre(Mention{"sessions", "user_id"}));
}

TEST(Meaning, SeesThroughExistsAndAliases) {
    const auto meaning = expression(
        "(EXISTS ( SELECT FROM businesses b WHERE ((b.id = risk_assessments.business_id) AND "
        "(b.owner_id = "
        "( SELECT (current_setting('app.current_user_id'::text, true))::uuid)))))");
    EXPECT_THAT(meaning.belonging, ElementsAre(Mention{"", "business_id"}));
    EXPECT_THAT(meaning.identity, ElementsAre(Mention{"businesses", "owner_id"}));
}

TEST(Meaning, KnowsFunctionsThatGiveOrAskTheSetting) {
    const Helpers helpers{{"uid"}, {"my_organisations"}};
    EXPECT_THAT(expression("(user_id = ( SELECT auth.uid() AS uid))", helpers).identity,
                ElementsAre(Mention{"", "user_id"}));
    EXPECT_THAT(
        expression("(organisation_id = ANY (( SELECT my_organisations())::uuid[]))", helpers)
            .belonging,
        ElementsAre(Mention{"", "organisation_id"}));
    EXPECT_THAT(expression("my_organisations(team_id)", helpers).belonging,
                ElementsAre(Mention{"", "team_id"}));
    EXPECT_THAT(expression("(status = lower('X'::text))", helpers).belonging, IsEmpty());
}

TEST(Meaning, ReadsBodiesOfFunctions) {
    for (const std::string_view body :
         {"SELECT id FROM public.members AS m WHERE m.user_id = "
          "nullif(current_setting('app.current_user_id', true), '')::uuid",
          "BEGIN ATOMIC\n SELECT m.id FROM members m WHERE (m.user_id = "
          "(current_setting('app.current_user_id'::text))::uuid);\nEND",
          "RETURN ARRAY( SELECT m.id FROM members m WHERE (m.user_id = "
          "(current_setting('app.current_user_id'::text))::uuid))",
          "select id from members where user_id = current_setting('app.current_user_id')::uuid; "
          "select 1"}) {
        const auto meaning = meaning_of_body(body, setting);
        EXPECT_THAT(meaning.identity, ElementsAre(Mention{"members", "user_id"})) << body;
        EXPECT_TRUE(meaning.reads_tables);
    }
    const auto reader =
        meaning_of_body("select current_setting('app.current_user_id')::uuid", setting);
    EXPECT_TRUE(reader.asks_setting);
    EXPECT_FALSE(reader.reads_tables);
}

TEST(Meaning, ReadsProgramsToo) {
    const Helpers helpers{{"me"}, {}};
    for (const std::string_view body :
         {"declare found boolean;\nbegin\n  select exists (select 1\nfrom members m where m.team = "
          "team and m.user_id = me()) into found;\n  return found; end",
          "begin return exists (select from members where user_id = (select me())); end",
          "begin if exists (select from members where user_id = me()) then return true; end if; "
          "end",
          "begin found := (select count(*) from members where user_id = me()) > 0; end"}) {
        const auto meaning = meaning_of_program(body, setting, helpers);
        EXPECT_THAT(meaning.identity, ElementsAre(Mention{"members", "user_id"})) << body;
        EXPECT_TRUE(meaning.asks_setting);
        EXPECT_TRUE(meaning.reads_tables);
    }
    const auto value = meaning_of_program(
        "begin return extract(epoch from now()) > 1 and me() is distinct from null; end", setting,
        helpers);
    EXPECT_TRUE(value.asks_setting);
    EXPECT_FALSE(value.reads_tables);
}

TEST(Meaning, FollowsVariablesThatHoldTheSetting) {
    const Helpers helpers{{"me"}, {"my_teams"}};
    for (const std::string_view body :
         {"declare who uuid := current_setting('app.current_user_id')::uuid; begin return exists "
          "(select from "
          "members m where m.user_id = who); end",
          "declare who members.user_id%type default me(); begin return exists (select from members "
          "where "
          "user_id = who); end",
          "declare said text; who uuid; begin said = current_setting('app.current_user_id', true); "
          "who := "
          "nullif(said, '')::uuid; return query select * from members m where m.user_id = who; end",
          "declare Who uuid; begin select me() into strict who; if found then perform 1 from "
          "members where "
          "user_id = WHO; end if; end"}) {
        const auto meaning = meaning_of_program(body, setting, helpers);
        EXPECT_THAT(meaning.identity, ElementsAre(Mention{"members", "user_id"})) << body;
        EXPECT_THAT(meaning.asked,
                    testing::Not(testing::Contains(testing::Field(&Mention::second, "who"))));
        EXPECT_TRUE(meaning.asks_setting && meaning.reads_tables);
    }
    const auto listed = meaning_of_program(
        "declare teams uuid[]; others uuid[] := my_teams(); begin teams := array(select team_id "
        "from members where "
        "user_id = me()); return exists (select from boards b where b.team_id = any (teams) or "
        "b.guest_id = any "
        "(others)); end",
        setting, helpers);
    EXPECT_THAT(listed.belonging,
                ElementsAre(Mention{"boards", "guest_id"}, Mention{"boards", "team_id"}));
    EXPECT_THAT(listed.identity, ElementsAre(Mention{"members", "user_id"}));
}

TEST(Meaning, FollowsNoVariableThatMayHoldSomethingElse) {
    const Helpers helpers{{"me"}, {}};
    for (const std::string_view body :
         {// Whoever is asked for.
          "declare who uuid := me(); begin who := coalesce(wanted, "
          "'00000000-0000-0000-0000-000000000000'); return "
          "exists (select from members where user_id = who); end",
          "declare who uuid; begin if me() is null then who := wanted; else who := me(); end if; "
          "return exists "
          "(select from members where user_id = who); end",
          // A comparison is no assignment.
          "declare is_me boolean := wanted = me(); begin return exists (select from members where "
          "user_id = wanted); "
          "end",
          // A part of a record, and several at once.
          "begin r.who := me(); return exists (select from members where user_id = r.who); end",
          "begin select me(), 1 into who, n; return exists (select from members where user_id = "
          "who); end",
          // A column of that name.
          "declare who uuid := me(); begin return exists (select from members m where m.user_id = "
          "m.who); end"}) {
        EXPECT_THAT(meaning_of_program(body, setting, helpers).identity,
                    testing::Not(testing::Contains(Mention{"members", "user_id"})))
            << body;
    }
}

TEST(Meaning, TellsWhatIsAskedBesides) {
    const auto meaning = expression(
        "((user_id = ( SELECT (current_setting('app.current_user_id'::text))::uuid)) OR (status = "
        "'archived'::text) OR is_shared)");
    EXPECT_THAT(meaning.asked, ElementsAre(Mention{"", "is_shared"}, Mention{"", "status"},
                                           Mention{"", "user_id"}));
}

TEST(Meaning, IsEmptyForWhatCannotBeParsed) {
    const auto meaning = expression("this is (no SQL");
    EXPECT_THAT(meaning.identity, IsEmpty());
    EXPECT_FALSE(meaning.asks_setting);
}

}  // namespace
}  // namespace caisson::isolation
