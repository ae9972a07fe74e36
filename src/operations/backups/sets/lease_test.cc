// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/lease.h"

#include <csignal>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* first = "20260101T000000Z-logical-1111";

struct LeaseTest : testing::Test {
    LeaseTest() {
        local.prepare();
        local.begin(first);
        Set set;
        set.id = first;
        local.finish(set, std::nullopt);
    }

    test::Directory directory;
    Repository local{"local", directory.path() / "local"};
};

TEST_F(LeaseTest, IsSeenAsLongAsOneOfItsHoldersLives) {
    EXPECT_THAT(in_use(local), IsEmpty());
    {
        const auto restore = lease(local, first, "restore");
        {
            const auto drill = lease(local, first, "drill");
            EXPECT_TRUE(restore && drill);
        }
        EXPECT_THAT(in_use(local), ElementsAre(first));
    }
    EXPECT_THAT(in_use(local), IsEmpty());
    // Nothing is left but the gate.
    EXPECT_EQ(
        std::distance(fs::directory_iterator(local.path() / "leases"), fs::directory_iterator{}),
        1);
}

TEST_F(LeaseTest, IsNotGivenForASetThatIsNotThere) {
    for (const std::string id : {"20260102T000000Z-logical-1111", "../../etc"}) {
        try {
            lease(local, id, "restore");
            FAIL() << id;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::backup_missing);
        }
    }
}

TEST_F(LeaseTest, EndsWithAKilledProcess) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto held = lease(local, first, "restore");
        [[maybe_unused]] const auto told = ::write(ready[1], held ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char answer = 0;
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_THAT(in_use(local), ElementsAre(first));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_THAT(in_use(local), IsEmpty());
}

TEST_F(LeaseTest, WaitsForARemovalAndThenFindsTheSetGone) {
    auto gate = std::optional(shut_gate(local));
    auto waiting = std::async(std::launch::async, [&] { return lease(local, first, "restore"); });
    local.remove(first);
    gate.reset();
    EXPECT_THROW(waiting.get(), Error);
}

}  // namespace
}  // namespace caisson::backups
