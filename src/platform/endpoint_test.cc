// SPDX-License-Identifier: Apache-2.0
/// From the addresses of a remote environment to where a server is and as whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/environment.h"

namespace caisson::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view head =
    "[platform]\nname = \"lumina\"\n[databases.main]\nname = \"main_db\"\n[databases.audit]\nname "
    "= \"audit_db\"\n"
    "[variables.HOST]\ntype = \"host\"\n[variables.PORT]\ntype = "
    "\"port\"\n[variables.PASSWORD]\nsecret = true\n"
    "[variables.URL]\nsecret = true\n";

Manifest manifest_of(const std::string& environment) {
    auto parsed = parse(std::string(head) + "[environments.p]\n" + environment, "/nowhere");
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    return std::move(parsed.manifest);
}

Endpoint admin(const Manifest& manifest, const Variables& variables = {},
               const std::string& database = "main") {
    return admin_endpoint(manifest, manifest.environment("p"), manifest.database(database),
                          variables);
}
Endpoint role(const Manifest& manifest, const std::string& name, const Variables& variables = {},
              const std::string& database = "main") {
    return role_endpoint(manifest, manifest.environment("p"), manifest.database(database), name,
                         variables);
}

TEST(Endpoint, ReplacesReferencesInEachField) {
    const auto manifest = manifest_of(
        "host = \"${HOST}\"\nport = \"${PORT}\"\nuser = \"me\"\npassword = \"a${PASSWORD}b\"\ntls "
        "= \"verify-full\"\n"
        "tls_root = \"/etc/ca.pem\"\n");
    const auto endpoint =
        admin(manifest, {{"HOST", "db"}, {"PORT", "6432"}, {"PASSWORD", "${HOST}"}});
    EXPECT_EQ(endpoint.host, "db");
    EXPECT_EQ(endpoint.port, 6432);
    EXPECT_EQ(endpoint.user, "me");
    EXPECT_EQ(endpoint.password.reveal(), "a${HOST}b")
        << "what a variable holds is not looked at again";
    EXPECT_EQ(endpoint.database, "main_db");
    EXPECT_EQ(endpoint.maintenance_database, "postgres");
    EXPECT_EQ(endpoint.tls, "verify-full");
    EXPECT_EQ(endpoint.tls_root, "/etc/ca.pem");
}

TEST(Endpoint, TakesAUrlApartAndLetsFieldsCompleteIt) {
    const auto manifest = manifest_of("url = \"${URL}\"\npassword = \"${PASSWORD}\"\n");
    const auto endpoint = admin(
        manifest, {{"URL", "postgresql://u@db/maintenance?sslmode=require"}, {"PASSWORD", "p1%/"}});
    EXPECT_EQ(endpoint.host, "db");
    EXPECT_EQ(endpoint.port, 5432);
    EXPECT_EQ(endpoint.user, "u");
    EXPECT_EQ(endpoint.password.reveal(), "p1%/");
    EXPECT_EQ(endpoint.tls, "require");
    EXPECT_EQ(endpoint.maintenance_database, "maintenance");
    EXPECT_EQ(endpoint.database, "main_db");
}

TEST(Endpoint, DatabasesMayLieElsewhere) {
    const auto manifest = manifest_of(
        "host = \"one\"\nport = 6000\nuser = \"u\"\npassword = \"${PASSWORD}\"\ntls = \"require\"\n"
        "[environments.p.databases.audit]\nhost = \"two\"\ndatabase = \"other\"\n");
    const Variables variables = {{"PASSWORD", "s3cr3t-enough"}};
    EXPECT_EQ(admin(manifest, variables).host, "one");
    const auto audit = admin(manifest, variables, "audit");
    EXPECT_EQ(audit.host, "two");
    EXPECT_EQ(audit.port, 5432) << "the port of another host means nothing here";
    EXPECT_EQ(audit.user, "u");
    EXPECT_EQ(audit.password.reveal(), "s3cr3t-enough");
    EXPECT_EQ(audit.database, "other");
    EXPECT_EQ(audit.tls, "require");
    EXPECT_EQ(role(manifest, "app", {}, "audit").host, "two");
}

TEST(Endpoint, AnotherUserDoesNotGetTheFirstOnesPassword) {
    const auto manifest = manifest_of(
        "host = \"one\"\nuser = \"u\"\npassword = "
        "\"${PASSWORD}\"\n[environments.p.databases.audit]\nuser = \"v\"\n");
    const auto endpoint = admin(manifest, {{"PASSWORD", "s3cr3t-enough"}}, "audit");
    EXPECT_EQ(endpoint.user, "v");
    EXPECT_TRUE(endpoint.password.empty());
}

TEST(Endpoint, RolesHaveTheirConventionalNamesAndNoPasswordOfTheAdministrators) {
    const auto manifest =
        manifest_of("host = \"${HOST}\"\nuser = \"u\"\npassword = \"${PASSWORD}\"\n");
    // Whoever runs the application need not have the administrator's password.
    const auto endpoint = role(manifest, "app", {{"HOST", "db"}});
    EXPECT_EQ(endpoint.user, "main_db_app");
    EXPECT_TRUE(endpoint.password.empty());
    EXPECT_EQ(endpoint.host, "db");
    EXPECT_EQ(endpoint.database, "main_db");
}

TEST(Endpoint, RolesMayGoThroughAPool) {
    const auto manifest = manifest_of(
        "host = \"db\"\ntls = \"verify-full\"\n[environments.p.roles.app]\nhost = \"pool\"\nport = "
        "6432\n"
        "password = \"${PASSWORD}\"\n[environments.p.roles.migrator]\nurl = "
        "\"postgresql://m@db2:7000/x\"\n");
    const auto app = role(manifest, "app", {{"PASSWORD", "s3cr3t-enough"}});
    EXPECT_EQ(app.host, "pool");
    EXPECT_EQ(app.port, 6432);
    EXPECT_EQ(app.user, "main_db_app");
    EXPECT_EQ(app.password.reveal(), "s3cr3t-enough");
    EXPECT_EQ(app.tls, "verify-full");
    const auto migrator = role(manifest, "migrator");
    EXPECT_EQ(migrator.user, "m");
    EXPECT_EQ(migrator.port, 7000);
    EXPECT_EQ(migrator.database, "x");
}

TEST(Endpoint, OneErrorNamesEveryVariableThatIsMissingOrWrong) {
    const auto manifest =
        manifest_of("host = \"${HOST}\"\nport = \"${PORT}\"\npassword = \"${PASSWORD}\"\n");
    try {
        admin(manifest, {{"PORT", "x"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_THAT(error.message(), HasSubstr("HOST is not set, and the environment p needs it"));
        EXPECT_THAT(error.message(), HasSubstr("PORT is \"x\"; expected a port"));
        EXPECT_THAT(error.message(), HasSubstr("PASSWORD is not set"));
        EXPECT_EQ(error.fact("environment"), "p");
        EXPECT_THAT(error.fact("place"), HasSubstr("caisson.toml:"));
    }
}

TEST(Endpoint, RefusesPasswordsThatEverybodyKnows_LUM16) {
    const auto manifest =
        manifest_of("host = \"db.internal\"\nuser = \"provisioner\"\npassword = \"${PASSWORD}\"\n");
    for (const char* password :
         {"postgres", "Postgres", "password", "admin", "provisioner", "Provisioner1", "main_db",
          "lumina", "postgres123", "Password1!", "123456", "changeme", "secret", "root"}) {
        SCOPED_TRACE(password);
        try {
            admin(manifest, {{"PASSWORD", password}});
            ADD_FAILURE() << "taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::weak_password);
            EXPECT_THAT(error.hint(), HasSubstr("PASSWORD"));
            EXPECT_THAT(error.message(), Not(HasSubstr("123")));
        }
    }
    for (const char* password :
         {"kD9-postgres-x7", "correct horse battery staple", "8f3a90c1d2", "928374650192837465"}) {
        EXPECT_NO_THROW(admin(manifest, {{"PASSWORD", password}})) << password;
    }
    const auto by_url = manifest_of("url = \"${URL}\"\n");
    EXPECT_THROW(admin(by_url, {{"URL", "postgresql://postgres:postgres@db/postgres"}}), Error);
    const auto of_role =
        manifest_of("host = \"db\"\n[environments.p.roles.app]\npassword = \"${PASSWORD}\"\n");
    EXPECT_THROW(role(of_role, "app", {{"PASSWORD", "postgres"}}), Error);
}

TEST(Endpoint, ThatNamesNoHostIsRefused) {
    EXPECT_THROW(admin(manifest_of("url = \"${URL}\"\n"), {{"URL", "postgresql:///d"}}), Error);
    EXPECT_EQ(
        admin(manifest_of("url = \"${URL}\"\n"), {{"URL", "postgresql:///d?host=/run/pg"}}).host,
        "/run/pg");
}

std::optional<Endpoint> shadow(const Manifest& manifest, const Variables& variables = {}) {
    return shadow_endpoint(manifest, manifest.environment("p"), variables);
}

TEST(Endpoint, OfTheShadowIsWhatTheEnvironmentNames_GRC1) {
    const std::string url = "postgresql://me:secret@localhost:5433/shahin_local_shadow?schema=x";
    const auto found =
        shadow(manifest_of("server = \"private\"\nshadow = \"${URL}\"\n"), {{"URL", url}});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->database, "shahin_local_shadow");
    EXPECT_EQ(found->port, 5433);
    const auto fields =
        shadow(manifest_of("host = \"db\"\nshadow = { host = \"here\", database = \"d\" }\n"));
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->host, "here");
    EXPECT_EQ(fields->port, 5432);
    EXPECT_FALSE(shadow(manifest_of("host = \"db\"\n")));
    EXPECT_THROW(shadow(manifest_of("host = \"db\"\nshadow = { host = \"here\" }\n")), Error);
}

TEST(Endpoint, OfTheShadowIsInItsUsualVariableWhereThatIsDeclaredAndSet_GRC7) {
    const Variables set = {{"SHADOW_DATABASE_URL", "postgres://me@here/empty"}};
    EXPECT_FALSE(shadow(manifest_of("host = \"db\"\n"), set));
    const auto declared =
        manifest_of("host = \"db\"\n[variables.SHADOW_DATABASE_URL]\nsecret = true\n");
    EXPECT_FALSE(shadow(declared));
    EXPECT_EQ(shadow(declared, set)->database, "empty");
    const auto renamed = manifest_of(
        "host = \"db\"\n[variables.EMPTY]\nsecret = true\naliases = [\"SHADOW_DATABASE_URL\"]\n");
    EXPECT_EQ(shadow(renamed, set)->database, "empty");
}

TEST(Endpoint, OfRedis) {
    const auto redis = [](const Manifest& manifest, const Variables& variables) {
        return redis_endpoint(manifest, manifest.environment("p"), variables);
    };
    EXPECT_FALSE(redis(manifest_of("host = \"db\"\n"), {}));
    const auto by_url = redis(manifest_of("host = \"db\"\nredis = \"${URL}\"\n"),
                              {{"URL", "rediss://:x9-k2-q1@cache/3"}});
    ASSERT_TRUE(by_url);
    EXPECT_EQ(by_url->host, "cache");
    EXPECT_EQ(by_url->port, 6379);
    EXPECT_EQ(by_url->database, "3");
    EXPECT_EQ(by_url->tls, "verify-full");
    const auto by_fields =
        redis(manifest_of("host = \"db\"\n[environments.p.redis]\nhost = \"c\"\nport = 7\n"), {});
    EXPECT_EQ(by_fields->port, 7);
    EXPECT_THROW(redis(manifest_of("host = \"db\"\nredis = \"redis://:redis@c\"\n"), {}), Error);
}

}  // namespace
}  // namespace caisson::platform
