// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "base/error.h"

namespace caisson::interrupt {
namespace {

bool is_readable(int descriptor) {
    pollfd waits{descriptor, POLLIN, 0};
    return ::poll(&waits, 1, 0) == 1;
}

// One story, because a process is interrupted for good.
TEST(Interrupt, AShieldedThreadSeesTheSecondSignalOnly) {
    ::signal(SIGCHLD, SIG_IGN);
    install();
    EXPECT_EQ(::signal(SIGCHLD, SIG_DFL), SIG_DFL);
    EXPECT_NO_THROW(check());
    EXPECT_FALSE(is_readable(descriptor()));

    ::raise(SIGTERM);
    EXPECT_TRUE(requested());
    EXPECT_THROW(check(), Error);
    EXPECT_TRUE(is_readable(descriptor()));
    {
        const Shield shield;
        EXPECT_FALSE(requested());
        EXPECT_NO_THROW(check());
        EXPECT_FALSE(is_readable(descriptor()));
        std::thread([] { EXPECT_TRUE(requested()); }).join();

        ::raise(SIGTERM);
        EXPECT_TRUE(insisted());
        EXPECT_TRUE(requested());
        EXPECT_THROW(check(), Error);
        EXPECT_TRUE(is_readable(descriptor()));
    }
    EXPECT_TRUE(requested());
}

}  // namespace
}  // namespace caisson::interrupt
