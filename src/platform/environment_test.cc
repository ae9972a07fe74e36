// SPDX-License-Identifier: Apache-2.0
/// Variables against their declarations, and the sources a value may come from.
#include "platform/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace caisson::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view head =
    "[platform]\nname = \"x\"\n[databases.main]\nname = \"main_db\"\n";

Manifest manifest_of(const std::string& more, const fs::path& directory = "/nowhere") {
    auto parsed = parse(std::string(head) + more, directory);
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    return std::move(parsed.manifest);
}

VariableState state_of(const Manifest& manifest, const Variables& variables,
                       const std::string& environment = "local") {
    return check_variables(manifest, manifest.environment(environment), variables).at(0);
}

TEST(Variables, OfEachTypeAreChecked) {
    struct Case {
        std::string type;
        std::string good;
        std::string bad;
    };
    for (const auto& [type, good, bad] :
         std::vector<Case>{{"host", "db.internal", "a b"},
                           {"port", "5432", "99999"},
                           {"integer", "-7", "7.5"},
                           {"number", "7.5", "x"},
                           {"boolean", "on", "maybe"},
                           {"duration", "1h30m", "90"},
                           {"bytes", "64kB", "64 x"},
                           {"url", "https://h/p", "h/p"},
                           {"path", "/etc/ca.pem", "a\nb"},
                           {"choice\"\nchoices = [\"a\", \"b\"]\n#\"", "b", "c"}}) {
        SCOPED_TRACE(type);
        const auto manifest = manifest_of("[variables.A]\ntype = \"" + type + "\"\n");
        EXPECT_EQ(state_of(manifest, {{"A", good}}).finding, Finding::fine);
        const auto state = state_of(manifest, {{"A", bad}});
        EXPECT_EQ(state.finding, Finding::invalid);
        EXPECT_THAT(state.message, HasSubstr("expected"));
        EXPECT_THAT(state.message, HasSubstr(bad));
        EXPECT_TRUE(state.is_set);
    }
}

TEST(Variables, MissingOnesAreNamedWithWhatTheyAreFor) {
    const auto manifest = manifest_of(
        "[environments.stage]\nhost = \"${B}\"\n"
        "[variables.DATABASE_HOST]\ntype = \"host\"\nrequired_in = [\"stage\"]\ndescription = "
        "\"primary\"\n"
        "[variables.B]\n[variables.C]\n[variables.D]\nrequired_in = [\"*\"]\n");
    auto states = check_variables(manifest, manifest.environment("stage"), {{"DATABSE_HOST", "h"}});
    ASSERT_EQ(states.size(), 4U);
    EXPECT_EQ(states[0].finding, Finding::missing);
    EXPECT_THAT(states[0].message,
                HasSubstr("is not set, and stage needs it; expected a host name"));
    EXPECT_THAT(states[0].message, HasSubstr("(primary); DATABSE_HOST is set: is it meant?"));
    EXPECT_EQ(states[1].finding, Finding::missing) << "the environment's address refers to it";
    EXPECT_EQ(states[2].finding, Finding::fine);
    EXPECT_EQ(states[3].finding, Finding::missing);
    states = check_variables(manifest, manifest.environment("local"), {});
    EXPECT_EQ(states[0].finding, Finding::fine);
    EXPECT_EQ(states[1].finding, Finding::fine);
    EXPECT_EQ(states[3].finding, Finding::missing);
}

TEST(Variables, EmptyCountsAsNotSet) {
    const auto manifest = manifest_of("[variables.A]\ntype = \"port\"\nrequired_in = [\"*\"]\n");
    EXPECT_EQ(state_of(manifest, {{"A", ""}}).finding, Finding::missing);
}

TEST(Variables, OldNamesAreAcceptedAndReported) {
    const auto manifest =
        manifest_of("[variables.DATABASE_HOST]\naliases = [\"DB_HOST\", \"PGHOST\"]\n");
    const auto state = state_of(manifest, {{"PGHOST", "h"}});
    EXPECT_EQ(state.finding, Finding::deprecated);
    EXPECT_THAT(state.message, HasSubstr("old name PGHOST; set DATABASE_HOST"));
    EXPECT_EQ(value_of(manifest, "DATABASE_HOST", {{"PGHOST", "h"}, {"DB_HOST", "g"}})->reveal(),
              "g");
    EXPECT_EQ(
        value_of(manifest, "DATABASE_HOST", {{"DB_HOST", "g"}, {"DATABASE_HOST", "own"}})->reveal(),
        "own");
    EXPECT_EQ(state_of(manifest, {{"DB_HOST", "g"}, {"DATABASE_HOST", "own"}}).finding,
              Finding::fine);
}

TEST(Variables, SecretsAreNotInMessages) {
    const auto manifest = manifest_of("[variables.A]\ntype = \"port\"\nsecret = true\n");
    EXPECT_THAT(state_of(manifest, {{"A", "hunter2"}}).message, Not(HasSubstr("hunter2")));
}

TEST(Variables, ComeFromEnvironmentFileCommandAndDefaultInThisOrder) {
    const test::Directory directory;
    const auto program =
        directory.write("secret.sh", "#!/bin/sh\necho from command\necho second line\n");
    fs::permissions(program, fs::perms::owner_all);
    const auto manifest = manifest_of(
        "[variables.A]\nfile = \"secret.txt\"\ncommand = [\"./secret.sh\"]\ndefault = \"from "
        "default\"\n"
        "[variables.B]\nfile = \"secret.txt\"\ndefault = \"from default\"\n[variables.C]\n",
        directory.path());
    const auto source = [&](const Variables& variables) {
        return check_variables(manifest, manifest.environment("local"), variables)[0].source;
    };
    EXPECT_EQ(value_of(manifest, "B", {})->reveal(), "from default");
    EXPECT_EQ(value_of(manifest, "A", {})->reveal(), "from command");
    EXPECT_EQ(source({}), "command");
    directory.write("secret.txt", "from file\nand more\n");
    EXPECT_EQ(value_of(manifest, "A", {})->reveal(), "from file");
    EXPECT_EQ(source({}), "file");
    EXPECT_EQ(value_of(manifest, "A", {{"A", "from environment"}})->reveal(), "from environment");
    EXPECT_EQ(source({{"A", "x"}}), "environment");
    EXPECT_FALSE(value_of(manifest, "C", {}));
    EXPECT_THROW(value_of(manifest, "D", {}), Error);
}

TEST(Variables, CommandsGetTheirArgumentsWithoutAShell) {
    const auto manifest = manifest_of(
        "[variables.A]\ncommand = [\"printf\", \"%s|%s\", \"$HOME;x\", \"a b\"]\n", "/");
    EXPECT_EQ(value_of(manifest, "A", {})->reveal(), "$HOME;x|a b");
}

TEST(Variables, CommandsThatFailSayWhy) {
    struct Case {
        std::string command;
        std::string said;
    };
    for (const auto& [command, said] :
         std::vector<Case>{{"[\"sh\", \"-c\", \"echo hunter2; echo not signed in >&2; exit 3\"]",
                            "status 3: not signed in"},
                           {"[\"true\"]", "printed nothing"},
                           {"[\"no-such-program-here\"]", "did not run"}}) {
        const auto manifest =
            manifest_of("[variables.A]\nsecret = true\ncommand = " + command + "\n", "/tmp");
        try {
            value_of(manifest, "A", {});
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::variable_invalid);
            EXPECT_THAT(error.message(), HasSubstr(said));
            EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
        }
        EXPECT_EQ(state_of(manifest, {}).finding, Finding::invalid);
    }
}

TEST(EnvExample, IsGroupedCommentedAndReadableAsAnEnvFile) {
    const auto manifest = manifest_of(
        "[variables.HOST]\ntype = \"host\"\nrequired_in = [\"*\"]\nexample = "
        "\"db.internal\"\ngroup = \"Database\"\n"
        "description = \"primary of the cluster\"\naliases = [\"DB_HOST\"]\n"
        "[variables.TITLE]\ndefault = \"a $b \\\"c\\\" # d\"\n"
        "[variables.PASSWORD]\nrequired_in = [\"*\"]\nsecret = true\ndefault = "
        "\"hunter2\"\nexample = \"hunter2\"\n"
        "[variables.MOTTO]\nrequired_in = [\"*\"]\nexample = \"a $b \\\"c\\\" # \\\\ d\"\n");
    const auto text = env_example(manifest);
    EXPECT_THAT(
        text, HasSubstr("# === Database ===\n\n# primary of the cluster\n# required; a host name"));
    EXPECT_THAT(text, HasSubstr("old names: DB_HOST\nHOST=db.internal\n"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
    EXPECT_THAT(text, HasSubstr("\n# TITLE="));
    EXPECT_EQ(parse_env_file(text),
              (Variables{{"HOST", "db.internal"}, {"MOTTO", "a $b \"c\" # \\ d"}}));
}

}  // namespace
}  // namespace caisson::platform
