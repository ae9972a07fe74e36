// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/routes.h"

#include <gtest/gtest.h>

namespace caisson::http {
namespace {

Response empty(const Request&) { return {}; }

class RoutesTest : public testing::Test {
 protected:
    Routes routes_{{fast("GET", "/", empty), fast("GET", "/health", empty),
                    slow("POST", "/runs", empty), fast("GET", "/runs", empty),
                    fast("GET", "/users/{id}/keys/{key}", empty)}};
};

TEST_F(RoutesTest, APathFindsItsRouteAndNoOther) {
    EXPECT_EQ(routes_.find("GET", "/health").route->pattern, "/health");
    EXPECT_EQ(routes_.find("GET", "/").route->pattern, "/");
    for (const auto* path : {"/health/", "/healthy", "//health", "", "*", "health", "/Health"}) {
        const auto match = routes_.find("GET", path);
        EXPECT_EQ(match.route, nullptr) << path;
        EXPECT_EQ(match.allowed, "") << path;
    }
}

TEST_F(RoutesTest, AnotherMethodOfAKnownPathIsToldWhichAreAllowed) {
    EXPECT_EQ(routes_.find("DELETE", "/health").allowed, "GET, HEAD");
    EXPECT_EQ(routes_.find("PUT", "/runs").allowed, "POST, GET, HEAD");
    EXPECT_EQ(routes_.find("get", "/health").allowed, "GET, HEAD");
}

TEST_F(RoutesTest, HeadFindsGet) {
    ASSERT_NE(routes_.find("HEAD", "/runs").route, nullptr);
    EXPECT_EQ(routes_.find("HEAD", "/runs").route->method, "GET");
}

TEST_F(RoutesTest, SegmentsInBracesAreParametersAndDecoded) {
    auto match = routes_.find("GET", "/users/7/keys/a%2Fb");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.parameters["id"], "7");
    EXPECT_EQ(match.parameters["key"], "a/b");
    EXPECT_EQ(routes_.find("GET", "/users//keys/x").route, nullptr);
    EXPECT_EQ(routes_.find("GET", "/users/7/keys").route, nullptr);
    EXPECT_EQ(routes_.find("GET", "/users/7/keys/x/y").route, nullptr);
}

TEST(Loopback, KnowsAddressesOfThisMachineOnly) {
    for (const auto* address :
         {"127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(address)) << address;
    }
    for (const auto* address : {"0.0.0.0", "::", "10.0.0.1", "192.168.1.1", "localhost.evil.org",
                                "127.0.0.1.evil.org", "", "128.0.0.1"}) {
        EXPECT_FALSE(is_loopback(address)) << address;
    }
}

TEST(Host, IsTheNameWithoutItsPort) {
    EXPECT_EQ(host_of("localhost:4000"), "localhost");
    EXPECT_EQ(host_of("Example.ORG"), "example.org");
    EXPECT_EQ(host_of("example.org.:80"), "example.org");
    EXPECT_EQ(host_of("[::1]:4000"), "::1");
    EXPECT_EQ(host_of("[::1]"), "::1");
    for (const auto* malformed :
         {"", ":80", "a:b", "a:123456", "[::1", "[::1]x", "a b", "a@b", "a/b", "[]"}) {
        EXPECT_EQ(host_of(malformed), std::nullopt) << malformed;
    }
}

}  // namespace
}  // namespace caisson::http
