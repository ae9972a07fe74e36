// SPDX-License-Identifier: Apache-2.0
#include "app/cli/monitor_drawing.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/screen_text.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

monitor::At at(int second) {
    return monitor::At(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3)) +
           std::chrono::seconds(second);
}

/// A server with five databases, a lost Redis and things that are unknown.
Seen seen() {
    Seen seen;
    auto& sample = seen.sample;
    sample.at = at(0);
    sample.add("activity.connections", 7);
    sample.add("activity.used_percent", 85);
    sample.add("redis.up", 0);
    for (const char* name : {"one", "two", "three", "four", "five"}) {
        sample.add("sizes.database", 1e9, {{"datname", name}});
    }
    sample.add("disks.size", 1e11, {{"mountpoint", "/var/lib/a/rather/long/path/of/a/disk"}});
    sample.unknowns.push_back({"archiver", {}, std::string(200, 'w')});
    sample.finish();
    for (int i = 1; i <= 12; ++i) {
        monitor::Query query;
        query.id = i;
        query.user = "app";
        query.database = "one";
        query.text = "select " + std::string(30, 'c') + std::to_string(i) + "\n  from t where " +
                     std::string(200, 'x');
        query.figures.calls = i;
        query.figures.seconds = 100 - i;
        seen.queries.push_back(query);
    }
    seen.trees_at = at(9);
    monitor::LockSession holder;
    holder.process = 11;
    holder.user = "app";
    holder.database = "one";
    holder.state = "idle in transaction";
    holder.transaction = 40;
    holder.text = "update accounts set balance = ? where id = ?";
    monitor::LockSession waiter = holder;
    waiter.process = 12;
    waiter.blocked_by = {11};
    waiter.state = "active";
    waiter.lock = "ShareLock on transaction 812";
    waiter.waits = 5;
    waiter.text = "delete from accounts";
    seen.trees = {{holder, {{waiter, {}, false}}, false}};
    return seen;
}

std::string text_of(const std::vector<std::string>& lines) { return join(lines, "\n"); }

TEST(MonitorDrawing, FitsEveryTerminalAndBeginsWithItsHeader) {
    for (const auto view : {View::summary, View::queries, View::locks}) {
        for (std::size_t chosen = 0; chosen < 3; ++chosen) {
            for (const auto& size : {ScreenSize{24, 80}, {10, 40}, {3, 20}, {60, 200}, {1, 1}}) {
                for (const bool colours : {false, true}) {
                    const auto lines =
                        draw(seen(), {.view = view, .chosen = chosen}, size, colours);
                    EXPECT_LE(lines.size(), size.rows);
                    for (const auto& line : lines) {
                        EXPECT_LE(width_of(line), size.columns) << line;
                    }
                    ASSERT_FALSE(lines.empty());
                    EXPECT_THAT(plain(lines.front()),
                                testing::StartsWith(size.columns >= 80 ? "2026"
                                                    : size.columns > 9 ? "00:00:0"
                                                                       : "…"));
                }
            }
        }
    }
}

TEST(MonitorDrawing, WhatIsBeyondAThresholdComesFirst) {
    const auto lines = draw(seen(), {}, {24, 80}, false);
    EXPECT_THAT(lines[0], HasSubstr("x end"));
    EXPECT_THAT(lines[1], HasSubstr("critical redis.up is no"));
    EXPECT_THAT(lines[2], HasSubstr("warning  activity.used_percent is 85.0 %"));
    EXPECT_THAT(lines[3], HasSubstr("unknown archiver: www"));
    EXPECT_THAT(lines.back(), HasSubstr("more lines have no room here"));
    EXPECT_THAT(text_of(draw(seen(), {}, {60, 80}, false)), Not(HasSubstr("no room")));
}

TEST(MonitorDrawing, AChosenStatementIsShownWholeAndStandsStillUntilItIsLeft) {
    Live live;
    obey('q', live);
    EXPECT_FALSE(live.stands_still());
    obey('2', live);
    EXPECT_TRUE(live.stands_still());
    const auto text = text_of(draw(seen(), live, {40, 60}, false));
    EXPECT_THAT(text, HasSubstr("statement 2 of app in one"));
    EXPECT_THAT(text, HasSubstr("monitor plan 2"));
    EXPECT_EQ(std::ranges::count(text, 'x'), 200 + 1) << "all of its text, and the key";
    for (const char key : {'q', 'l', 's', 'p', 't'}) {
        auto left = live;
        obey(key, left);
        EXPECT_FALSE(left.stands_still()) << key;
    }
    auto paused = live;
    paused.chosen = 0;
    obey('p', paused);
    EXPECT_TRUE(paused.stands_still());
    obey('l', paused);
    EXPECT_TRUE(paused.stands_still()) << "a pause that was asked for stays";
}

TEST(MonitorDrawing, AChosenTreeShowsTextsAndWhatToRun) {
    Live live;
    obey('l', live);
    auto lines = draw(seen(), live, {24, 80}, false);
    EXPECT_THAT(lines[0], HasSubstr("00:00:09")) << "when locks were read, not the sample";
    EXPECT_THAT(text_of(lines),
                HasSubstr("1 process 11 app@one idle in transaction, 40.0 s holds up 1"));
    EXPECT_THAT(text_of(lines), Not(HasSubstr("update accounts")));
    obey('1', live);
    const auto text = text_of(draw(seen(), live, {24, 80}, false));
    EXPECT_THAT(text, HasSubstr("select pg_terminate_backend(11);"));
    EXPECT_THAT(text, Not(HasSubstr("pg_cancel_backend"))) << "it has no statement to cancel";
    EXPECT_THAT(text, HasSubstr("update accounts set balance"));
    EXPECT_THAT(text, HasSubstr("delete from accounts"));
}

TEST(MonitorDrawing, NothingIsChosenInTheSummary) {
    Live live;
    obey('1', live);
    EXPECT_EQ(live.chosen, 0U);
    EXPECT_FALSE(obey('x', live));
}

TEST(ScreenText, ColoursTakeNoRoomAndEndWithTheLine) {
    const std::string red = "\x1b[31mabcdef\x1b[0m";
    EXPECT_EQ(width_of(red), 6U);
    EXPECT_EQ(cut_to(red, 6), red);
    EXPECT_EQ(cut_to(red, 4), "\x1b[31mabc…\x1b[0m");
    EXPECT_EQ(cut_to("äöüß", 3), "äö…");
    const auto lines = columns_of({{"name", "n"}, {"a", "\x1b[33m7\x1b[0m"}, {"b", "12"}});
    EXPECT_EQ(lines[1], "a      \x1b[33m7\x1b[0m");
    EXPECT_EQ(lines[2], "b     12");
    EXPECT_THAT(wrapped("a\tb\x1b[2Jc", 80), testing::ElementsAre("a b [2Jc"));
    EXPECT_THAT(wrapped("one two three\nfour", 8),
                testing::ElementsAre("one two", "three", "four"));
}

}  // namespace
}  // namespace caisson::cli
