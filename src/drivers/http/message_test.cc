// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/message.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::http {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Message, HeadersAreFoundWhateverTheirCase) {
    Request request;
    request.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
    EXPECT_EQ(request.header("CONTENT-TYPE"), "a");
    EXPECT_EQ(request.header("Accept"), "");
}

TEST(Message, QueryValuesAreDecoded) {
    Request request;
    request.query = "a=1&name=J%C3%BCrgen+M&flag&empty=&a=2&%61b=c";
    EXPECT_EQ(request.query_value("a"), "1");
    EXPECT_EQ(request.query_value("name"), "Jürgen M");
    EXPECT_EQ(request.query_value("flag"), "");
    EXPECT_EQ(request.query_value("empty"), "");
    EXPECT_EQ(request.query_value("ab"), "c");
    EXPECT_EQ(request.query_value("b"), std::nullopt);
    EXPECT_EQ(decode("%zz%4"), "%zz%4");
}

TEST(Message, AnErrorBecomesAProblemByTheTable) {
    const auto response =
        problem(Error(Code::locked, "run 7 holds it").with("server", "db.internal"));
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr("\"type\":\"urn:caisson:error:locked\""));
    EXPECT_THAT(response.body, HasSubstr("\"status\":409"));
    EXPECT_THAT(response.body, HasSubstr("\"detail\":\"run 7 holds it\""));
    EXPECT_THAT(response.body, HasSubstr("\"hint\":"));
    EXPECT_THAT(response.body, Not(HasSubstr("db.internal")));
}

TEST(Message, WhatIsNotAnErrorTellsNothingOfTheInside) {
    const std::runtime_error secret("password=hunter2");
    const auto thrown = problem(static_cast<const std::exception&>(secret));
    EXPECT_EQ(thrown.status, 500);
    EXPECT_THAT(thrown.body, Not(HasSubstr("hunter2")));
    EXPECT_EQ(thrown.cause, "password=hunter2");
    EXPECT_THAT(problem(Error(Code::internal, "pointer 0x7f")).body, Not(HasSubstr("0x7f")));
}

TEST(Message, RequestIdsAreKeptWhenTheyAreSane) {
    EXPECT_TRUE(is_sane_id("4f0c-A_b.c:1/2+3=@"));
    EXPECT_TRUE(is_sane_id(std::string(128, 'a')));
    for (const auto& id : {std::string(), std::string(129, 'a'), std::string("a b"),
                           std::string("a\"b"), std::string("\xc3\xbc"), std::string("a\0b", 3)}) {
        EXPECT_FALSE(is_sane_id(id)) << id;
    }
}

TEST(Message, NothingCanBeSmuggledIntoAHead) {
    Response response;
    response.body = "12345";
    response.headers = {{"Location", "/x\r\nSet-Cookie: a=b"}};
    const auto head = head_of(response, {"today", "id", false});
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 200 OK\r\nDate: today\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(head, HasSubstr("Location: /xSet-Cookie: a=b\r\n"));
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("\nSet-Cookie")));
}

TEST(Message, AStatusWithoutABodyHasNoLength) {
    Response response;
    response.status = 204;
    EXPECT_THAT(head_of(response, {"today", "id", true}), Not(HasSubstr("\r\nContent-")));
}

}  // namespace
}  // namespace caisson::http
