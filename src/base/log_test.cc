// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::log {
namespace {

TEST(Log, IsOneJsonObjectALineWithNumbersAsPeopleReadThem) {
    testing::internal::CaptureStderr();
    info("request", {{"path", "/a\"b\n\xc3\xbc"},
                     {"ms", 15.25},
                     {"tiny", 0.00125},
                     {"nothing", std::numeric_limits<double>::quiet_NaN()},
                     {"status", 200},
                     {"fine", true}});
    const auto line = testing::internal::GetCapturedStderr();
    EXPECT_THAT(line, testing::StartsWith("{\"time\":\"20"));
    EXPECT_THAT(line,
                testing::EndsWith(
                    "Z\",\"level\":\"info\",\"event\":\"request\",\"path\":\"/a\\\"b\\n\xc3\xbc\","
                    "\"ms\":15.25,\"tiny\":0.00125,\"nothing\":null,\"status\":200,"
                    "\"fine\":true}\n"));
}

}  // namespace
}  // namespace caisson::log
