// SPDX-License-Identifier: Apache-2.0
/// From [databases.NAME.pool] and the variables it refers to, to figures.
#include "platform/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(const std::string& pool, const std::string& more = {}) {
    return "[platform]\nname = \"x\"\n[databases.main]\nname = \"main_db\"\n" +
           (pool.empty() ? "" : "[databases.main.pool]\n" + pool) + more;
}

PoolSettings pool(const std::string& pool, const std::string& more = {},
                  const Variables& variables = {}) {
    const auto parsed = parse(text_of(pool, more), "/nowhere");
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    const auto& manifest = parsed.manifest;
    return pool_settings(manifest, manifest.environment("local"), manifest.databases.front(),
                         variables);
}

std::vector<std::string> mistakes(const std::string& pool) {
    std::vector<std::string> messages;
    for (const auto& mistake : parse(text_of(pool), "/nowhere").mistakes) {
        messages.push_back(mistake.message);
    }
    return messages;
}

const std::string variables =
    "[variables.MIN]\ntype = \"integer\"\ndefault = 2\n"
    "[variables.MAX]\ntype = \"integer\"\n"
    "[variables.WAIT]\ntype = \"duration\"\ndefault = \"60s\"\n"
    "[variables.FAIL]\ntype = \"boolean\"\ndefault = false\n";

TEST(Pool, WhereNothingIsSaidNothingIsDecided) {
    const auto none = pool("");
    EXPECT_FALSE(none.min || none.max || none.acquire || none.idle || none.lifetime || none.reap ||
                 none.retry || none.fail_at_once);
}

TEST(Pool, FiguresMayStandInTheManifest) {
    const auto all = pool(
        "min = 0\nmax = 20\nacquire = \"60s\"\nidle = \"30s\"\nlifetime = \"1h\"\n"
        "reap = \"1s\"\nretry = \"200ms\"\nfail_at_once = false\n");
    EXPECT_EQ(all.min, 0U);
    EXPECT_EQ(all.max, 20U);
    EXPECT_EQ(all.acquire, 60s);
    EXPECT_EQ(all.idle, 30s);
    EXPECT_EQ(all.lifetime, 1h);
    EXPECT_EQ(all.reap, 1s);
    EXPECT_EQ(all.retry, 200ms);
    EXPECT_EQ(all.fail_at_once, false);
}

TEST(Pool, VariablesGiveWhatTheManifestRefersTo) {
    const std::string section =
        "min = \"${MIN}\"\nmax = \"${MAX}\"\nacquire = \"${WAIT}\"\nfail_at_once = \"${FAIL}\"\n";
    const auto some = pool(section, variables, {{"MAX", "7"}, {"FAIL", "yes"}});
    EXPECT_EQ(some.min, 2U);
    EXPECT_EQ(some.max, 7U);
    EXPECT_EQ(some.acquire, 60s);
    EXPECT_EQ(some.fail_at_once, true);
}

TEST(Pool, OneErrorNamesAllThatIsMissingOrDoesNotFit) {
    try {
        pool("min = \"${MIN}\"\nmax = \"${MAX}\"\nacquire = \"${WAIT}\"\n", variables,
             {{"MIN", "-1"}, {"WAIT", "0s"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_THAT(error.message(), HasSubstr("pool.min is \"-1\""));
        EXPECT_THAT(error.message(), HasSubstr("MAX is not set"));
        EXPECT_THAT(error.message(), HasSubstr("pool.acquire is \"0s\""));
    }
    EXPECT_THROW(pool("min = \"${MIN}\"\nmax = 1\n", variables), Error);
    EXPECT_THROW(pool("max = \"${MAX}\"\n", variables, {{"MAX", "0"}}), Error);
}

TEST(Pool, WhatCannotBeIsRefusedWhenTheManifestIsRead) {
    EXPECT_THAT(mistakes("min = 3\nmax = 2\n"), ElementsAre(HasSubstr("at most 2")));
    EXPECT_THAT(mistakes("max = 0\n"), ElementsAre(HasSubstr("at least 1")));
    EXPECT_THAT(mistakes("reap = \"0s\"\n"), ElementsAre(HasSubstr("at least 1ms")));
    EXPECT_THAT(mistakes("idle = 30\n"), ElementsAre(HasSubstr("duration")));
    EXPECT_THAT(mistakes("max = \"${NOBODY}\"\n"), ElementsAre(HasSubstr("NOBODY")));
    EXPECT_THAT(mistakes("most = 2\n"), ElementsAre(HasSubstr("most")));
}

TEST(Pool, AVariableThatItNeedsIsMissedByTheCheck) {
    const auto parsed = parse(text_of("max = \"${MAX}\"\n", variables), "/nowhere");
    const auto states =
        check_variables(parsed.manifest, parsed.manifest.environment("local"), Variables{});
    EXPECT_EQ(states.at(1).name, "MAX");
    EXPECT_EQ(states.at(1).finding, Finding::missing);
}

}  // namespace
}  // namespace caisson::platform
