// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/envelope.h"

#include <gtest/gtest.h>

#include "serving/cache/breaker.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

const Identity anna = {1, 2};

TEST(Envelope, ComesBackAsItWas) {
    Value value;
    value.bytes = std::string("any\0bytes", 9);
    value.made = Value::Clock::time_point(1'700'000'000'123ms);
    value.fresh = value.made + 5s;
    value.expires = value.made + 60s;
    value.cost = 1234us;
    value.epoch = 0xFEDCBA9876543210U;
    value.position = 77;
    const auto back = unseal(seal(value, 9, anna), 9, anna);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->bytes, value.bytes);
    EXPECT_EQ(back->made, value.made);
    EXPECT_EQ(back->fresh, value.fresh);
    EXPECT_EQ(back->expires, value.expires);
    EXPECT_EQ(back->cost, value.cost);
    EXPECT_EQ(back->epoch, value.epoch);
    EXPECT_EQ(back->position, value.position);
    EXPECT_FALSE(back->is_nothing);
    value.is_nothing = true;
    EXPECT_TRUE(unseal(seal(value, 9, anna), 9, anna)->is_nothing);
}

TEST(Envelope, AnotherVersionOrAnythingElseIsNoValue) {
    const auto sealed = seal(Value(), version_of("schema 1"), anna);
    EXPECT_FALSE(unseal(sealed, version_of("schema 2"), anna));
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(unseal(sealed.substr(0, size), version_of("schema 1"), anna));
    }
    EXPECT_FALSE(
        unseal("a session of somebody else's program, long enough to be looked at, and "
               "then some more",
               version_of("schema 1"), anna));
}

TEST(Envelope, AValueOfAnotherKeyIsNoValue) {
    const auto sealed = seal(Value(), 9, anna);
    EXPECT_TRUE(unseal(sealed, 9, anna));
    EXPECT_FALSE(unseal(sealed, 9, {1, 3}));
    EXPECT_FALSE(unseal(sealed, 9, {3, 2}));
    EXPECT_TRUE(unseal_any(sealed));
    EXPECT_FALSE(unseal_any("a session of somebody else's program"));
}

TEST(Breaker, OpensAfterFailuresInARowAndTriesNowAndThen) {
    Breaker breaker(3, 500ms);
    const auto now = Breaker::Clock::now();
    breaker.failed(now);
    breaker.failed(now);
    breaker.succeeded();
    breaker.failed(now);
    breaker.failed(now);
    EXPECT_TRUE(breaker.allows(now));
    breaker.failed(now);
    EXPECT_TRUE(breaker.is_open());
    EXPECT_FALSE(breaker.allows(now + 499ms));
    EXPECT_TRUE(breaker.allows(now + 500ms));
    EXPECT_FALSE(breaker.allows(now + 501ms));  // One tries, the others do without.
    breaker.failed(now + 502ms);
    EXPECT_FALSE(breaker.allows(now + 700ms));
    EXPECT_TRUE(breaker.allows(now + 1001ms));
    breaker.succeeded();
    EXPECT_TRUE(breaker.allows(now + 1002ms));
    EXPECT_EQ(breaker.opened(), 1U);
}

}  // namespace
}  // namespace caisson::cache
