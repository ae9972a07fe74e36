// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/mermaid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/docs/samples.h"

namespace caisson::docs {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string diagram(const schema::Snapshot& snapshot) {
    const auto all = inventory(snapshot);
    const auto edges = edges_of(all);
    return mermaid(all, edges, groups_of(all, edges, mermaid_tables).front());
}

TEST(Mermaid, ShowsKeysAndHowManyRowsReferToHowMany) {
    auto snapshot = test::snapshot_of({
        {"table", "public.users", "table"},
        {"column", "public.users.id", "bigint not null"},
        {"column", "public.users.email", "character varying(20) not null"},
        {"constraint", "public.users.users_pkey", "PRIMARY KEY (id)"},
        {"constraint", "public.users.users_email_key", "UNIQUE (email)"},
        {"column order", "public.users", "id, email"},
        {"table", "other.posts", "table"},
        {"column", "other.posts.author", "bigint not null"},
        {"column", "other.posts.editor", "bigint"},
        {"column order", "other.posts", "author, editor"},
        {"constraint", "other.posts.posts_pkey", "PRIMARY KEY (author)"},
        {"constraint", "other.posts.a", "FOREIGN KEY (author) REFERENCES public.users(id)"},
        {"constraint", "other.posts.e", "FOREIGN KEY (editor) REFERENCES public.users(id)"},
    });
    EXPECT_EQ(diagram(snapshot),
              "erDiagram\n"
              "    \"other.posts\" {\n"
              "        bigint author PK, FK\n"
              "        bigint editor FK\n"
              "    }\n"
              "    \"users\" {\n"
              "        bigint id PK\n"
              "        varchar(20) email UK\n"
              "    }\n"
              "    \"users\" ||--o| \"other.posts\" : \"author\"\n"
              "    \"users\" |o--o{ \"other.posts\" : \"editor\"\n");
}

TEST(Mermaid, SaysNoNameThatItsGrammarDoesNotKnow) {
    const auto text = diagram(test::snapshot_of({
        {"table", "public.\"A \"\"%b\\\"", "table"},
        {"column", "public.\"A \"\"%b\\\".pk", "numeric(5,2)"},
        {"column", "public.\"A \"\"%b\\\".\"1 x\"", "\"Odd Name\".\"T.1\"[]"},
        {"column", "public.\"A \"\"%b\\\".größe", "double precision"},
        {"column", "public.\"A \"\"%b\\\".\"😀\"", "text"},
        {"table", "public.\"A '%b\\\"", "table"},
    }));
    EXPECT_THAT(text, HasSubstr("    \"A __b_\" {\n"));
    EXPECT_THAT(text, HasSubstr("        numeric _pk\n"));
    EXPECT_THAT(text, HasSubstr("        _Odd_Name___T_1_[] _1_x\n"));
    EXPECT_THAT(text, HasSubstr("        float8 größe\n"));
    EXPECT_THAT(text, HasSubstr("        text _\n"));
    EXPECT_THAT(text, HasSubstr("    \"A '_b_\"\n"));
}

TEST(Mermaid, GivesTwoTablesTwoNamesEvenWhereItCannotSayTheDifference) {
    const auto text = diagram(test::snapshot_of(
        {{"table", "public.\"a%\"", "table"}, {"table", "public.\"a\\\"", "table"}}));
    EXPECT_THAT(text, HasSubstr("\"a_\"\n"));
    EXPECT_THAT(text, HasSubstr("\"a_ 2\"\n"));
}

TEST(Mermaid, StaysBelowTheLimitsOfMermaid) {
    const auto all = inventory(test::many_tables(300, 40));
    const auto edges = edges_of(all);
    const auto groups = groups_of(all, edges, mermaid_tables);
    std::size_t tables = 0;
    for (const auto& group : groups) {
        EXPECT_LE(group.tables.size(), mermaid_tables);
        EXPECT_LT(mermaid(all, edges, group).size(), 50'000U);
        EXPECT_TRUE(shows_only_keys(all, group));
        tables += group.tables.size();
    }
    EXPECT_EQ(tables, 300U);
    EXPECT_LT(groups.size(), 24U) << "groups are filled";
    EXPECT_THAT(mermaid(all, edges, groups.front()), Not(HasSubstr("column_1")));
}

}  // namespace
}  // namespace caisson::docs
