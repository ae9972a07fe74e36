// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/environment.h"

namespace caisson::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Endpoint parsed(const std::string& url) { return parse_url(url, {"caisson.toml", 3, 7}); }

TEST(Url, IsTakenApartAndDecoded) {
    const auto endpoint = parsed(
        "postgresql://ad%6Din:p%40ss%2Fw%25rd@db.internal:6432/compliance%5Fdb?sslmode=verify-full"
        "&sslrootcert=%2Fetc%2Fca.pem");
    EXPECT_EQ(endpoint.user, "admin");
    EXPECT_EQ(endpoint.password.reveal(), "p@ss/w%rd");
    EXPECT_EQ(endpoint.host, "db.internal");
    EXPECT_EQ(endpoint.port, 6432);
    EXPECT_EQ(endpoint.database, "compliance_db");
    EXPECT_EQ(endpoint.tls, "verify-full");
    EXPECT_EQ(endpoint.tls_root, "/etc/ca.pem");
}

TEST(Url, WhatItDoesNotSayStaysEmpty) {
    const auto endpoint = parsed("postgres://db");
    EXPECT_EQ(endpoint.host, "db");
    EXPECT_EQ(endpoint.port, 0);
    EXPECT_EQ(endpoint.user, "");
    EXPECT_TRUE(endpoint.password.empty());
    EXPECT_EQ(endpoint.database, "");
    EXPECT_EQ(parsed("postgresql:///only").database, "only");
    EXPECT_EQ(parsed("postgresql://u@/d").user, "u");
    EXPECT_EQ(parsed("postgresql://").host, "");
}

TEST(Url, SocketsAndIpv6) {
    const auto by_parameter = parsed("postgresql://u@/d?host=/run/postgresql&port=5433");
    EXPECT_EQ(by_parameter.host, "/run/postgresql");
    EXPECT_EQ(by_parameter.port, 5433);
    EXPECT_EQ(parsed("postgresql://u@%2Frun%2Fpg/d").host, "/run/pg");
    const auto six = parsed("postgresql://u@[::1]:5432/d");
    EXPECT_EQ(six.host, "::1");
    EXPECT_EQ(six.port, 5432);
    EXPECT_EQ(parsed("postgresql://[fe80::1]/d").host, "fe80::1");
}

TEST(Url, OfOtherTools) {
    EXPECT_EQ(parsed("postgresql+asyncpg://u:p@h/d").database, "d");
    EXPECT_EQ(parsed("jdbc:postgresql://h:5432/d?user=u&password=p&ssl=true").user, "u");
    const auto prisma = parsed("postgresql://u:p@h/d?schema=public&connection_limit=5");
    EXPECT_THAT(prisma.ignored, ElementsAre("schema", "connection_limit"));
    // A password with an unencoded @ is read as it was meant.
    EXPECT_EQ(parsed("postgresql://u:p@ss@h/d").password.reveal(), "p@ss");
}

TEST(Url, OfRedis) {
    const auto endpoint = parsed("redis://:s3cret@cache:6380/2");
    EXPECT_EQ(endpoint.host, "cache");
    EXPECT_EQ(endpoint.port, 6380);
    EXPECT_EQ(endpoint.database, "2");
    EXPECT_EQ(endpoint.password.reveal(), "s3cret");
    EXPECT_EQ(endpoint.tls, "");
    EXPECT_EQ(parsed("rediss://cache").tls, "verify-full");
    EXPECT_THROW(parsed("redis://cache/x"), Error);
}

TEST(Url, RefusalsSayWhyAndNeverRepeatIt) {
    struct Case {
        std::string url;
        std::string said;
    };
    for (const auto& [url, said] :
         std::vector<Case>{{"", "does not begin as one"},
                           {"mysql://u:hunter2@h/d", "does not begin as one"},
                           {"u:hunter2@h/d", "does not begin as one"},
                           {"postgresql://u:hunter2@a,b/d", "several hosts"},
                           {"postgresql://u:hunter2@h/d?host=a,b", "several hosts"},
                           {"postgresql://u:hunter2%zz@h/d", "a % in the password"},
                           {"postgresql://u:hunter2%@h/d", "a % in the password"},
                           {"postgresql://u:hunter2%00@h/d", "a % in the password"},
                           {"postgresql://u:hunter2/x@h/d", "a port that is not one"},
                           {"postgresql://u:hunter2@h:99999/d", "a port that is not one"},
                           {"postgresql://u:hunter2@h h/d", "blank"},
                           {"postgresql://u:hunter2@[::1/d", "without a ]"},
                           {"postgresql://u:hunter2@[::zz]/d", "no IPv6 address"},
                           {"postgresql://u:hunter2@-h/d", "a host that is none"},
                           {"postgresql://u:hunter2@h/d?sslmode=on", "an sslmode that is none"}}) {
        SCOPED_TRACE(url);
        try {
            parsed(url);
            ADD_FAILURE() << "taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::variable_invalid);
            EXPECT_THAT(error.message(), HasSubstr(said));
            EXPECT_THAT(error.message() + error.hint(), Not(HasSubstr("hunter2")));
            EXPECT_EQ(error.fact("place"), "caisson.toml:3:7");
        }
    }
}

}  // namespace
}  // namespace caisson::platform
