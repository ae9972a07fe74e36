// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/figures.h"

#include <gtest/gtest.h>

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Figures, KnowOfRequestsWhatTheMonitorIsTold) {
    Figures figures("1", "lumina", "local");
    http::Request request;
    request.method = "GET";
    http::Response response;
    const auto answer = [&](int status, std::chrono::nanoseconds elapsed) {
        response.status = status;
        figures.count(http::Exchange{request, response, "/x", 0, elapsed});
    };
    for (int i = 0; i < 97; ++i) {
        answer(i < 10 ? 503 : 404, 2ms);
    }
    for (int i = 0; i < 3; ++i) {
        answer(200, 4s);
    }
    auto own = figures.own();
    EXPECT_EQ(own.answered, 100U);
    EXPECT_EQ(own.failed, 10U) << "what a client does wrong is no failure";
    ASSERT_TRUE(own.p99);
    EXPECT_GT(*own.p99, 1);
    EXPECT_LE(*own.p99, 10);
    own = figures.own();
    EXPECT_EQ(own.answered, 100U);
    EXPECT_EQ(own.p99, std::nullopt) << "there were none since";
}

TEST(Figures, AQuantileLiesInItsBucketAndFewRequestsHaveNone) {
    const std::vector<double> bounds{0.1, 1, 10};
    EXPECT_EQ(quantile_of(bounds, {19, 0, 0, 0}, 0.99), std::nullopt);
    EXPECT_EQ(quantile_of(bounds, {}, 0.99), std::nullopt);
    EXPECT_NEAR(*quantile_of(bounds, {100, 0, 0, 0}, 0.99), 0.099, 1e-9);
    EXPECT_NEAR(*quantile_of(bounds, {50, 50, 0, 0}, 0.75), 0.55, 1e-9);
    EXPECT_EQ(quantile_of(bounds, {0, 0, 0, 40}, 0.99), 10) << "beyond the last bound it is that";
}

}  // namespace
}  // namespace caisson::daemon
