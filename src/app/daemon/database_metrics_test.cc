// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/database_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DatabaseMetrics, WhatTheMonitorReadStandsUnderItsOwnName) {
    EXPECT_THAT(metrics_body("lumina", "local", {}, R"({"at":"now","bytes":123456789012})"),
                HasSubstr(R"("monitor":{"at":"now","bytes":123456789012})"));
    EXPECT_THAT(metrics_body("lumina", "local", {}), Not(HasSubstr("monitor")));
}

}  // namespace
}  // namespace caisson::daemon
