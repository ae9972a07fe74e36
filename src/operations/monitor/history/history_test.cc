// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/history.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const At start = At(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3) + 8h);

Sample sample(milliseconds age, double load, double commits = 0) {
    Sample made;
    made.at = start + age;
    made.read_at["host"] = made.at;
    made.read_at["databases"] = made.at;
    made.add("host.load1", load);
    made.add("databases.commits", commits, {{"datname", "main"}});
    made.finish();
    return made;
}

void change(const fs::path& file, const char* sql) {
    sqlite3* database = nullptr;
    ::sqlite3_open(file.c_str(), &database);
    EXPECT_EQ(::sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
    ::sqlite3_close(database);
}

std::int64_t count(const fs::path& file, const char* table) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    ::sqlite3_open(file.c_str(), &database);
    ::sqlite3_prepare_v2(database, (std::string("select count(*) from ") + table).c_str(), -1,
                         &statement, nullptr);
    ::sqlite3_step(statement);
    const auto number = ::sqlite3_column_int64(statement, 0);
    ::sqlite3_finalize(statement);
    ::sqlite3_close(database);
    return number;
}

class HistoryOf : public testing::Test {
 protected:
    HistoryOf() { limits.is_durable = false; }
    std::vector<Point> points(std::string_view metric, At until = start + 24h * 900) const {
        const auto past = read_history(file, metric, At{}, until);
        return past.series.empty() ? std::vector<Point>() : past.series.front().points;
    }
    test::Directory directory;
    fs::path file = directory.path() / "monitor" / "history.sqlite";
    HistoryLimits limits;
};

TEST_F(HistoryOf, SamplesComeBackAndCountersAsGrowthASecond) {
    History history(file, limits);
    history.add(sample(0s, 1, 100), 0s);
    history.add(sample(30s, 2, 400), 30s);
    history.add(sample(60s, 3, 430), 60s);
    const auto load = points("host.load1");
    ASSERT_EQ(load.size(), 3U);
    EXPECT_EQ(load[0].at, start);
    EXPECT_EQ(load[2].mean, 3);
    const auto commits = points("databases.commits");
    ASSERT_EQ(commits.size(), 2U) << "the first one has no growth";
    EXPECT_EQ(commits[0].mean, 10);
    EXPECT_EQ(commits[1].mean, 1);
}

TEST_F(HistoryOf, NothingGrowsAcrossAResetOrAGap) {
    History history(file, limits);
    history.add(sample(0s, 1, 100), 0s);
    history.add(sample(30s, 1, 50), 30s);  // It fell.
    auto cut = sample(60s, 1, 500);
    cut.gaps.push_back({"databases main", "statistics were reset"});
    history.add(cut, 60s);
    EXPECT_TRUE(points("databases.commits").empty());
    history.add(sample(90s, 1, 530), 90s);
    ASSERT_EQ(points("databases.commits").size(), 1U);
    const auto past = read_history(file, "databases.commits", start, start + 1h);
    ASSERT_EQ(past.gaps.size(), 1U);
    EXPECT_EQ(past.gaps.front().why, "statistics were reset");
}

TEST_F(HistoryOf, WhatIsCarriedOverIsKeptOnce) {
    History history(file, limits);
    auto first = sample(0s, 1);
    first.read_at["sizes"] = first.at;
    first.add("sizes.database", 7, {{"datname", "main"}});
    history.add(first, 0s);
    auto second = sample(30s, 1);
    second.read_at["sizes"] = first.at;
    second.add("sizes.database", 7, {{"datname", "main"}});
    history.add(second, 30s);
    EXPECT_EQ(points("sizes.database").size(), 1U);
}

TEST_F(HistoryOf, SamplesAreBoundedAndTheirPastStaysAsMinutes) {
    limits.samples = 20;
    {
        History history(file, limits);
        for (int i = 0; i < 240; ++i) {  // Two hours at 30 s.
            history.add(sample(i * 30s, i), i * 30s);
        }
    }
    EXPECT_LE(count(file, "samples"), 20);
    const auto load = points("host.load1");
    ASSERT_GT(load.size(), 120U);
    EXPECT_EQ(load.front().at, start);
    EXPECT_EQ(load.front().mean, 0.5);  // Of 0 and 1.
    for (std::size_t i = 1; i < load.size(); ++i) {
        EXPECT_LT(load[i - 1].at, load[i].at);
        EXPECT_LE(load[i].at - load[i - 1].at, 60s) << "no hole between the grains";
    }
}

TEST_F(HistoryOf, TwoYearsAreHoursAndMinutesAMonth) {
    limits.samples = 100;
    limits.minutes = 24h * 3;
    limits.hours = 24h * 20;
    {
        History history(file, limits);
        for (int i = 0; i < 24 * 4 * 30; ++i) {  // Thirty days, every quarter of an hour.
            const auto age = i * 15min;
            history.add(sample(age, std::fmod(i, 4)), age);
        }
    }
    const auto load = points("host.load1");
    const auto end = start + 24h * 30;
    EXPECT_GE(load.front().at, end - 24h * 22);
    EXPECT_LE(load.front().at, end - 24h * 19);
    EXPECT_EQ(load.front().least, 0);
    EXPECT_EQ(load.front().most, 3);
    EXPECT_EQ(load.front().mean, 1.5);
    EXPECT_LE(count(file, "minutes"), 24 * 4 * 10) << "an hour a row, and not many series";
}

TEST_F(HistoryOf, ItsSizeIsBounded) {
    limits.samples = 1'000'000;
    limits.bytes = 1U << 20U;
    History history(file, limits);
    std::uint64_t largest = 0;
    unsigned noise = 1;
    for (int i = 0; i < 800; ++i) {
        auto made = sample(i * 30s, i);
        for (int table = 0; table < 150; ++table) {
            noise = noise * 1'664'525U + 1'013'904'223U;
            made.add("redis.keys", noise, {{"db", std::to_string(table)}});
        }
        made.finish();
        history.add(made, i * 30s);
        largest = std::max(largest, history.size());
    }
    EXPECT_LE(largest, 3U << 19U);
    EXPECT_FALSE(points("host.load1").empty());
}

TEST_F(HistoryOf, ADamagedFileIsPutAsideAndAGapSaysSo) {
    {
        History history(file, limits);
        history.add(sample(0s, 1), 0s);
    }
    std::ofstream(file, std::ios::binary) << std::string(20'000, 'x');
    History history(file, limits);
    EXPECT_THAT(history.mishap(), testing::HasSubstr("put aside"));
    EXPECT_TRUE(fs::exists(file.string() + ".damaged"));
    history.add(sample(30s, 2), 30s);
    ASSERT_EQ(points("host.load1").size(), 1U);
    const auto gaps = read_history(file, "host.load1", At{}, start + 24h * 3650).gaps;
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_THAT(gaps.front().why, testing::HasSubstr("damaged"));
}

TEST_F(HistoryOf, OneThatIsDamagedWhileItIsOpenIsPutAside) {
    History history(file, limits);
    for (int i = 0; i < 40; ++i) {
        history.add(sample(i * 30s, i), i * 30s);
    }
    {
        std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
        bytes << std::string(60'000, 'x');
    }
    for (int i = 40; i < 80; ++i) {
        EXPECT_NO_THROW(history.add(sample(i * 30s, i), i * 30s));
    }
    EXPECT_THAT(history.mishap(), testing::HasSubstr("put aside"));
    EXPECT_GE(points("host.load1").size(), 30U);
}

TEST_F(HistoryOf, AFileThatIsGoneIsMadeAnew) {
    History history(file, limits);
    history.add(sample(0s, 1), 0s);
    fs::remove_all(file.parent_path());
    history.add(sample(30s, 2), 30s);
    EXPECT_EQ(points("host.load1").size(), 1U);
    const auto gaps = read_history(file, "host.load1", start, start + 1h).gaps;
    EXPECT_THAT(gaps, testing::ElementsAre(
                          testing::Field(&PastGap::why, "the file of the history was gone")));
}

TEST_F(HistoryOf, WhatCouldNotBeWrittenIsAGapAndNotGrowth) {
    History history(file, limits);
    history.add(sample(0s, 1, 100), 0s);
    fs::remove_all(file.parent_path());
    std::ofstream(file.parent_path()) << "in the way";
    EXPECT_THROW(history.add(sample(30s, 1, 200), 30s), Error);
    EXPECT_THROW(history.add(sample(60s, 1, 300), 60s), Error);
    fs::remove(file.parent_path());
    history.add(sample(90s, 1, 400), 90s);
    EXPECT_TRUE(points("databases.commits").empty()) << "nobody knows when they were";
    history.add(sample(120s, 1, 430), 120s);
    ASSERT_EQ(points("databases.commits").size(), 1U);
    EXPECT_EQ(points("databases.commits").front().mean, 1);
    const auto gaps = read_history(file, "host.load1", start, start + 1h).gaps;
    EXPECT_THAT(gaps, testing::Contains(testing::Field(
                          &PastGap::why, "the history could not be written for 60 s")));
}

TEST_F(HistoryOf, AResetCutsAlsoWhatIsReadMoreSeldom) {
    History history(file, limits);
    const auto with_table = [](milliseconds age, double inserted) {
        auto made = sample(age, 1, 0);
        made.read_at["tables"] = made.at;
        made.add("tables.rows_inserted", inserted,
                 {{"datname", "main"}, {"schemaname", "public"}, {"relname", "t"}});
        made.finish();
        return made;
    };
    history.add(with_table(0s, 100), 0s);
    auto reset = sample(30s, 1, 0);
    reset.gaps.push_back({"databases main", "statistics were reset"});
    history.add(reset, 30s);
    history.add(sample(60s, 1, 0), 60s);
    history.add(with_table(90s, 400), 90s);  // 400 since the reset, not 300 since the reading.
    EXPECT_TRUE(points("tables.rows_inserted").empty());
    history.add(with_table(120s, 430), 120s);
    ASSERT_EQ(points("tables.rows_inserted").size(), 1U);
    EXPECT_EQ(points("tables.rows_inserted").front().mean, 1);
}

TEST_F(HistoryOf, AClockThatGoesBackCountsNothingTwice) {
    limits.samples = 130;
    limits.minutes = 2h;
    History history(file, limits);
    auto age = 0s;
    for (int i = 0; i < 120; ++i, age += 30s) {  // From eight to nine.
        history.add(sample(i * 30s, 0), age);
    }
    history.add(sample(3'600s + 10min, 5), age);  // Rolled up.
    for (int i = 60; i < 120; ++i, age += 30s) {  // From half past eight to nine, once more.
        history.add(sample(i * 30s + 1ms, 9), age);
    }
    for (int i = 0; i < 12 * 16; ++i, age += 5min) {  // Until only hours are left of it.
        history.add(sample(2h + i * 5min, 1), age);
    }
    const auto load = points("host.load1");
    ASSERT_FALSE(load.empty());
    EXPECT_EQ(load.front().at, start);
    EXPECT_EQ(load.front().most, 9);
    EXPECT_EQ(load.front().mean, 3) << "120 times 0 and 60 times 9";
}

TEST_F(HistoryOf, AClockThatJumpsForwardMakesNothingOld) {
    limits.minutes = 24h;
    History history(file, limits);
    for (int i = 0; i < 240; ++i) {
        history.add(sample(i * 30s, 1), i * 30s);
    }
    const auto before = points("host.load1", start + 3h).size();
    auto far = sample(24h * 400, 1);
    far.gaps.push_back({"clock", "the clock jumped"});
    history.add(far, 240 * 30s);
    EXPECT_EQ(points("host.load1", start + 3h).size(), before);
    auto back = sample(241 * 30s, 1);
    back.gaps.push_back({"clock", "the clock jumped"});
    history.add(back, 241 * 30s);
    EXPECT_EQ(points("host.load1", start + 3h).size(), before + 1);
}

TEST_F(HistoryOf, OneDamagedRowIsAGapAndNotTheEnd) {
    History history(file, limits);
    for (int i = 0; i < 60; ++i) {
        history.add(sample(i * 30s, i), i * 30s);
    }
    const auto before = points("host.load1").size();
    change(file,
           "update samples set data = x'00112233' where at = (select max(at) from samples);"
           "update minutes set data = x'0011'; update hours set data = x'0011'");
    for (int i = 60; i < 120; ++i) {
        EXPECT_NO_THROW(history.add(sample(i * 30s, i), i * 30s));
    }
    EXPECT_EQ(history.mishap(), "") << "one row is not worth the history";
    EXPECT_GE(points("host.load1").size(), before - 1 + 60);
    const auto gaps = read_history(file, "host.load1", At{}, start + 24h).gaps;
    EXPECT_THAT(gaps, testing::Contains(testing::Field(&PastGap::why, "a sample was damaged")));
    EXPECT_THAT(gaps, testing::Contains(testing::Field(&PastGap::why, "minutes were damaged")));
    EXPECT_THAT(gaps, testing::Contains(testing::Field(&PastGap::why, "a sample is damaged")))
        << "who reads it is told as well";
}

TEST_F(HistoryOf, AWrongClockAtTheStartMakesNothingOld) {
    limits.minutes = 24h;
    limits.hours = 24h * 30;
    limits.samples = 5;  // The rest of an hour is kept as minutes.
    {
        History history(file, limits);
        for (int i = 0; i < 120; ++i) {
            history.add(sample(i * 30s, 1), i * 30s);
        }
    }
    for (int i = 0; i < 3; ++i) {  // The daemon is started again and again, years ahead.
        History history(file, limits);
        history.add(sample(24h * 1000 + i * 1h, 1), 0s);
        history.add(sample(24h * 1000 + i * 1h + 30s, 1), 30s);
    }
    EXPECT_GE(points("host.load1", start + 3h).size(), 50U);
    for (const auto later : {14h, 26h, 38h}) {
        History(file, limits).add(sample(24h * 1000 + later, 1), 0s);
    }
    EXPECT_TRUE(points("host.load1", start + 3h).empty()) << "a clock that stays is believed";
}

TEST_F(HistoryOf, AClockThatWasAheadLeavesRoomForTheSamplesOfNow) {
    limits.samples = 20;
    for (int i = 0; i < 40; ++i) {
        History(file, limits).add(sample(24h * 400 + i * 30s, 1), 0s);
    }
    History history(file, limits);
    for (int i = 0; i < 10; ++i) {
        history.add(sample(i * 30s, 2), i * 30s);
    }
    EXPECT_EQ(count(file, "samples"), 10);
    EXPECT_EQ(points("host.load1", start + 1h).size(), 10U);
    EXPECT_GE(count(file, "minutes"), 1) << "what the other clock said is kept as well";
    const auto gaps = read_history(file, "host.load1", start, start + 1h).gaps;
    EXPECT_THAT(gaps, testing::Contains(testing::Field(&PastGap::what, "clock")));
}

TEST_F(HistoryOf, ItsSeriesAreBoundedAndThoseInUseStay) {
    limits.series = 100;
    History history(file, limits);
    for (int i = 0; i < 200; ++i) {
        auto made = sample(i * 30s, i);
        for (int table = 0; table < 20; ++table) {
            made.add("redis.keys", 1, {{"db", std::to_string(i * 20 + table)}});
        }
        made.finish();
        history.add(made, i * 30s);
        ASSERT_LE(count(file, "series"), 130);
    }
    EXPECT_LE(count(file, "hours"), 130);
    EXPECT_EQ(points("host.load1").size(), 200U);
}

TEST_F(HistoryOf, WithoutAFileThereIsNoPast) {
    EXPECT_TRUE(read_history(file, "host.load1", start, start + 1h).series.empty());
}

}  // namespace
}  // namespace caisson::monitor
