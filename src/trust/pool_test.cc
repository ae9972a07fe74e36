// SPDX-License-Identifier: Apache-2.0
#include "trust/pool.h"

#include <gtest/gtest.h>

namespace caisson::trust {
namespace {

using namespace std::chrono_literals;

pg::PoolLimits limits(platform::Pool pool, pg::PoolLimits otherwise = {}) {
    Run run;
    platform::Database database;
    database.pool = std::move(pool);
    return pool_limits(run, database, otherwise);
}

TEST(PoolLimits, TheManifestDecidesWhatItSaysAndNothingElse) {
    platform::Pool pool;
    pool.max = "20";
    pool.idle = "30s";
    pool.fail_at_once = "false";
    const auto made = limits(pool, {.min = 3, .retry = 7ms, .fail_at_once = true});
    EXPECT_EQ(made.min, 3U);
    EXPECT_EQ(made.max, 20U);
    EXPECT_EQ(made.idle, 30s);
    EXPECT_EQ(made.retry, 7ms);
    EXPECT_FALSE(made.fail_at_once);
    EXPECT_EQ(made.acquire, pg::PoolLimits{}.acquire);
}

TEST(PoolLimits, MoreKeptOpenThanThereMayBeRaisesWhatNobodySaid) {
    platform::Pool pool;
    pool.min = "9";
    EXPECT_EQ(limits(pool).max, 9U);
}

}  // namespace
}  // namespace caisson::trust
