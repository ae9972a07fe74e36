// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/measured.h"

#include <gtest/gtest.h>

#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {
namespace {

/// A reading of every metric, 0 as a server shows what it does not measure.
Sample zeros() {
    Sample sample;
    for (const auto& row : catalogue()) {
        sample.add(row.name, 0);
    }
    sample.finish();
    return sample;
}

TEST(Measured, AServerThatMeasuresEverythingLosesNothing) {
    auto sample = zeros();
    leave_out_unmeasured(sample, {});
    EXPECT_EQ(sample.readings.size(), catalogue().size());
    EXPECT_TRUE(sample.unknowns.empty());
    EXPECT_TRUE(sample.unmeasured.empty());
}

TEST(Measured, TimesThatAreNotMeasuredAreAbsentAndNoFault) {
    auto sample = zeros();
    leave_out_unmeasured(sample, {"track_io_timing", "track_wal_io_timing"});
    for (const auto* metric :
         {"databases.read_seconds", "databases.write_seconds", "statements.read_seconds",
          "statements.write_seconds", "wal.write_seconds", "wal.sync_seconds"}) {
        EXPECT_EQ(value_of(sample, metric), std::nullopt) << metric;
        ASSERT_NE(unknown_of(sample, metric), nullptr) << metric;
        ASSERT_NE(unmeasured_of(sample, metric), nullptr) << metric;
    }
    EXPECT_EQ(unmeasured_of(sample, "wal.sync_seconds")->why,
              "track_wal_io_timing is off: the server does not measure it");
    EXPECT_TRUE(sample.unknowns.empty()) << "or it would alert for ever";
    EXPECT_TRUE(value_of(sample, "checkpoints.sync_seconds")) << "is always measured";
    EXPECT_TRUE(value_of(sample, "statements.seconds"));
}

TEST(Measured, SessionsAndCountersThatAreNotTrackedAreUnknown) {
    auto sample = zeros();
    leave_out_unmeasured(sample, {"track_activities", "track_counts"});
    for (const auto* metric : {"activity.longest_idle_in_transaction", "activity.longest_query",
                               "databases.commits", "tables.dead_rows", "indexes.scans"}) {
        EXPECT_EQ(value_of(sample, metric), std::nullopt) << metric;
        ASSERT_NE(unknown_of(sample, metric), nullptr) << metric;
        EXPECT_EQ(unmeasured_of(sample, metric), nullptr) << metric << " nobody may be without";
    }
    for (const auto* metric : {"activity.connections", "databases.xid_age", "tables.size"}) {
        EXPECT_TRUE(value_of(sample, metric)) << metric << " does not depend on it";
    }
}

}  // namespace
}  // namespace caisson::monitor
