// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/protocol.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::redis {
namespace {

using namespace std::string_literals;

TEST(Protocol, ArgumentsMayHoldAnyBytes) {
    EXPECT_EQ(format({"SET", "a b", "x\r\n\0y"s}),
              "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$5\r\nx\r\n\0y\r\n"s);
    EXPECT_THROW(format({}), Error);
}

TEST(Protocol, RepliesComeOutOfAnyPieces) {
    const std::string bytes = "+OK\r\n:42\r\n$-1\r\n*2\r\n$3\r\na\0b\r\n*1\r\n-ERR no\r\n"s;
    Reader reader;
    std::vector<Reply> replies;
    for (const char byte : bytes) {
        reader.feed({&byte, 1});
        while (auto reply = reader.next()) {
            replies.push_back(*reply);
        }
    }
    ASSERT_EQ(replies.size(), 4U);
    EXPECT_EQ(replies[0].text(), "OK");
    EXPECT_EQ(replies[1].integer(), 42);
    EXPECT_EQ(replies[2].optional(), std::nullopt);
    ASSERT_EQ(replies[3].items.size(), 2U);
    EXPECT_EQ(replies[3].items[0].value, "a\0b"s);
    EXPECT_TRUE(replies[3].items[1].items[0].is_error());
}

TEST(Protocol, WhatIsNotRedisIsRefused) {
    Reader reader;
    reader.feed("HTTP/1.1 400 Bad Request\r\n");
    try {
        reader.next();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
}

TEST(Protocol, ATextThatIsNoNumberIsNoInteger) {
    Reply reply;
    reply.kind = Reply::Kind::text;
    reply.value = "12";
    EXPECT_EQ(reply.integer(), 12);
    reply.value = "12x";
    EXPECT_THROW(reply.integer(), Error);
    reply.value = "";
    EXPECT_THROW(reply.integer(), Error);
}

}  // namespace
}  // namespace caisson::redis
