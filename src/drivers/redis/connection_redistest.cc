// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "tests/support/redis.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
namespace {

using namespace std::chrono_literals;

TEST(Connection, SpeaksOverTheUnixSocketAndKeepsAnyBytes) {
    Connection connection(test::Redis::shared().settings());
    const std::string bytes("\0\r\n$", 4);
    EXPECT_EQ(connection.command({"SET", "any", bytes}).text(), "OK");
    EXPECT_EQ(connection.command({"GET", "any"}).text(), bytes);
    EXPECT_EQ(connection.command({"GET", "none"}).optional(), std::nullopt);
    EXPECT_EQ(connection.command({"CLIENT", "GETNAME"}).text(), "caisson");
}

TEST(Connection, WorksInTheDatabaseThatTheSettingsName) {
    auto settings = test::Redis::shared().settings();
    settings.database = 3;
    Connection(settings).command({"SET", "third", "x"});
    Connection first(test::Redis::shared().settings());
    EXPECT_TRUE(first.command({"GET", "third"}).is_nothing());
    EXPECT_EQ(Connection(settings).command({"DEL", "third"}).integer(), 1);
    settings.database = 4711;
    try {
        const Connection refused(settings);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_NE(error.message().find("/4711"), std::string::npos) << error.message();
    }
}

TEST(Connection, ARefusedCommandLeavesTheConnectionUsable) {
    Connection connection(test::Redis::shared().settings());
    connection.command({"SET", "text", "x"});
    try {
        connection.command({"INCR", "text"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::database_rejected);
        EXPECT_EQ(error.fact("redis"), "ERR");
    }
    EXPECT_EQ(connection.command({"PING"}).text(), "PONG");
}

TEST(Connection, APipelineLargerThanEveryBufferDoesNotBlockItself) {
    Connection connection(test::Redis::shared().settings());
    const std::string large(1'000'000, 'x');
    std::vector<Command> commands;
    for (int i = 0; i < 40; ++i) {
        commands.push_back({"ECHO", large});
    }
    commands.push_back({"NOSUCHCOMMAND"});
    const auto replies = connection.pipeline(commands);
    ASSERT_EQ(replies.size(), 41U);
    EXPECT_EQ(replies[39].value.size(), large.size());
    EXPECT_TRUE(replies[40].is_error());
}

TEST(Connection, AWrongPasswordIsRefusedWithoutRepeatingIt) {
    auto settings = test::Redis::shared().settings();
    settings.password = Secret("wrong-and-secret");
    try {
        const Connection refused(settings);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_EQ(error.fact("redis"), "WRONGPASS");
        EXPECT_EQ(error.message().find("wrong-and-secret"), std::string::npos);
    }
}

TEST(Connection, SaysWhereNobodyListens) {
    Settings settings;
    settings.socket = "/nonexistent/redis.sock";
    try {
        const Connection refused(settings);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_NE(error.message().find("/nonexistent/redis.sock"), std::string::npos);
    }
    settings.socket = "/" + std::string(200, 'x');
    EXPECT_THROW(const Connection too_long(settings), Error);
}

TEST(Connection, AServerThatDoesNotAnswerIsGivenUpAndTheConnectionClosed) {
    auto settings = test::Redis::shared().settings();
    settings.answer_limit = 1s;
    Connection connection(settings);
    try {
        connection.command({"BLPOP", "nothing-comes", "0"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
    EXPECT_TRUE(connection.is_broken());
    EXPECT_THROW(connection.command({"PING"}), Error);
}

TEST(Connection, AConnectionThatTheServerEndedSaysSo) {
    Connection connection(test::Redis::shared().settings());
    Connection other(test::Redis::shared().settings());
    other.command({"CLIENT", "KILL", "ID", connection.command({"CLIENT", "ID"}).text()});
    try {
        connection.command({"PING"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
    EXPECT_TRUE(connection.is_broken());
}

std::string refusal(const Settings& settings) {
    try {
        Connection(settings).command({"PING"});
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        return error.message();
    }
    return "none";
}

class TlsConnectionTest : public testing::Test {
 protected:
    test::RedisServer server_{{.lines = {}, .sentinel = false, .tls = true}};
};

TEST_F(TlsConnectionTest, CarriesAnythingBothWaysOverTls) {
    Connection connection(server_.tcp_settings());
    const std::string large(3'000'000, 'x');
    std::vector<Command> commands(5, {"ECHO", large});
    commands.push_back({"CLIENT", "ID"});
    const auto replies = connection.pipeline(commands);
    ASSERT_EQ(replies.size(), 6U);
    EXPECT_EQ(replies[4].value, large);
    EXPECT_EQ(connection.command({"PING"}).text(), "PONG");
}

TEST_F(TlsConnectionTest, BelievesOnlyWhomItsAuthoritiesVouchFor) {
    auto other_name = server_.tcp_settings();
    other_name.tls->name = "elsewhere.internal";
    EXPECT_NE(refusal(other_name).find("mismatch"), std::string::npos) << refusal(other_name);
    auto address = server_.tcp_settings();
    address.host = "127.0.0.1";  // The certificate is for localhost alone.
    EXPECT_NE(refusal(address).find("IP address mismatch"), std::string::npos) << refusal(address);
    auto unknown = server_.tcp_settings();
    unknown.tls->root.clear();
    EXPECT_NE(refusal(unknown).find("certificate"), std::string::npos) << refusal(unknown);
    auto nowhere = server_.tcp_settings();
    nowhere.tls->root = "/nonexistent/ca.crt";
    EXPECT_NE(refusal(nowhere).find("/nonexistent/ca.crt"), std::string::npos);
    auto careless = other_name;
    careless.tls->verify = false;
    EXPECT_EQ(refusal(careless), "none");
}

TEST_F(TlsConnectionTest, AnotherBundleInTheSameFileIsRead) {
    auto settings = server_.tcp_settings();
    const auto bundle = std::filesystem::path(settings.tls->root).parent_path() / "rotated.crt";
    std::filesystem::copy_file(settings.tls->root, bundle);
    settings.tls->root = bundle.string();
    EXPECT_EQ(refusal(settings), "none");
    EXPECT_EQ(refusal(settings), "none");
    std::ofstream(bundle, std::ios::trunc) << "nothing that vouches for anybody\n";
    std::filesystem::last_write_time(
        bundle, std::filesystem::last_write_time(bundle) + std::chrono::seconds(5));
    EXPECT_NE(refusal(settings).find("cannot be read"), std::string::npos) << refusal(settings);
}

TEST_F(TlsConnectionTest, NothingIsSaidInTheOpenNorToWhoSpeaksNoTls) {
    auto open = server_.tcp_settings();
    open.tls.reset();
    open.answer_limit = 300ms;
    EXPECT_NE(refusal(open), "none");
    test::RedisServer plain;
    auto secured = plain.tcp_settings();
    secured.tls.emplace();
    secured.connect_limit = 300ms;
    EXPECT_NE(refusal(secured), "none");
}

TEST_F(TlsConnectionTest, AServerThatHangsIsGivenUpInTime) {
    auto settings = server_.tcp_settings();
    settings.answer_limit = 1s;
    Connection connection(settings);
    server_.pause();
    settings.connect_limit = 200ms;
    EXPECT_NE(refusal(settings).find("no agreement on TLS within 200"), std::string::npos);
    EXPECT_THROW(connection.command({"PING"}), Error);
    EXPECT_TRUE(connection.is_broken());
    server_.resume();
    EXPECT_EQ(refusal(server_.tcp_settings()), "none");
}

TEST_F(TlsConnectionTest, AServerThatDiesEndsTheStreamAsInTheOpen) {
    const auto said = [&](const Settings& settings, auto& server) {
        Connection connection(settings);
        server.kill();
        try {
            connection.command({"PING"});
        } catch (const Error& error) {
            return replace_all(error.message(), settings.text(), "Redis");
        }
        return std::string("nothing");
    };
    test::RedisServer plain;
    const auto open = said(plain.tcp_settings(), plain);
    EXPECT_EQ(said(server_.tcp_settings(), server_), open);
    EXPECT_EQ(open.find("Protocol error"), std::string::npos);
}

TEST_F(TlsConnectionTest, AServerThatDiesIsAnErrorAndNoSignal) {
    Connection connection(server_.tcp_settings());
    server_.kill();
    EXPECT_THROW(
        connection.pipeline(std::vector<Command>(3, {"ECHO", std::string(9'000'000, 'x')})), Error);
    EXPECT_TRUE(connection.is_broken());
}

}  // namespace
}  // namespace caisson::redis
