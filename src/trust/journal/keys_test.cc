// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/keys.h"

#include <latch>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace caisson::journal {
namespace {

trust::Run run_in(const fs::path& directory) {
    trust::Run run;
    run.state.root = directory / "state";
    return run;
}

TEST(Keys, FirstRunsAtTheSameTimeSignWithOneKey) {
    constexpr std::size_t runs = 8;
    for (int round = 0; round < 10; ++round) {
        const test::Directory directory;
        std::vector<std::string> found(runs);
        std::latch ready(runs);
        {
            std::vector<std::jthread> threads;
            for (auto& public_key : found) {
                threads.emplace_back([&] {
                    const auto run = run_in(directory.path());
                    ready.arrive_and_wait();
                    public_key = ensure_key(run)->public_key();
                });
            }
        }
        const auto run = run_in(directory.path());
        EXPECT_EQ(std::set<std::string>(found.begin(), found.end()),
                  std::set<std::string>{find_key(run)->public_key()});
        EXPECT_EQ(known_keys(run), std::vector{introduce(*find_key(run))});
    }
}

TEST(Keys, RotationsAtTheSameTimeLeaveOneChainOfIntroductions) {
    constexpr std::size_t rotations = 8;
    const test::Directory directory;
    std::latch ready(rotations);
    {
        std::vector<std::jthread> threads;
        for (std::size_t number = 0; number < rotations; ++number) {
            threads.emplace_back([&] {
                const auto run = run_in(directory.path());
                ready.arrive_and_wait();
                rotate_key(run);
            });
        }
    }
    const auto run = run_in(directory.path());
    const auto keys = known_keys(run);
    ASSERT_EQ(keys.size(), rotations + 1);
    for (std::size_t index = 1; index < keys.size(); ++index) {
        EXPECT_EQ(keys[index].previous, keys[index - 1].key);
    }
    EXPECT_EQ(keys.back().key, key_id(find_key(run)->public_key()));
}

}  // namespace
}  // namespace caisson::journal
