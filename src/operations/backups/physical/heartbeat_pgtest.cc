// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/physical/heartbeat.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/physical_state.h"
#include "operations/backups/physical/restore.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

struct Heartbeat : testing::Test {
    static void SetUpTestSuite() { state = new BackedUp(); }
    static void TearDownTestSuite() {
        delete state;
        state = nullptr;
    }
    static BackedUp* state;
};
BackedUp* Heartbeat::state = nullptr;

TEST_F(Heartbeat, NeedsItsTableAndDoesNothingWithoutIt) {
    auto session = state->session();
    EXPECT_FALSE(beat(session, 10s));
    EXPECT_FALSE(newest_marker(session));
    session.script("create schema caisson");
    session.script(heartbeat_step().sql);
    EXPECT_FALSE(newest_marker(session));
    EXPECT_TRUE(beat(session, 10s));
    EXPECT_TRUE(newest_marker(session));
}

TEST_F(Heartbeat, NeverHasMoreRowsThanItsRing) {
    auto session = state->session();
    for (int i = 0; i < heartbeat_slots + 200; ++i) {
        ASSERT_TRUE(beat(session, 1ms));
    }
    EXPECT_LE(std::stoi(state->ask("select count(*)::text from caisson.heartbeat")),
              heartbeat_slots);
    // The marker of a moment is the newest one of before it.
    const auto newest = newest_marker(session).value();
    const auto before = newest_marker(session, moment_text(newest.at_microseconds - 1)).value();
    EXPECT_LT(before.at_microseconds, newest.at_microseconds);
    EXPECT_EQ(newest_marker(session, newest.at).value().at, newest.at);
    // The live database expects one that had the time to be committed, and says when it knows none.
    const auto later = moment_text(newest.at_microseconds + 5'000'000);
    EXPECT_EQ(expected_marker(session, later).newest.value().at, newest.at);
    const auto earlier = expected_marker(session, "2020-01-01T00:00:00Z");
    EXPECT_FALSE(earlier.newest);
    EXPECT_EQ(earlier.unknown, "the live database has only markers of later");
}

TEST_F(Heartbeat, WritesNothingWhereNothingMayBeWritten) {
    auto session = state->session();
    session.script("set default_transaction_read_only = on");
    const auto before = state->ask("select max(at)::text from caisson.heartbeat");
    EXPECT_FALSE(beat(session, 10s));
    EXPECT_EQ(state->ask("select max(at)::text from caisson.heartbeat"), before);
}

TEST_F(Heartbeat, IsInWhatIsRestoredToItsMoment) {
    auto session = state->session();
    create(state->run, Kind::full);
    std::vector<Marker> markers;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(beat(session, 50ms));
        markers.push_back(newest_marker(session).value());
        ::poll(nullptr, 0, 1500);
    }
    ASSERT_TRUE(state->archive());
    const auto moment = moment_text(markers[1].at_microseconds + 1'000'000);
    const auto recovered = restore_to_server(
        state->run, plan_restore(state->run, {Target::Kind::time, moment, {}, {}}),
        state->directory() / "moment");
    pg::Connection restored(recovered.server->settings("postgres", "lumina_db"));
    EXPECT_EQ(newest_marker(restored).value().at, markers[1].at);
    EXPECT_EQ(newest_marker(session, moment).value().at, markers[1].at);
}

}  // namespace
}  // namespace caisson::backups::physical
