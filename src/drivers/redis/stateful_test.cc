// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/stateful.h"

#include <gtest/gtest.h>

namespace caisson::redis {
namespace {

TEST(NeedsOwnConnection, WhatChangesIt) {
    for (const Command& command :
         {Command{"SELECT", "1"}, Command{"select", "1"}, Command{"MULTI"}, Command{"Watch", "k"},
          Command{"CLIENT", "reply", "OFF"}, Command{"client", "TRACKING", "ON"}}) {
        EXPECT_FALSE(needs_own_connection(command).empty()) << command.front();
    }
}

TEST(NeedsOwnConnection, WhatOthersWouldWaitBehind) {
    for (const Command& command :
         {Command{"BLPOP", "k", "0"},
          Command{"XREAD", "COUNT", "1", "block", "0", "STREAMS", "s", "$"},
          Command{"SUBSCRIBE", "c"}, Command{"monitor"}}) {
        EXPECT_FALSE(needs_own_connection(command).empty()) << command.front();
    }
}

TEST(NeedsOwnConnection, NotWhatIsAskedAndAnsweredOnce) {
    for (const Command& command :
         {Command{"GET", "SELECT"}, Command{"CLIENT", "ID"}, Command{"XREAD", "STREAMS", "s", "0"},
          Command{"PUBLISH", "c", "MULTI"}, Command{"EVALSHA", "x", "0"}}) {
        EXPECT_TRUE(needs_own_connection(command).empty()) << command.front();
    }
}

}  // namespace
}  // namespace caisson::redis
