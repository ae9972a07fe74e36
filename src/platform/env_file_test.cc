// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/environment.h"
#include "tests/support/postgres.h"

namespace caisson::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EnvFile, ReadsWhatShellsAndDotenvLibrariesWrite) {
    EXPECT_EQ(parse_env_file("\xEF\xBB\xBF# a comment\r\n"
                             "\r\n"
                             "PLAIN=value\r\n"
                             "export EXPORTED=yes\n"
                             "  SPACED = around it  \n"
                             "EMPTY=\n"
                             "COMMENTED=value # not part of it\n"
                             "HASH=pass#word\n"
                             "SINGLE='as $IT \\n stands # here'\n"
                             "DOUBLE=\"a\\tb\\n\\\"c\\\" \\$d \\x\" # comment\n"
                             "LINES=\"-----BEGIN\nmiddle\n-----END\"\n"
                             "EQUALS=a=b=c\n"
                             "NOT_EXPANDED=${HOME}/x\n"
                             "LAST=no newline"),
              (Variables{{"PLAIN", "value"},
                         {"EXPORTED", "yes"},
                         {"SPACED", "around it"},
                         {"EMPTY", ""},
                         {"COMMENTED", "value"},
                         {"HASH", "pass#word"},
                         {"SINGLE", "as $IT \\n stands # here"},
                         {"DOUBLE", "a\tb\n\"c\" $d \\x"},
                         {"LINES", "-----BEGIN\nmiddle\n-----END"},
                         {"EQUALS", "a=b=c"},
                         {"NOT_EXPANDED", "${HOME}/x"},
                         {"LAST", "no newline"}}));
}

TEST(EnvFile, ListsEveryLineThatCannotBeReadWithoutItsValue) {
    try {
        parse_env_file("A=1\nnonsense\n1B=hunter2\nC=\"x\" hunter2\n=hunter2\nD='hunter2\nE=1\n");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_EQ(error.fact("place"), ".env:2:1");
        for (const char* part :
             {".env:2:1: the line has no \"=\"", ".env:3:1: this is no variable's name",
              ".env:4:7: there is text after",
              ".env:5:1:", ".env:6:3: the quote ' is not closed"}) {
            EXPECT_THAT(error.message(), HasSubstr(part));
        }
        EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
    }
}

TEST(EnvFile, LiesBelowTheEnvironmentOfTheProcess) {
    const test::Directory directory;
    directory.write(".env", "CAISSON_TEST_A=file\nCAISSON_TEST_B=file\n");
    Manifest manifest;
    manifest.directory = directory.path();
    ::setenv("CAISSON_TEST_A", "process", 1);
    const auto variables = process_variables(manifest);
    ::unsetenv("CAISSON_TEST_A");
    EXPECT_EQ(variables.at("CAISSON_TEST_A"), "process");
    EXPECT_EQ(variables.at("CAISSON_TEST_B"), "file");
}

}  // namespace
}  // namespace caisson::platform
