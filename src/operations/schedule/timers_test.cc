// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/timers.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "base/text.h"
#include "tests/support/postgres.h"

namespace caisson::schedule {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

platform::Cron cron(std::string_view text) { return platform::Cron::parse(text).value(); }

const std::vector<std::pair<std::string_view, std::vector<std::string>>> expressions = {
    {"30 2 * * *", {"*-*-* 02:30:00 UTC"}},
    {"*/15 8-18 * * mon-fri", {"Mon,Tue,Wed,Thu,Fri *-*-* 08..18:00,15,30,45:00 UTC"}},
    {"@monthly", {"*-*-01 00:00:00 UTC"}},
    {"0 4 * 1,7 7", {"Sun *-01,07-* 04:00:00 UTC"}},
    {"* * * * *", {"*-*-* *:*:00 UTC"}},
    {"0 0 13 * fri", {"*-*-13 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC"}},
    {"5 3 1-7 * *", {"*-*-01..07 03:05:00 UTC"}},
    {"0 0 */2 * mon", {"Mon *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 00:00:00 UTC"}},
};

TEST(Timers, SayTheExpressionAsCalendarEvents) {
    for (const auto& [text, events] : expressions) {
        EXPECT_EQ(calendar_events(cron(text)), events) << text;
    }
}

std::vector<Unit> units() {
    return timers({{"full", cron("30 2 * * 0"), 300s}, {"drill", cron("@monthly"), 0s}},
                  {"shop",
                   "production",
                   {"/usr/bin/true", "-C", "/srv/my shop", "-e", "100%$a"},
                   {{"full", {"backup", "create"}}},
                   "caisson"});
}

TEST(Timers, AreAServiceAndATimerForEachJobThatHasAVerb) {
    const auto list = units();
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].name, "caisson-shop-production-full.service");
    EXPECT_THAT(list[0].text,
                HasSubstr("\nExecStart=/usr/bin/true -C \"/srv/my shop\" -e "
                          "100%%$$a backup create\nUser=caisson\nRestart=on-failure\n"));
    EXPECT_THAT(list[0].text, HasSubstr("\nRestartSec=300\n"));
    EXPECT_THAT(list[0].text, HasSubstr("\nNoNewPrivileges=yes\n"));
    EXPECT_EQ(list[1].name, "caisson-shop-production-full.timer");
    EXPECT_EQ(list[1].text, R"([Unit]
Description=Caisson: when full of shop, environment production, is due (30 2 * * 0)

[Timer]
OnCalendar=Sun *-*-* 02:30:00 UTC
RandomizedDelaySec=300
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
)");
}

/// What systemd itself says of it.
struct SystemdTest : testing::Test {
    void SetUp() override {
        if (!fs::exists("/usr/bin/systemd-analyze")) {
            GTEST_SKIP() << "there is no systemd here";
        }
    }
    static Finished analyze(std::vector<std::string> arguments) {
        Command command;
        arguments.insert(arguments.begin(), "/usr/bin/systemd-analyze");
        command.arguments = std::move(arguments);
        return run(command, 30s);
    }
};

TEST_F(SystemdTest, ComesToTheSameMoments) {
    const Moment now = sys_days(2026y / November / 26) + 12h;
    for (const auto& [text, events] : expressions) {
        std::vector<std::string> next;
        for (const auto& event : events) {
            const auto result = analyze({"calendar", "--base-time=2026-11-26 12:00:00 UTC", event});
            ASSERT_EQ(result.status, 0) << event << result.errors;
            const auto& said = result.output;
            const auto label = said.find("(in UTC): ");
            const auto at =
                said.find("20", label == std::string::npos ? said.find("Next elapse: ") : label);
            next.push_back(said.substr(at, 19));
        }
        const auto expected = timestamp(cron(text).next(now));
        EXPECT_EQ(*std::ranges::min_element(next),
                  expected.substr(0, 10) + " " + expected.substr(11, 8))
            << text;
    }
}

TEST_F(SystemdTest, FindsNothingWrongWithTheUnits) {
    const test::Directory directory;
    auto list = units();
    std::vector<std::string> command = {"verify"};
    for (const auto& unit : list) {
        command.push_back(directory.write(unit.name, replace_all(unit.text, "User=caisson\n", "")));
    }
    const auto result = analyze(command);
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.errors, testing::Not(HasSubstr("caisson-shop")));
}

}  // namespace
}  // namespace caisson::schedule
