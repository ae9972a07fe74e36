// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace caisson::schedule {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment monday = sys_days(2026y / November / 23);

struct HistoryTest : testing::Test {
    test::Directory directory;
    fs::path file = directory.path() / "schedule.json";
    std::vector<std::string> notes;
};

TEST_F(HistoryTest, IsReadAsItWasWritten) {
    EXPECT_EQ(load(file, notes), History{});
    History history;
    history.jobs["full"] = {monday,      monday + 2h, monday + 3h, monday + 4h,
                            monday - 1h, 2,           "no space",  "host a"};
    history.jobs["prune"].since = monday;
    save(file, history, std::nullopt);
    EXPECT_EQ(load(file, notes), history);
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(HistoryTest, ThatIsBrokenCountsForNoneAndIsSetAside) {
    for (const std::string text :
         {"", "{", "[]", R"({"full": {}})", R"({"full": {"since": "soon", "failures": 0}})",
          R"({"full": {"since": "2026-11-23T00:00:00Z", "failures": "none"}})"}) {
        SCOPED_TRACE(text);
        notes.clear();
        write_file(file, text);
        EXPECT_EQ(load(file, notes), History{});
        EXPECT_THAT(notes, ElementsAre(HasSubstr("schedule.json cannot be read as a history")));
        set_aside(file);
        EXPECT_EQ(read_file(directory.path() / "schedule.json.broken"), text);
        EXPECT_FALSE(fs::exists(file));
    }
}

TEST_F(HistoryTest, TakesARunThatNeverEndedForAFailure) {
    auto history = begun({}, "full", monday, monday + 1min, "host a");
    history = interrupted(history, monday + 1h, notes);
    EXPECT_THAT(notes, ElementsAre("full: the run of 2026-11-23 00:01Z on host a did not tell its "
                                   "end"));
    EXPECT_EQ(history.jobs["full"].failures, 1);
    EXPECT_EQ(history.jobs["full"].running, std::nullopt);
    EXPECT_EQ(history.jobs["full"].failure, monday + 1h);
}

TEST_F(HistoryTest, CountsRunsAndWhatTheNewestSuccessTook) {
    auto history = ended(begun({}, "full", monday, monday, "a"), "full", monday + 40s, "no space");
    history = ended(begun(history, "full", monday, monday + 1min, "a"), "full", monday + 3min, "");
    history = interrupted(begun(history, "full", monday, monday + 1h, "a"), monday + 2h, notes);
    const auto& record = history.jobs["full"];
    EXPECT_EQ(record.succeeded, 1U);
    EXPECT_EQ(record.failed, 2U);
    EXPECT_EQ(record.took, 2min);
    save(file, history, std::nullopt);
    notes.clear();
    EXPECT_EQ(load(file, notes), history);
    // The clock went back meanwhile.
    history = ended(begun(history, "full", monday, monday + 1h, "a"), "full", monday, "");
    EXPECT_EQ(history.jobs["full"].took, 0s);
}

TEST_F(HistoryTest, CountsFailuresOfOneOccurrence) {
    auto history = begun({}, "full", monday, monday, "a");
    history = ended(history, "full", monday, "one");
    history = ended(begun(history, "full", monday, monday, "a"), "full", monday, "two");
    EXPECT_EQ(history.jobs["full"].failures, 2);
    history = begun(history, "full", monday + days(1), monday + days(1), "a");
    EXPECT_EQ(history.jobs["full"].failures, 0);
}

}  // namespace
}  // namespace caisson::schedule
