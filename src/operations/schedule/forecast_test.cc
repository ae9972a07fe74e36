// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/forecast.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace caisson::schedule {
namespace {

using namespace std::chrono;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment monday = sys_days(2026y / November / 23);
constexpr std::uint64_t gigabyte = 1'000'000'000;

/// `free` of each interval, in gigabytes.
template <typename Free>
std::vector<SpaceSample> samples(const Watching& watching, int count, Free free) {
    std::vector<SpaceSample> list;
    for (int i = 0; i < count; ++i) {
        list.push_back({monday + watching.interval * i,
                        static_cast<std::uint64_t>(free(i) * static_cast<double>(gigabyte)),
                        100 * gigabyte});
    }
    return list;
}

TEST(Forecast, TellsWhenADiskIsFull) {
    // A tenth of a gigabyte a minute, and 30 are left after half an hour.
    const auto found = forecast(
        "wal", samples(log_watching, 31, [](int i) { return 33 - i * 0.1; }), log_watching);
    ASSERT_TRUE(found.full_in);
    EXPECT_NEAR(static_cast<double>(found.full_in->count()), 300 * 60, 10);
    EXPECT_EQ(found.pressure, Pressure::warning);
    EXPECT_THAT(found.text, HasSubstr("wal fills in 5 hours"));
}

TEST(Forecast, GrowsGraveAsTheEndComesNearer) {
    const auto at = [](double free) {
        return forecast("wal",
                        samples(log_watching, 61, [&](int i) { return free + (60 - i) * 0.05; }),
                        log_watching)
            .pressure;
    };
    EXPECT_EQ(at(50), Pressure::none);
    EXPECT_EQ(at(20), Pressure::warning);
    EXPECT_EQ(at(11), Pressure::critical);
}

TEST(Forecast, OfABurstThatLastsAnHourSaysNothingAboutTomorrow) {
    // 25 segments, one every two minutes, on a disk with room for a day of them.
    const auto found = forecast(
        "log", samples(log_watching, 51, [](int i) { return 12 - i * 0.008; }), log_watching);
    EXPECT_TRUE(found.is_known);
    EXPECT_TRUE(found.is_beyond_reach);
    EXPECT_FALSE(found.full_in);
    EXPECT_THAT(found.text, HasSubstr("does not fill within 10 hours"));
    EXPECT_THAT(found.text, HasSubstr("the last 50 minutes do not tell"));
}

TEST(Forecast, IsNotMovedByABackupThatWentOrByOneThatIsBeingMade) {
    std::mt19937 random(7);
    // A gigabyte a day; every day a backup of ten comes, and the oldest goes an hour later.
    const auto list = samples(repository_watching, 7 * 96, [&](int i) {
        return 60 - i / 96.0 - (i % 96 < 4 ? 10 : 0) + static_cast<double>(random() % 100) / 1000;
    });
    const auto found = forecast("repository local", list, repository_watching);
    ASSERT_TRUE(found.full_in);
    EXPECT_NEAR(static_cast<double>(found.full_in->count()) / (24 * 3600), 53, 3);
}

TEST(Forecast, SaysThatItDoesNotKnowOrThatNothingFills) {
    const auto few =
        forecast("wal", samples(log_watching, 4, [](int i) { return 10.0 - i; }), log_watching);
    EXPECT_FALSE(few.is_known);
    EXPECT_FALSE(few.full_in);
    EXPECT_THAT(few.text, HasSubstr("not known yet"));
    const auto growing =
        forecast("wal", samples(log_watching, 60, [](int i) { return 20.0 + i; }), log_watching);
    EXPECT_TRUE(growing.is_known);
    EXPECT_FALSE(growing.full_in);
    EXPECT_THAT(growing.text, HasSubstr("does not fill"));
    const auto still =
        forecast("wal", samples(log_watching, 60, [](int) { return 20.0; }), log_watching);
    EXPECT_FALSE(still.full_in);
}

TEST(Forecast, AFullDiskIsGraveThoughItFillsNoMore) {
    const auto at = [](double free) {
        return forecast("wal", samples(log_watching, 60, [&](int) { return free; }), log_watching)
            .pressure;
    };
    EXPECT_EQ(at(16), Pressure::none);
    EXPECT_EQ(at(14), Pressure::warning);
    EXPECT_EQ(at(4), Pressure::critical);
}

TEST(SpaceSamples, AreBoundedAndForgetWhatAWrongClockMeasured) {
    std::vector<SpaceSample> list;
    for (int i = 0; i < 10'000; ++i) {
        add(list, {monday + seconds(30) * i, 1, 2}, log_watching);
    }
    EXPECT_GE(list.size(), 60U);
    EXPECT_LE(list.size(), 61U);
    add(list, {monday + hours(24 * 365), 1, 2}, log_watching);
    EXPECT_EQ(list.size(), 1U);
    add(list, {monday, 1, 2}, log_watching);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].at, monday);
}

TEST(SpaceSamples, ComeBackAsTheyWereAndBrokenOnesAreNone) {
    test::Directory directory;
    const auto file = directory.path() / "space.json";
    EXPECT_THAT(load_samples(file), IsEmpty());
    const SpaceSamples all = {{"wal", {{monday, 5, 9}, {monday + seconds(60), 4, 9}}}};
    write_file(file, to_json(all));
    EXPECT_EQ(load_samples(file), all);
    write_file(file, "{\"wal\": [1]}");
    EXPECT_THAT(load_samples(file), IsEmpty());
}

}  // namespace
}  // namespace caisson::schedule
