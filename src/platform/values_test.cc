// SPDX-License-Identifier: Apache-2.0
#include "platform/values.h"

#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

TEST(Urls, AreReadByNobodyOnTheWayOrSaidToBe) {
    for (const auto* const url :
         {"https://example.org/x", "http://localhost", "http://127.0.0.1:80/",
          "http://[::1]:8080/hook", "http://localhost/a@b"}) {
        EXPECT_TRUE(is_secret_way(url)) << url;
    }
    for (const auto* const url :
         {"http://example.org", "http://localhost:x@example.org/", "http://localhost@example.org",
          "http://localhost.example.org", "http://[::1].example.org", "http://127.0.0.1\\@x/",
          "http://[::2]/", "ftp://localhost", "", "localhost"}) {
        EXPECT_FALSE(is_secret_way(url)) << url;
    }
}

using std::chrono::milliseconds;

TEST(Values, DurationsAddUpTheirParts) {
    EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
    EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
    EXPECT_EQ(parse_duration(" 1.5 s "), milliseconds(1500));
    EXPECT_EQ(parse_duration("2 min 3 seconds"), milliseconds(123'000));
    EXPECT_EQ(parse_duration("1W"), milliseconds(604'800'000));
    EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Values, DurationsNeedUnitsAndSense) {
    for (const char* text : {"", " ", "7", "7 fortnights", "d", "-1s", "1s 2", "1..5s", ".5s",
                             "1.s", "1e3s", "99999999999999999999d", "1s;", "NaNs"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Values, SizesArePowersOf1024) {
    EXPECT_EQ(parse_bytes("512"), 512U);
    EXPECT_EQ(parse_bytes("64kB"), 65'536U);
    EXPECT_EQ(parse_bytes("256mb"), 268'435'456U);
    EXPECT_EQ(parse_bytes("1.5 GB"), 1'610'612'736U);
    EXPECT_EQ(parse_bytes("1GiB"), 1'073'741'824U);
    for (const char* text : {"", "MB", "-1", "1 XB", "1 MB x", "1e9", "99999999999999999999TB"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
}

TEST(Values, PortsEndAt65535) {
    EXPECT_EQ(parse_port("1"), 1);
    EXPECT_EQ(parse_port("65535"), 65535);
    for (const char* text : {"", "0", "-1", "65536", "80a", "0x50", "8 0"}) {
        EXPECT_FALSE(parse_port(text)) << text;
    }
}

TEST(Values, NumbersAndBooleans) {
    EXPECT_EQ(parse_integer("-42"), -42);
    EXPECT_EQ(parse_integer("+42"), 42);
    EXPECT_FALSE(parse_integer("+-42"));
    EXPECT_FALSE(parse_integer("9223372036854775808"));
    EXPECT_EQ(parse_number("1e3"), 1000.0);
    EXPECT_FALSE(parse_number("inf"));
    EXPECT_FALSE(parse_number("1,5"));
    EXPECT_EQ(parse_boolean("On"), true);
    EXPECT_EQ(parse_boolean("no"), false);
    EXPECT_FALSE(parse_boolean("maybe"));
}

TEST(Values, Hosts) {
    for (const char* text :
         {"localhost", "db-1.internal", "lumina_postgres", "10.0.0.1", "::1", "[fe80::1]",
          "/run/postgresql", "EXAMPLE.com.", "xn--bcher-kva.example"}) {
        EXPECT_TRUE(is_host(text)) << text;
    }
    for (const char* text : {"", "two words", "a..b", "-a", "a-", "300.1.1.1", "a/b", "host:5432",
                             "a@b", ".", "/a\nb"}) {
        EXPECT_FALSE(is_host(text)) << text;
    }
    EXPECT_FALSE(is_host(std::string(64, 'a')));
    EXPECT_FALSE(is_ip_address(std::string_view("1.1.1.1\0", 8)));
}

TEST(Values, UrlsAndNames) {
    EXPECT_TRUE(is_url("https://example.com/x?y=1"));
    EXPECT_FALSE(is_url("example.com"));
    EXPECT_FALSE(is_url("https://"));
    EXPECT_FALSE(is_url("https://a b"));
    EXPECT_TRUE(is_name("lumina-2_x"));
    EXPECT_FALSE(is_name("-x"));
    EXPECT_FALSE(is_name("Lumina"));
    EXPECT_FALSE(is_name(std::string(64, 'a')));
    EXPECT_TRUE(is_variable_name("_A1"));
    EXPECT_FALSE(is_variable_name("1A"));
}

}  // namespace
}  // namespace caisson::platform
