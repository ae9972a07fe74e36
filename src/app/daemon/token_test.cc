// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::daemon {
namespace {

http::Request bearing(const std::string& value) {
    http::Request request;
    if (!value.empty()) {
        request.headers.push_back({"Authorization", value});
    }
    return request;
}

TEST(Token, IsMadeOnceAndReadableByItsOwnerOnly) {
    const test::Directory directory;
    const auto file = directory.path() / "secrets" / "api-token";
    const auto token = token_at(file);
    EXPECT_GE(token.reveal().size(), 32U);
    EXPECT_EQ(token_at(file), token);
    struct stat entry {};
    ASSERT_EQ(::stat(file.c_str(), &entry), 0);
    EXPECT_EQ(entry.st_mode & 0777U, 0600U);
}

TEST(Token, AFileWithoutOneIsRefused) {
    const test::Directory directory;
    try {
        token_at(directory.write("api-token", " \n"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::state_unusable);
    }
}

TEST(Token, OnlyTheTokenItselfIsLetIn) {
    const Secret token("0123456789abcdef");
    EXPECT_FALSE(ask_token(bearing("Bearer 0123456789abcdef"), token));
    EXPECT_FALSE(ask_token(bearing("bearer  0123456789abcdef"), token));
    for (const auto* wrong : {"Bearer 0123456789abcde", "Bearer 0123456789abcdefg", "Bearer ",
                              "Bearer", "Basic 0123456789abcdef", "0123456789abcdef"}) {
        const auto answer = ask_token(bearing(wrong), token);
        ASSERT_TRUE(answer) << wrong;
        EXPECT_EQ(answer->status, 401);
        EXPECT_EQ(answer->body.find("0123456789abcdef"), std::string::npos);
    }
    const auto answer = ask_token(bearing(""), token);
    ASSERT_TRUE(answer);
    EXPECT_EQ(http::find_header(answer->headers, "WWW-Authenticate"), "Bearer realm=\"caisson\"");
}

}  // namespace
}  // namespace caisson::daemon
