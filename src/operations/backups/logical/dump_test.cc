// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A pg_dump that is a script.
struct DumpProgramTest : testing::Test {
    Error failure_of(const std::string& script) {
        directory.write("pg_dump", "#!/bin/sh\n" + script);
        DumpPrograms programs;
        programs.dump = directory.path() / "pg_dump";
        ::chmod(programs.dump.c_str(), 0700);
        try {
            contents_of(programs, {});
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "it succeeded"};
    }
    test::Directory directory;
};

TEST_F(DumpProgramTest, WhatWeCannotReadIsTheCauseWhenItDiesOfItsPipe) {
    const auto error = failure_of("exec yes 'this is no archive'");
    EXPECT_EQ(error.code(), Code::backup_failed);
    EXPECT_THAT(error.message(), testing::Not(HasSubstr("ended with")));
}

TEST_F(DumpProgramTest, WhatItSaysIsTheCauseWhenItKnowsBetter) {
    const auto error = failure_of("echo 'pg_dump: error: no permission' >&2; echo half; exit 1");
    EXPECT_EQ(error.code(), Code::backup_failed);
    EXPECT_THAT(error.message(), HasSubstr("no permission"));
}

TEST(Words, AreTheFirstLines) {
    EXPECT_EQ(words_of("\n  \n"), "it said nothing");
    EXPECT_EQ(words_of("a\n\n b \nc\nd\ne\n"), "a; b; c; d");
}

TEST(Warnings, AreKeptLineByLineUpToALimit) {
    EXPECT_THAT(warnings_of(""), IsEmpty());
    EXPECT_THAT(warnings_of("pg_dump: warning: subscriptions not dumped\n\nhint\n"),
                ElementsAre("pg_dump: warning: subscriptions not dumped", "hint"));
    std::string many;
    for (int i = 0; i < 25; ++i) {
        many += "x\n";
    }
    EXPECT_EQ(warnings_of(many).size(), 21U);
    EXPECT_EQ(warnings_of(many).back(), "and 5 more lines");
}

}  // namespace
}  // namespace caisson::backups
