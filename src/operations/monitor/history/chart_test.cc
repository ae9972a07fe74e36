// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const At start = At(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3) + 8h);

Past past(const std::vector<std::pair<int, double>>& points, Labels labels = {}) {
    Past made;
    auto& series = made.series.emplace_back();
    series.labels = std::move(labels);
    for (const auto& [minute, value] : points) {
        series.points.push_back({start + std::chrono::minutes(minute), value, value, value});
    }
    return made;
}

TEST(Chart, ATerminalShowsARampAndItsHole) {
    auto made = past({{0, 0}, {1, 1}, {2, 2}, {6, 6}, {7, 7}});
    made.gaps.push_back({start + 3min, "", "nothing was read for 240 s"});
    const auto text = terminal_chart(metric("host.load1"), made, start, start + 8min, 8);
    EXPECT_THAT(text, HasSubstr("▁▂▃   ▇█\n"));
    EXPECT_THAT(text, HasSubstr("least 0, mean 3.2, most 7, last 7"));
    EXPECT_THAT(text, HasSubstr("gap 2026-03-03 08:03Z: nothing was read for 240 s"));
}

TEST(Chart, FiguresHaveTheirUnits) {
    EXPECT_EQ(figure_text(metric("redis.memory_used"), 1536), "1.5 kB");
    EXPECT_EQ(figure_text(metric("wal.written"), 1536), "1.5 kB/s");
    EXPECT_EQ(figure_text(metric("activity.used_percent"), 12.34), "12.3 %");
    EXPECT_EQ(figure_text(metric("server.up"), 1), "yes");
    EXPECT_EQ(figure_text(metric("databases.commits"), 10), "10/s");
    EXPECT_EQ(figure_text(metric("wal.bytes_per_second"), 24'020), "23.5 kB/s");
    EXPECT_EQ(figure_text(metric("databases.transactions_per_second"), 123'456), "123456/s");
}

TEST(Chart, SvgIsOneDocumentWithoutMarkupOfLabels) {
    const auto text = svg_chart(metric("redis.keys"), past({{0, 1}, {1, 2}}, {{"db", "<&\">"}}),
                                start, start + 2min);
    EXPECT_THAT(text, testing::StartsWith("<svg "));
    EXPECT_THAT(text, testing::EndsWith("</svg>\n"));
    EXPECT_THAT(text, HasSubstr("db=&lt;&amp;&quot;&gt;"));
    EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(Chart, SvgDrawsNoLineAcrossAHole) {
    const auto text =
        svg_chart(metric("host.load1"),
                  past({{0, 1}, {1, 2}, {2, 1}, {3, 2}, {4, 1}, {5, 2}, {6, 1}, {50, 1}, {51, 2}}),
                  start, start + 52min);
    std::size_t begins = 0;
    const auto path = text.substr(text.find("fill=\"none\"") - 400);
    for (const char c : path.substr(0, path.find("fill=\"none\""))) {
        begins += c == 'M' ? 1 : 0;
    }
    EXPECT_GE(begins, 2U);
}

TEST(Chart, CsvQuotesWhatNeedsIt) {
    const auto text = csv_of(metric("redis.keys"), past({{0, 1.5}}, {{"db", "a,\"b\""}}));
    EXPECT_EQ(text,
              "at,db,least,mean,most\r\n2026-03-03T08:00:00Z,\"a,\"\"b\"\"\",1.5,1.5,1.5\r\n");
}

}  // namespace
}  // namespace caisson::monitor
