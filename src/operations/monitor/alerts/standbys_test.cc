// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/standbys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/alerts/sample_alerts.h"

namespace caisson::alerts {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* rule = "replication_missing";

/// Standbys by name, each at an address, with so many connections.
monitor::Sample connected(const std::vector<std::pair<std::string, double>>& standbys) {
    monitor::Sample sample;
    int address = 0;
    for (const auto& [name, number] : standbys) {
        const monitor::Labels labels{{"application_name", name},
                                     {"client_addr", "10.0.0." + std::to_string(++address)}};
        sample.add("replication.connected", number, labels);
        sample.add("replication.lag_bytes", 1e9, labels);
    }
    return sample;
}

TEST(Standbys, OneThatIsGoneFiresUntilItIsBack) {
    Clockwork clock;
    for (int i = 0; i < 21; ++i) {  // Ten minutes.
        clock.judge(connected({{"a", 1}}));
    }
    EXPECT_EQ(clock.state(rule), "fine");
    EXPECT_EQ(clock.state("replication_lag_bytes"), "firing");
    for (int i = 0; i < 10; ++i) {
        clock.judge(connected({}));
    }
    EXPECT_EQ(clock.state(rule), "firing");
    EXPECT_EQ(clock.alert(rule)->labels, (monitor::Labels{{"application_name", "a"}}));
    EXPECT_EQ(clock.state("replication_lag_bytes"), "unknown, was firing")
        << "a standby that is gone is not one that has caught up";
    clock.restart();
    clock.judge(connected({}));
    EXPECT_EQ(clock.state(rule), "firing");
    for (int i = 0; i < 4; ++i) {
        clock.judge(connected({{"a", 1}}));
    }
    EXPECT_EQ(clock.state(rule), "fine");
}

TEST(Standbys, OneThatWasThereForAMomentIsNotExpected) {
    Clockwork clock;
    clock.judge(connected({{"a", 1}}));
    clock.judge(connected({{"a", 1}}), 8min, false);  // Nobody looked meanwhile.
    clock.judge(connected({{"a", 1}}), 5min);
    for (int i = 0; i < 10; ++i) {
        clock.judge(connected({}));
    }
    EXPECT_EQ(clock.state(rule), "fine");
    EXPECT_THAT(clock.book.standbys, IsEmpty());
}

TEST(Standbys, OfTwoByOneNameTheOneThatIsGoneIsMissed) {
    Clockwork clock;
    clock.judge(connected({{"walreceiver", 1}, {"walreceiver", 1}}));
    clock.judge(connected({{"walreceiver", 1}, {"walreceiver", 1}}), 10min);
    EXPECT_EQ(clock.book.standbys.at("walreceiver").expected, 2U);
    clock.judge(connected({{"walreceiver", 1}}));
    clock.judge(connected({{"walreceiver", 1}}), 1min);
    EXPECT_EQ(clock.state(rule), "firing");
}

TEST(Standbys, AnAddressMayChange) {
    Clockwork clock;
    clock.judge(connected({{"a", 1}, {"b", 1}}));
    clock.judge(connected({{"a", 1}, {"b", 1}}), 10min);
    for (int i = 0; i < 5; ++i) {
        clock.judge(connected({{"b", 1}, {"a", 1}}));
    }
    EXPECT_EQ(clock.state(rule), "fine");
}

TEST(Standbys, WhileNothingCanBeReadNobodyIsGoneAndNobodyIsBack) {
    Clockwork clock;
    clock.judge(connected({{"a", 1}}));
    clock.judge(connected({{"a", 1}}), 10min);
    for (int i = 0; i < 5; ++i) {
        clock.judge(unknown("replication"));
    }
    EXPECT_EQ(clock.state(rule), "fine");
    clock.judge(connected({}));
    clock.judge(connected({}), 1min);
    EXPECT_EQ(clock.state(rule), "firing");
    clock.judge(unknown("replication"));
    EXPECT_EQ(clock.state(rule), "unknown, was firing");
}

TEST(Standbys, ThoseOfAServerThatBecomesAStandbyAreNotItsOwnAnyMore) {
    Clockwork clock;
    clock.judge(connected({{"a", 1}}));
    clock.judge(connected({{"a", 1}}), 10min);
    auto sample = connected({});
    sample.add("server.standby", 1);
    clock.judge(sample);
    clock.judge(sample, 10min);
    EXPECT_EQ(clock.state(rule), "fine");
}

TEST(Standbys, APersonSaysThatOneIsGoneForGood) {
    Clockwork clock;
    clock.judge(connected({{"a", 1}, {"b", 1}}));
    clock.judge(connected({{"a", 1}, {"b", 1}}), 10min);
    clock.judge(connected({{"b", 1}}));
    clock.judge(connected({{"b", 1}}), 1min);
    ASSERT_EQ(clock.state(rule), "firing");

    const auto text = to_text(Orders{.gone = {{"a", clock.now}, {"b", clock.now}}});
    forget_standbys(clock.book, parse_orders(text).gone);
    EXPECT_FALSE(clock.book.standbys.contains("a"));
    EXPECT_EQ(clock.book.standbys.at("b").expected, 1U) << "it is there";
    clock.judge(connected({{"b", 1}}));
    clock.judge(connected({{"b", 1}}), 1min);
    EXPECT_EQ(clock.state(rule), "fine");

    // Who comes back and goes later is missed again, whatever was said before.
    clock.judge(connected({{"a", 1}, {"b", 1}}));
    clock.judge(connected({{"a", 1}, {"b", 1}}), 10min);
    clock.judge(connected({{"b", 1}}));
    forget_standbys(clock.book, parse_orders(text).gone);
    clock.judge(connected({{"b", 1}}), 1min);
    EXPECT_EQ(clock.state(rule), "firing");
    EXPECT_THAT(clock.deliver(), testing::Contains(HasSubstr("firing replication_missing")));
}

}  // namespace
}  // namespace caisson::alerts
