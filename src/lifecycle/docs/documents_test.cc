// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/docs/samples.h"
#include "platform/platform.h"

namespace caisson::docs {
namespace {

using testing::HasSubstr;
using testing::Not;

platform::Manifest manifest_of(const std::string& more) {
    auto parsed =
        platform::parse("[platform]\nname = \"shop\"\ntitle = \"A | shop\"\n" + more, "/nowhere");
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    return std::move(parsed.manifest);
}

constexpr std::string_view one_database = "[databases.main]\nname = \"shop_db\"\nmigrations = []\n";

platform::Manifest manifest_with(const std::string& more) {
    return manifest_of(std::string(one_database) + more);
}

std::string document(const std::vector<Document>& documents, std::string_view name) {
    for (const auto& document : documents) {
        if (document.name == name) {
            return document.text;
        }
    }
    return "(none)";
}

/// The page about these objects.
std::string page_of(std::vector<schema::Object> objects) {
    const auto manifest = manifest_with("");
    return document(
        documents(manifest,
                  {{manifest.databases.front(), test::snapshot_of(std::move(objects)), {}}}),
        "DATABASE_SCHEMA.md");
}

std::vector<std::string> names(const std::vector<Document>& documents) {
    std::vector<std::string> names;
    for (const auto& document : documents) {
        names.push_back(document.name);
    }
    return names;
}

TEST(Documents, AreThreeWithAPictureAndSayWhatMadeThem) {
    const auto manifest = manifest_with("");
    std::vector<schema::Object> objects;
    test::add_table(objects, "goods");
    const auto all =
        documents(manifest, {{manifest.databases.front(), test::snapshot_of(objects)}});
    EXPECT_THAT(names(all),
                testing::ElementsAre("DATABASE_SCHEMA.md", "DATABASE_SCHEMA.svg",
                                     "REDIS_KEY_PATTERNS.md", "ENVIRONMENT_VARIABLES.md"));
    for (const auto& each : all) {
        EXPECT_TRUE(is_marked(each.text)) << each.name;
        EXPECT_TRUE(is_name_of_ours(each.name)) << each.name;
        EXPECT_TRUE(each.text.ends_with('\n')) << each.name;
    }
    EXPECT_FALSE(is_marked("# Database schema\n<!-- Made by `caisson docs`"));
    EXPECT_FALSE(is_name_of_ours("README.md"));
}

TEST(Documents, OfSeveralDatabasesAreAPageEachAndOneThatLeadsToThem) {
    const auto manifest = manifest_of(
        "[databases.main]\nname = \"shop_db\"\nmigrations = []\n[databases.audit]\nname = "
        "\"audit_db\"\nmigrations = []\n");
    std::vector<schema::Object> objects;
    test::add_table(objects, "goods");
    const DatabaseFacts main{manifest.databases[0], test::snapshot_of(objects), {}};
    const DatabaseFacts audit{manifest.databases[1], {}, {}};
    const auto all = documents(manifest, {main, audit});
    EXPECT_THAT(names(all),
                testing::ElementsAre("DATABASE_SCHEMA.md", "DATABASE_SCHEMA.main.md",
                                     "DATABASE_SCHEMA.main.svg", "DATABASE_SCHEMA.audit.md",
                                     "REDIS_KEY_PATTERNS.md", "ENVIRONMENT_VARIABLES.md"));
    EXPECT_THAT(all[0].text, HasSubstr("[shop_db](DATABASE_SCHEMA.main.md)"));
    EXPECT_THAT(all[3].text, HasSubstr("The migrations make no table."));
    EXPECT_THAT(names(documents(manifest, {audit})), Not(testing::Contains("DATABASE_SCHEMA.md")))
        << "of a part nothing can be said about all";
}

TEST(SchemaPage, TellsColumnsKeysAndRelationsOnBothSides) {
    const auto page = page_of({
        {"table", "public.users", "table"},
        {"comment", "table public.users", "Who buys | here.\nSecond line."},
        {"column", "public.users.id", "bigint not null generated always as identity"},
        {"column", "public.users.email", "character varying(20) not null"},
        {"comment", "column public.users.email", "a <b> | c"},
        {"column", "public.users.both", "text generated always as ((a || b)) stored"},
        {"column order", "public.users", "id, email, both"},
        {"constraint", "public.users.users_pkey", "PRIMARY KEY (id)"},
        {"constraint", "public.users.known", "CHECK ((email ~ 'a|b'::text)) NOT VALID"},
        {"index", "public.users.users_email_key",
         "CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower((email)::text)) "
         "WHERE (id > 0)"},
        {"comment", "index public.users.users_email_key", "sign-in: $1"},
        {"table", "public.orders", "table"},
        {"column", "public.orders.buyer", "bigint"},
        {"column order", "public.orders", "buyer"},
        {"constraint", "public.orders.f",
         "FOREIGN KEY (buyer) REFERENCES public.users(id) ON DELETE SET NULL"},
    });
    EXPECT_THAT(page, HasSubstr("# Database schema: shop_db\n\nA \\| shop. What"));
    EXPECT_THAT(page, HasSubstr("| [users](#table-users) | 3 | | Who buys \\| here. |"));
    EXPECT_THAT(page, HasSubstr("\n### Table users\n\nWho buys \\| here.\nSecond line.\n\n"));
    EXPECT_THAT(page, HasSubstr("| `id` | `bigint` | | identity, always | PK | |"));
    EXPECT_THAT(page, HasSubstr("| `email` | `varchar(20)` | | | | a \\<b> \\| c |"));
    EXPECT_THAT(page,
                HasSubstr("| `both` | `text` | yes | computed: <code>a &#124;&#124; b</code> |"));
    EXPECT_THAT(page,
                HasSubstr("| `known` | <code>email &#126; 'a&#124;b'::text</code>, not checked "
                          "of older rows |"));
    EXPECT_THAT(page,
                HasSubstr("| `users_email_key` | `lower((email)::text)` | btree, unique | where "
                          "`id > 0` | sign-in: \\$1 |"));
    EXPECT_THAT(page, HasSubstr("| `buyer` | [users](#table-users) `id` | emptied (`set null`) |"));
    EXPECT_THAT(page, HasSubstr("| [orders](#table-orders) | `buyer` | any number | emptied"));
    EXPECT_THAT(page, HasSubstr("```mermaid\nerDiagram\n"));
}

TEST(SchemaPage, SaysPoliciesInWordsAndInSql) {
    const auto page = page_of({
        {"table", "public.notes", "table"},
        {"row security", "public.notes", "enabled, forced"},
        {"policy", "public.notes.own",
         "permissive for all to public using ((owner = 1)) with check ((owner = 2))"},
        {"policy", "public.notes.read", "permissive for select to shop_db_app using (true)"},
        {"policy", "public.notes.add", "permissive for insert to public with check ((a > 0))"},
        {"policy", "public.notes.less", "restrictive for delete to public using ((b > 0))"},
        {"policy", "public.notes.edit", "permissive for update to public using ((c > 0))"},
    });
    EXPECT_THAT(page, HasSubstr("It is on, for the owner as well; `service` and `backup` see all "
                                "rows.\n"));
    EXPECT_THAT(page,
                HasSubstr("- `own`: Everybody may read, add, change and delete the rows for which "
                          "`owner = 1`; what they write must satisfy `owner = 2`.\n"));
    EXPECT_THAT(page, HasSubstr("- `read`: `app` may read every row.\n"));
    EXPECT_THAT(page, HasSubstr("- `add`: Everybody may add the rows for which `a > 0`.\n"));
    EXPECT_THAT(page,
                HasSubstr("- `less`: Whatever other policies let through, everybody may delete "
                          "only the rows for which `b > 0`.\n"));
    EXPECT_THAT(page,
                HasSubstr("- `edit`: Everybody may change the rows for which `c > 0`; what they "
                          "write must satisfy the same.\n"));
    EXPECT_THAT(page,
                HasSubstr("create policy own on public.notes as permissive for all to public\n   "
                          " using ((owner = 1))\n    with check ((owner = 2));\n"));
}

TEST(SchemaPage, SaysWhatRowLevelSecurityDoesNotDo) {
    EXPECT_THAT(page_of({{"table", "public.a", "table"},
                         {"policy", "public.a.p", "permissive for all to public using (true)"}}),
                HasSubstr("It is off: the policies below hold for nobody."));
    EXPECT_THAT(
        page_of({{"table", "public.a", "table"}, {"row security", "public.a", "enabled"}}),
        HasSubstr("the owner, `service` and `backup` see all rows. There is no policy: nobody "
                  "else sees any."));
    EXPECT_THAT(page_of({{"table", "public.a", "table"},
                         {"row security", "public.a", "enabled"},
                         {"policy", "public.a.p", "restrictive for all to public using (true)"}}),
                HasSubstr("No policy lets a row through"));
}

TEST(SchemaPage, ShowsWhatEachRoleMayDo) {
    const auto page = page_of({
        {"table", "public.a", "table"},
        {"owner", "table public.a", "shop_db_owner"},
        {"grant",
         "table public.a to shop_db_app",
         "delete, insert, select, update",
         {"table public.a"}},
        {"grant",
         "table public.a to shop_db_service",
         "delete, insert, maintain, references, select, trigger, truncate, update",
         {"table public.a"}},
        {"grant",
         "column public.a.x to \"Some Reader\"",
         "select with grant option",
         {"column public.a.x"}},
        {"column", "public.a.x", "text"},
        {"function", "public.f(a integer)",
         "CREATE OR REPLACE FUNCTION public.f(a integer)\nAS $$ $$"},
        {"owner", "function public.f(a integer)", "shop_db_owner"},
        {"grant",
         "function public.f(a integer) to public",
         "none",
         {"function public.f(a integer)"}},
        {"default privilege", "of shop_db_owner on tables to shop_db_app", "select"},
        {"default privilege", "of shop_db_owner on tables to shop_db_service", "select"},
    });
    EXPECT_THAT(page, HasSubstr("| in `public` | `app` | `service` | `Some Reader` |\n"
                                "|---|---|---|---|\n"
                                "| [a](#table-a) | SIUD | all | S\\* on `x` |\n"));
    EXPECT_THAT(page, HasSubstr("| function | everybody |\n|---|---|\n| `f(a integer)` | – |\n"));
    EXPECT_THAT(page, HasSubstr("| tables | `owner` | S | `app`, `service` |"));
    EXPECT_THAT(page, HasSubstr("| `service` | yes | sees all rows | `pg_read_all_settings` |"));
}

TEST(SchemaPage, NamesMigrationsAndExtensionsThatAreNotInIt) {
    const auto manifest = manifest_of(
        "[databases.main]\nname = \"shop_db\"\nmigrations = []\nextensions = "
        "[\"pgcrypto\", { name = \"vector\", optional = true }]\n");
    const auto page = document(
        documents(manifest, {{manifest.databases.front(),
                              test::snapshot_of({{"extension", "pgcrypto", "schema public"},
                                                 {"extension", "plpgsql", "schema pg_catalog"}}),
                              {{"002_more", "later"}}}}),
        "DATABASE_SCHEMA.md");
    EXPECT_THAT(page, HasSubstr("| extensions | `pgcrypto` |\n"));
    EXPECT_THAT(page, HasSubstr("| optional extensions | `vector`: described here as on a server "
                                "without |\n"));
    EXPECT_THAT(page,
                HasSubstr("| not in it | `002_more`, which waits for the feature `later` |\n"));
}

TEST(RedisPage, SaysHowLongKeysLiveAndHowTheyAreFound) {
    const auto manifest = manifest_with(
        "[server.redis]\nmaxmemory = \"256mb\"\nmaxmemory-policy = \"allkeys-lru\"\nappendonly = "
        "true\nappendfsync = \"always\"\nsave = \"900 1 300 10\"\ndatabases = 3\n"
        "[cache.keys.\"session:{id}\"]\nttl = \"7d\"\ndescription = \"State | of a "
        "session.\"\non_missing = \"delete\"\n"
        "[cache.keys.\"rate[x]:{user_id}:{action}\"]\nttl = \"90s\"\n"
        "[cache.keys.\"{{{user}}}:{path*}\"]\nttl = \"none\"\nevictable = false\n"
        "[environments.production]\nhost = \"h\"\nredis = { host = \"${R}\", password = "
        "\"${R}\", tls = \"verify-full\" }\n[variables.R]\n");
    const auto page = document(documents(manifest, {}), "REDIS_KEY_PATTERNS.md");
    EXPECT_THAT(page, HasSubstr("| memory | `256mb` at most |\n"));
    EXPECT_THAT(page,
                HasSubstr("| when it is full | `allkeys-lru`: the keys go that were not used"));
    EXPECT_THAT(page,
                HasSubstr("(on the disk before it is answered) and snapshots after 900 s with 1 "
                          "change and 300 s with 10 changes |\n"));
    EXPECT_THAT(page, HasSubstr("| `databases` | `3` |\n"));
    EXPECT_THAT(page,
                HasSubstr("| `session:{id}` | 7 days | deleted | | State \\| of a session. |\n"));
    EXPECT_THAT(page, HasSubstr("| `rate[x]:{user_id}:{action}` | 90 seconds | given it | | |\n"));
    EXPECT_THAT(page, HasSubstr("redis-cli --scan --pattern 'rate\\[x\\]:*:*'"));
    EXPECT_THAT(page, HasSubstr("redis-cli expire 'session:<id>' 604800"));
    EXPECT_THAT(page, HasSubstr("| `{{{user}}}:{path*}` | for ever | | must not | |\n"));
    EXPECT_THAT(page, HasSubstr("Lives for ever. `{user}` and `{path*}` differ"));
    EXPECT_THAT(page, HasSubstr("redis-cli --scan --pattern '{*}:*'"));
    EXPECT_THAT(page, HasSubstr("| `production` | `${R}`, TLS `verify-full` |\n"));
    EXPECT_THAT(page, HasSubstr("| `local` | a private server, behind a Unix socket |\n"));
}

TEST(RedisPage, ShowsNoSecretOfAnAddress) {
    const auto manifest = manifest_with(
        "[environments.a]\nhost = \"h\"\nredis = \"redis://u:topsecret@h:1\"\n"
        "[environments.b]\nhost = \"h\"\nredis = { host = \"h\", password = \"topsecret\" }\n");
    for (const auto& each : documents(manifest, {})) {
        EXPECT_THAT(each.text, Not(HasSubstr("topsecret"))) << each.name;
    }
}

TEST(RedisPage, SaysThatThereIsNone) {
    EXPECT_THAT(document(documents(manifest_with("[server]\nredis = false\n"), {}),
                         "REDIS_KEY_PATTERNS.md"),
                HasSubstr("This platform has no Redis."));
    EXPECT_THAT(document(documents(manifest_with(""), {}), "REDIS_KEY_PATTERNS.md"),
                HasSubstr("caisson.toml declares none."));
}

TEST(VariablesPage, SaysWhatAVariableIsForAndWhereItIsNeeded) {
    const auto manifest = manifest_with(
        "[environments.production]\nhost = \"${DB_HOST}\"\npassword = "
        "\"${DB_PASSWORD}\"\nprotected = "
        "true\n"
        "[variables.DB_HOST]\ntype = \"host\"\ngroup = \"Post|greSQL\"\nrequired_in = "
        "[\"production\"]\n"
        "example = \"db\"\naliases = [\"PGHOST\"]\ndescription = \"Where | it is.\"\n"
        "[variables.DB_PASSWORD]\nsecret = true\nrequired_in = [\"*\"]\ndefault = \"topsecret\"\n"
        "example = \"topsecret\"\ncommand = [\"op\", \"topsecret\"]\nfile = \"secrets/p\"\n"
        "[variables.LEVEL]\ntype = \"choice\"\nchoices = [\"low\", \"high\"]\ndefault = \"low\"\n");
    const auto page = document(documents(manifest, {}), "ENVIRONMENT_VARIABLES.md");
    EXPECT_THAT(page, HasSubstr("3 variables in 2 groups."));
    EXPECT_THAT(page, HasSubstr("\n## Post\\|greSQL\n"));
    EXPECT_THAT(page,
                HasSubstr("| `DB_HOST` | a host name, an address or the directory of a Unix "
                          "socket | `production` | `db` | Where \\| it is.<br>Old name, still "
                          "read: `PGHOST`.<br>It is `host` in `production`. |\n"));
    EXPECT_THAT(page, HasSubstr("| `DB_PASSWORD` | text | everywhere | not shown | yes | Else the "
                                "first line of `secrets/p`.<br>Else asked of `op`.<br>It is "
                                "`password` in `production`. |\n"));
    EXPECT_THAT(page, HasSubstr("| `LEVEL` | one of `low`, `high` | | `low` |"));
    EXPECT_THAT(page, HasSubstr("| `production` | its own | `DB_HOST` | need `--yes` and "
                                "`--confirm` with the database's name |"));
    EXPECT_THAT(page, Not(HasSubstr("topsecret")));
}

}  // namespace
}  // namespace caisson::docs
