// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/platform.h"
#include "tests/support/postgres.h"

namespace caisson::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view design_example = R"([platform]
name  = "lumina"
title = "Lumina: real-world-asset compliance"

[databases.compliance]             # a logical database; a platform has one or more
name       = "compliance_db"
migrations = ["migrations"]        # sources in order
extensions = ["pgcrypto", { name = "vector", optional = true }]

[server.postgres]
max_connections = 100
shared_buffers = "256MB"
random_page_cost = 1.1
jit = false
pg_stat_statements.max = 1000
[server.redis]
maxmemory = "256mb"
appendonly = true

[environments.local]               # the default: private servers below the state directory
server = "private"
[environments.production]
host      = "${DATABASE_HOST}"
protected = true

[roles.analyst]
grants = ["select on businesses"]

[variables.DATABASE_HOST]
type = "host"
required_in = ["production"]
description = "primary of the cluster"

[cache.keys."session:{id}"]
ttl = "7d"

[features]
blockchain = false

[seeds."sanctions.wallets"]
key = "address"
columns = { address = "$value", source = "$file" }
)";

TEST(Manifest, ReadsEverySectionOfTheDesignsExample) {
    const test::Directory directory;
    directory.write("caisson.toml", design_example);
    directory.write("migrations/001_initial.sql", "select 1;");
    const Manifest manifest = load(directory.path());

    EXPECT_EQ(manifest.name, "lumina");
    EXPECT_EQ(manifest.title, "Lumina: real-world-asset compliance");
    ASSERT_EQ(manifest.databases.size(), 1U);
    const Database& database = manifest.database("compliance");
    EXPECT_EQ(database.name, "compliance_db");
    EXPECT_EQ(&manifest.database("compliance_db"), &database);
    ASSERT_EQ(database.migrations.size(), 1U);
    EXPECT_EQ(database.migrations[0].name, "migrations");
    EXPECT_EQ(database.migrations[0].path, fs::canonical(directory.path()) / "migrations");
    ASSERT_EQ(database.extensions.size(), 2U);
    EXPECT_FALSE(database.extensions[0].optional);
    EXPECT_TRUE(database.extensions[1].optional);
    EXPECT_EQ(manifest.server.postgres,
              (std::map<std::string, std::string>{{"jit", "off"},
                                                  {"max_connections", "100"},
                                                  {"pg_stat_statements.max", "1000"},
                                                  {"random_page_cost", "1.1"},
                                                  {"shared_buffers", "256MB"}}));
    EXPECT_EQ(manifest.server.redis,
              (std::map<std::string, std::string>{{"appendonly", "yes"}, {"maxmemory", "256mb"}}));
    EXPECT_TRUE(manifest.server.has_redis);
    EXPECT_TRUE(manifest.environment("local").is_private);
    const Environment& production = manifest.environment("production");
    EXPECT_FALSE(production.is_private);
    EXPECT_TRUE(production.is_protected);
    EXPECT_EQ(production.postgres.host, "${DATABASE_HOST}");
    ASSERT_EQ(manifest.roles.size(), 1U);
    EXPECT_THAT(manifest.roles[0].grants, ElementsAre("select on businesses"));
    ASSERT_EQ(manifest.variables.size(), 1U);
    EXPECT_EQ(manifest.variables[0].type, VariableType::host);
    ASSERT_EQ(manifest.cache_keys.size(), 1U);
    EXPECT_EQ(manifest.cache_keys[0].ttl, std::chrono::hours(24 * 7));
    EXPECT_FALSE(manifest.feature("blockchain"));
    ASSERT_EQ(manifest.seeds.size(), 1U);
    EXPECT_THAT(manifest.seeds[0].key, ElementsAre("address"));
    EXPECT_EQ(manifest.seeds[0].columns.at("source"), "$file");
    EXPECT_EQ(manifest.api.port, 4000);
    EXPECT_EQ(manifest.api.listen, "127.0.0.1");
}

TEST(Manifest, SaysOfEachPatternOfKeysHowLongTheyLiveAndWhatMayBecomeOfThem) {
    const auto keys = parse(
                          "[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n"
                          "[cache.keys.\"cache:{key}\"]\nttl=\"30d\"\n"
                          "[cache.keys.\"lock:{name}\"]\nttl=\"1m\"\non_missing=\"delete\"\n"
                          "evictable=false\n[cache.keys.flags]\nttl=\"none\"\n",
                          "/nowhere")
                          .manifest.cache_keys;
    ASSERT_EQ(keys.size(), 3U);
    EXPECT_EQ(keys[0].ttl, std::chrono::hours(24 * 30));
    EXPECT_EQ(keys[0].on_missing, CacheKey::OnMissing::set);
    EXPECT_TRUE(keys[0].evictable);
    EXPECT_EQ(keys[1].on_missing, CacheKey::OnMissing::remove);
    EXPECT_FALSE(keys[1].evictable);
    EXPECT_EQ(keys[2].ttl, std::nullopt);
}

TEST(Manifest, SaysWhatCachedValuesAreMadeOfAndWhoseTheyAre) {
    const auto parsed = parse(
        "[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n"
        "[cache.keys.\"b:{tenant}:{role}:{id}\"]\nttl=\"10m\"\nfresh=\"1m\"\n"
        "tables=[\"businesses(id)\", \"kyb.owners(business_id)\", \"rates\"]\n"
        "[cache.keys.rates]\nttl=\"1h\"\nshared=true\n",
        "/nowhere");
    ASSERT_TRUE(parsed.mistakes.empty());
    const auto& keys = parsed.manifest.cache_keys;
    EXPECT_EQ(keys[0].fresh, std::chrono::minutes(1));
    EXPECT_THAT(keys[0].tables, ElementsAre(CacheTable{"businesses", "id", "id"},
                                            CacheTable{"kyb.owners", "business_id", "id"},
                                            CacheTable{"rates", "", ""}));
    EXPECT_FALSE(keys[0].is_shared);
    EXPECT_TRUE(keys[1].is_shared);
    EXPECT_EQ(keys[1].fresh, std::nullopt);
}

TEST(Manifest, KeepsTheOrderOfTheFileAndNotThatOfTheAlphabet) {
    const auto parsed = parse(
        "[platform]\nname=\"x\"\n[databases.zeta]\nname=\"z\"\n[databases.alpha]\nname=\"a\"\n"
        "[variables.B]\n[variables.A]\n",
        "/nowhere");
    ASSERT_TRUE(parsed.mistakes.empty());
    EXPECT_EQ(parsed.manifest.databases[0].key, "zeta");
    EXPECT_EQ(parsed.manifest.databases[1].key, "alpha");
    EXPECT_EQ(parsed.manifest.variables[0].name, "B");
}

TEST(Manifest, SaysHowTenantsAreKeptApart) {
    const auto parsed = parse(
        "[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n[roles.desk]\n[isolation]\n"
        "setting=\"app.tenant\"\nroles=[\"app\",\"desk\"]\ncolumns=[\"team_id\"]\n"
        "tenants=[\"one\",\"two\"]\n[isolation.values]\n\"users.email\"=\"{tenant}@x.y\"\n"
        "[isolation.accept]\n\"unique users_email_key\"=\"known\"\n",
        "/nowhere");
    ASSERT_TRUE(parsed.mistakes.empty()) << parsed.mistakes.front().message;
    const auto& isolation = parsed.manifest.isolation;
    EXPECT_EQ(isolation.setting, "app.tenant");
    EXPECT_THAT(isolation.roles, ElementsAre("app", "desk"));
    EXPECT_THAT(isolation.columns, ElementsAre("team_id"));
    EXPECT_THAT(isolation.tenants, ElementsAre("one", "two"));
    EXPECT_EQ(isolation.values.at("users.email"), "{tenant}@x.y");
    ASSERT_EQ(isolation.accepted.size(), 1U);
    EXPECT_EQ(isolation.accepted[0].name, "unique users_email_key");
    EXPECT_EQ(isolation.accepted[0].reason, "known");
    EXPECT_EQ(isolation.accepted[0].place.line, 14U);
    EXPECT_EQ(parse("[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n", "/nowhere")
                  .manifest.isolation.place.line,
              0U);
}

TEST(Manifest, SaysWhatIsGenerated) {
    const auto parsed = parse(
        "[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n[generate]\nout=\"cpp\"\n"
        "namespace=\"acme::x\"\nremoved=\"\"\nversion=[\"revision\"]\n[generate.order]\n"
        "users=[\"created_at desc\"]\n",
        ".");
    EXPECT_THAT(parsed.mistakes, testing::IsEmpty());
    const auto& generate = parsed.manifest.generate;
    EXPECT_EQ(generate.directory, "cpp");
    EXPECT_EQ(generate.name_space, "acme::x");
    EXPECT_EQ(generate.removed, "");
    EXPECT_THAT(generate.version, ElementsAre("revision"));
    EXPECT_THAT(generate.orders.at("users"), ElementsAre("created_at desc"));
}

TEST(Manifest, LocalIsPrivateWithoutBeingWritten) {
    const auto parsed = parse("[platform]\nname=\"x\"\n[databases.a]\nname=\"a\"\n", "/nowhere");
    ASSERT_EQ(parsed.manifest.environments.size(), 1U);
    EXPECT_TRUE(parsed.manifest.environment("local").is_private);
}

TEST(Manifest, LoadListsEveryMistakeWithLineAndColumnInOneError) {
    const test::Directory directory;
    directory.write("caisson.toml",
                    "[platform]\nname = \"Lumina\"\ntitel = \"x\"\n[databases.a]\nname = "
                    "\"a\"\n[api]\nport = 70000\n");
    try {
        load(directory.path());
        FAIL() << "the manifest was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::platform_invalid);
        EXPECT_THAT(error.message(), HasSubstr("3 mistakes"));
        EXPECT_THAT(error.message(),
                    HasSubstr("caisson.toml:2:8: platform.name is \"Lumina\"; expected a name"));
        EXPECT_THAT(error.message(),
                    HasSubstr("caisson.toml:3:1: unknown setting titel in [platform]; did you mean "
                              "\"title\"?"));
        EXPECT_THAT(error.message(),
                    HasSubstr("caisson.toml:7:8: api.port is 70000; expected a port"));
    }
}

TEST(Manifest, IsFoundInTheDirectoryOrTheNearestAbove) {
    const test::Directory directory;
    directory.write("caisson.toml", "");
    directory.write("seeds/reference/a.sql", "");
    EXPECT_EQ(find(directory.path() / "seeds" / "reference"), fs::canonical(directory.path()));
    EXPECT_EQ(find(directory.path() / "caisson.toml"), fs::canonical(directory.path()));
}

TEST(Manifest, MissingOneNamesThePlatformsThatLieBelow) {
    const test::Directory directory;
    directory.write("platforms/lumina/caisson.toml", "");
    for (const bool by_load : {false, true}) {
        try {
            by_load ? static_cast<void>(load(directory.path()))
                    : static_cast<void>(find(directory.path()));
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::manifest_missing);
            EXPECT_THAT(error.hint(), HasSubstr("-C platforms/lumina"));
        }
    }
    EXPECT_THROW(find(directory.path() / "nowhere"), Error);
}

TEST(Manifest, UnknownDatabaseOrEnvironmentSuggestsTheNearest) {
    const auto parsed = parse(
        "[platform]\nname=\"x\"\n[databases.compliance]\nname=\"c\"\n[environments.production]\n"
        "host=\"h\"\n",
        "/nowhere");
    try {
        parsed.manifest.environment("prodcution");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_THAT(error.hint(), HasSubstr("production"));
    }
    EXPECT_THROW(parsed.manifest.database("complience"), Error);
}

}  // namespace
}  // namespace caisson::platform
