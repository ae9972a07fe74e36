// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "serving/cache/envelope.h"
#include "serving/cache/marks.h"
#include "serving/cache/stored.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

platform::CacheKey declared(std::string pattern) {
    platform::CacheKey key;
    key.pattern = std::move(pattern);
    key.ttl = 60s;
    return key;
}

class StoredTest : public testing::Test {
 protected:
    StoredTest() : redis_(server_.settings()) {
        keys_ = {declared("thing:{tenant}:{role}:{id}"), declared("session:{id}")};
        keys_[0].tables = {{"things", "id", "id"}};
    }
    void keep(const std::string& name, std::chrono::seconds fresh = 30s) {
        Value value;
        value.bytes = "secret of anna";
        value.made = Value::Clock::now() - 5s;
        value.fresh = value.made + fresh;
        value.expires = value.made + 60s;
        value.epoch = 9;
        value.position = 3;
        redis_.command({"SET", name, seal(value, 77, {1, 2}), "PX", "55000"});
    }
    std::string verdict(const std::string& name) { return explain(redis_, keys_, name).verdict; }

    test::RedisServer server_;
    redis::Connection redis_;
    std::vector<platform::CacheKey> keys_;
};

TEST(PartsOfKey, AreWhatTheRegistryPutThere) {
    const auto parts = parts_of_key("thing:{tenant}:{role}:{id}", "thing:a%3Ab:%:4%252");
    ASSERT_TRUE(parts);
    EXPECT_EQ((*parts)[0], std::pair(std::string("tenant"), std::string("a:b")));
    EXPECT_EQ((*parts)[1].second, "");
    EXPECT_EQ((*parts)[2].second, "4%2");
    EXPECT_FALSE(parts_of_key("thing:{tenant}:{role}:{id}", "thing:a:b"));
    EXPECT_EQ((*parts_of_key("a-{x}-{y*}-z", "a-1-2:3-4-z"))[1].second, "2:3-4");
}

TEST_F(StoredTest, ExplainsWhatTheCacheWouldDo) {
    const std::string key = "thing:anna:app:42";
    EXPECT_EQ(verdict(key), "not there: it would be loaded");
    redis_.command({"SET", key, "x"});
    EXPECT_EQ(verdict(key), "no value of the cache");
    keep(key);
    EXPECT_EQ(verdict(key), "not served: everything of its time was declared old");
    redis_.command({"HSET", marks_key, "epoch", "9", "number", "3"});
    EXPECT_EQ(verdict(key), "served only while loading fails: changes are not told at the moment");
    redis_.command({"SET", alive_key, "x"});
    EXPECT_EQ(verdict(key), "served");
    redis_.command({"HSET", marks_key, row_tag("things", "id", "43"), "4"});
    EXPECT_EQ(verdict(key), "served");
    redis_.command({"HSET", marks_key, row_tag("things", "id", "42"), "4"});
    EXPECT_EQ(verdict(key), "not served: what it is made of changed (row|things|id|42)");
    redis_.command({"HDEL", marks_key, row_tag("things", "id", "42")});
    keep(key, 1s);
    const auto known = explain(redis_, keys_, key);
    EXPECT_EQ(known.verdict, "served while a newer one is loaded");
    EXPECT_EQ(known.pattern, "thing:{tenant}:{role}:{id}");
    EXPECT_EQ(known.bytes, 14U);
    EXPECT_GE(known.age, 5s);
    EXPECT_LE(*known.ttl, 55s);
    EXPECT_EQ(known.tables, std::vector<std::string>{"things(id)"});
}

TEST_F(StoredTest, OfAKeyThatIsNoneOfTheCacheNothingIsLoadedOrServed) {
    const std::string none =
        "no pattern of [cache.keys] has it: the cache neither loads nor serves it";
    EXPECT_EQ(verdict("nosuch:1"), none);
    redis_.command({"SET", "nosuch:1", "x"});
    EXPECT_EQ(verdict("nosuch:1"), none);
    const std::string other =
        "its pattern is none of the library's cache: the cache neither loads nor serves it";
    EXPECT_EQ(verdict("session:1"), other);
    redis_.command({"SET", "session:1", "x"});
    EXPECT_EQ(verdict("session:1"), other);
}

TEST_F(StoredTest, FlushTakesValuesOfTheCacheAndNothingElse) {
    for (int i = 0; i < 1000; ++i) {
        keep("thing:anna:app:" + std::to_string(i));
    }
    redis_.command({"SET", "thing:anna:app:theirs", "no value"});
    redis_.command({"HSET", "thing:anna:app:hash", "a", "b"});
    redis_.command({"SET", "session:1", "x"});
    redis_.command({"HSET", marks_key, "epoch", "9"});
    const auto dry = flush(redis_, {keys_[0]}, Scope::patterns, false);
    EXPECT_EQ(dry.values, 1000U);
    EXPECT_EQ(dry.foreign, 2U);
    EXPECT_EQ(redis_.command({"DBSIZE"}).integer(), 1004);
    EXPECT_EQ(flush(redis_, {keys_[0]}, Scope::patterns, true).values, 1000U);
    EXPECT_EQ(
        redis_.command({"EXISTS", "thing:anna:app:theirs", "thing:anna:app:hash", "session:1"})
            .integer(),
        3);
    // What was loaded before is of a position that is old now; the others are as they were.
    EXPECT_EQ(redis_.command({"HGET", marks_key, "epoch"}).text(), "9");
    EXPECT_EQ(redis_.command({"HGET", marks_key, pattern_tag(keys_[0].pattern)}).text(), "2")
        << "before and after";
    EXPECT_EQ(flush(redis_, {keys_[0]}, Scope::everything, true).values, 0U);
    EXPECT_TRUE(redis_.command({"HGET", marks_key, "epoch"}).is_nothing());
    EXPECT_TRUE(is_cache(keys_[0]));
    EXPECT_FALSE(is_cache(keys_[1]));
}

TEST_F(StoredTest, WhatWritersTellWhileNobodyCarriesChangesFillsNoRedis) {
    redis_.command({"HSET", marks_key, epoch_field, "9", number_field, "3"});
    const auto tell = [&] {
        redis_.command(
            {"EVAL", written_text, "1", marks_key, channel, written_message({"any|t"}), "any|t"});
        return redis_.command({"HLEN", marks_key}).integer();
    };
    EXPECT_EQ(tell(), 3);
    redis_.command({"EVAL",
                    "for i = 1, 200000 do redis.call('HSET', KEYS[1], 'row|t|id|' .. i, i) end",
                    "1", marks_key});
    // Without an epoch no value is served, until who carries changes begins anew.
    EXPECT_EQ(tell(), 0);
    EXPECT_EQ(tell(), 0);
}

TEST_F(StoredTest, FiguresAreThoseOfAllProcesses) {
    redis_.command({"HSET", stats_key, "local_hits|thing:{tenant}:{role}:{id}", "70",
                    "redis_hits|thing:{tenant}:{role}:{id}", "20",
                    "misses|thing:{tenant}:{role}:{id}", "10", "loads|thing:{tenant}:{role}:{id}",
                    "10", "loads|gone:{id}", "4"});
    const auto seen = overview(redis_, keys_);
    ASSERT_EQ(seen.patterns.size(), 1U);
    EXPECT_DOUBLE_EQ(seen.patterns[0].hit_ratio(), 0.9);
    EXPECT_FALSE(seen.is_told);
}

}  // namespace
}  // namespace caisson::cache
