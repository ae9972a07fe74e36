// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/parser.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::http {
namespace {

const std::string two_requests =
    "POST /a?b=c HTTP/1.1\r\nHost: localhost\r\nX: y\r\nContent-Length: 3\r\n\r\nabc"
    "GET /next HTTP/1.1\r\n";

TEST(RequestParser, ARequestIsTheSameHoweverItsBytesArrive) {
    for (std::size_t piece = 1; piece <= two_requests.size(); ++piece) {
        RequestParser parser(1000, 1000);
        std::string inbox;
        std::string_view left = two_requests;
        while (!parser.is_done() && !left.empty()) {
            inbox += left.substr(0, piece);
            left.remove_prefix(std::min(piece, left.size()));
            while (const auto taken = parser.put(inbox)) {
                inbox.erase(0, taken);
            }
        }
        ASSERT_TRUE(parser.is_done()) << piece;
        ASSERT_FALSE(parser.refusal());
        EXPECT_EQ(inbox + std::string(left), "GET /next HTTP/1.1\r\n");
        const auto request = parser.take();
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(request.path, "/a");
        EXPECT_EQ(request.query, "b=c");
        EXPECT_EQ(request.header("x"), "y");
        EXPECT_EQ(request.body, "abc");
        EXPECT_TRUE(parser.keeps_alive());
    }
}

TEST(RequestParser, TheAbsoluteFormIsUnderstood) {
    for (const auto& [target, path] : {std::pair("http://localhost:4000/health?x", "/health"),
                                       {"http://localhost", "/"},
                                       {"/a://b", "/a://b"},
                                       {"*", "*"}}) {
        RequestParser parser(1000, 1000);
        parser.put("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ASSERT_TRUE(parser.is_done()) << target;
        EXPECT_EQ(parser.take().path, path);
    }
}

TEST(RequestParser, AnEndInTheMiddleIsRefused) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, two_requests.find("abc") + 1}) {
        RequestParser parser(1000, 1000);
        std::string inbox = two_requests.substr(0, size);
        while (const auto taken = parser.put(inbox)) {
            inbox.erase(0, taken);
        }
        parser.finish();
        ASSERT_TRUE(parser.refusal()) << size;
        EXPECT_EQ(parser.refusal()->status, 400);
    }
}

TEST(RequestParser, AnOlderClientDoesNotKeepTheConnection) {
    RequestParser parser(1000, 1000);
    parser.put("GET / HTTP/1.0\r\n\r\n");
    ASSERT_TRUE(parser.is_done());
    EXPECT_FALSE(parser.keeps_alive());
}

TEST(ResponseParser, LengthsChunksAndTheEndOfTheConnectionEndABody) {
    for (const std::string text : {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\n\r\nabc"}) {
        ResponseParser parser(100, false);
        for (const char byte : text) {
            parser.put({&byte, 1});
        }
        if (!parser.is_done()) {
            parser.finish();
        }
        EXPECT_EQ(parser.take().body, "abc") << text;
    }
}

TEST(ResponseParser, WhatIsNotHttpOrTooLongOrCutIsAnError) {
    EXPECT_THROW(ResponseParser(100, false).put("SSH-2.0-OpenSSH\r\n\r\n"), Error);
    EXPECT_THROW(ResponseParser(2, false).put("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
                 Error);
    EXPECT_THROW(ResponseParser(100, false).finish(), Error);
    ResponseParser cut(100, false);
    cut.put("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    EXPECT_THROW(cut.finish(), Error);
}

}  // namespace
}  // namespace caisson::http
