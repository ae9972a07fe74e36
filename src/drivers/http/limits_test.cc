// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "drivers/http/client.h"
#include "drivers/http/server.h"
#include "tests/support/raw_client.h"

namespace caisson::http {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

/// What hostile and broken clients may take of the server.
class LimitsTest : public testing::Test {
 protected:
    static Options options() {
        Options options;
        options.limits.header_bytes = 2048;
        options.limits.body_bytes = 1000;
        // Of those who are not silent, too, on a machine that stands still for a moment.
        options.limits.header_time = 3s;
        options.limits.body_time = 3s;
        options.limits.idle_time = 3s;
        options.limits.write_time = 3s;
        options.limits.connections = 5;
        return options;
    }
    static std::vector<Route> routes() {
        return {
            fast("POST", "/echo",
                 [](const Request& request) {
                     return Response{200, "text/plain", request.body};
                 }),
            fast("GET", "/big",
                 [](const Request&) {
                     return Response{200, "text/plain", std::string(64 * 1024 * 1024, 'x')};
                 }),
        };
    }
    std::string answer_to(std::string_view bytes) {
        RawClient client(server_.port());
        client.say(bytes);
        return client.hear();
    }
    void expect_alive() {
        Call call;
        call.method = "POST";
        call.port = server_.port();
        call.target = "/echo";
        call.body = "alive";
        EXPECT_EQ(send(call).body, "alive");
    }

    Server server_{options(), routes()};
};

TEST_F(LimitsTest, HeadersThatAreTooLongAreRefused) {
    const std::string padding(3000, 'a');
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + padding + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(answer_to("GET /" + padding + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(answer_to(std::string(1'000'000, 'A')), StartsWith("HTTP/1.1 4"));
    expect_alive();
}

TEST_F(LimitsTest, BodiesThatAreTooLongAreRefusedEvenWhenTheyDoNotSaySo) {
    EXPECT_THAT(answer_to("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n" +
                          std::string(1001, 'x')),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(
        answer_to("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
        StartsWith("HTTP/1.1 413 "));
    std::string chunks =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 10; ++i) {
        chunks += "c8\r\n" + std::string(200, 'x') + "\r\n";
    }
    EXPECT_THAT(answer_to(chunks + "0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(answer_to("POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          "Content-Length: 1000\r\n\r\n" +
                          std::string(1000, 'x')),
                StartsWith("HTTP/1.1 200 "));
}

TEST_F(LimitsTest, AClientThatDripsIsCutOff) {
    const Stopwatch watch;
    RawClient client(server_.port());
    client.say("POST /echo HTTP/1.1\r\n");
    // A byte every 20 ms would keep a limit on silence from ever being reached.
    std::string heard;
    while (!client.is_closed() && watch.elapsed() < 60s) {
        client.say("X");
        heard += client.hear(20ms);
    }
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 408 "));
    EXPECT_LT(watch.elapsed(), 30s);

    RawClient body(server_.port());
    body.say("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_THAT(body.hear(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(LimitsTest, AClientThatSaysNothingIsClosedWithoutAWord) {
    RawClient client(server_.port());
    EXPECT_EQ(client.hear(), "");
    EXPECT_TRUE(client.is_closed());
}

TEST_F(LimitsTest, AClientThatDoesNotReadIsCutOff) {
    const RawClient client(server_.port());
    client.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const Stopwatch watch;
    while (server_.connections() > 0 || watch.elapsed() < 50ms) {
        ASSERT_LT(watch.elapsed(), 60s);
        ::poll(nullptr, 0, 10);
    }
    expect_alive();
}

TEST_F(LimitsTest, OneConnectionTooManyIsToldSo) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<RawClient>(server_.port()));
        clients.back()->say(
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok");
        EXPECT_THAT(clients.back()->hear_until("ok", 10s), HasSubstr("200 OK"));
    }
    const auto refused = answer_to("POST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
    clients.clear();
    while (server_.connections() > 0) {
        ::poll(nullptr, 0, 5);
    }
    expect_alive();
}

TEST_F(LimitsTest, RequestsThatCouldBeReadInTwoWaysAreRefused) {
    const std::string post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& bytes : {
             post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
             post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
             post + "Content-Length: -1\r\n\r\n",
             post + "Content-Length: 3x\r\n\r\nabc",
             post + "Transfer-Encoding: gzip\r\n\r\nabc",
             post + "Host: other\r\n\r\n",
             std::string("POST /echo HTTP/1.1\r\n\r\n"),
             std::string("POST /echo HTTP/2.0\r\nHost: localhost\r\n\r\n"),
             std::string("POST /echo\r\n\r\n"),
             std::string("POST /echo HTTP/1.1\nHost: localhost\n\n"),
             post + "X : y\r\n\r\n",
             post + "X\r\n\r\n",
             std::string("GET / HTTP/1.1\r\nHost: localhost\r\nX: a") + '\0' + "b\r\n\r\n",
         }) {
        EXPECT_THAT(answer_to(bytes),
                    AnyOf(StartsWith("HTTP/1.1 400 "), StartsWith("HTTP/1.1 501 "),
                          StartsWith("HTTP/1.1 505 ")))
            << bytes;
    }
    expect_alive();
}

TEST_F(LimitsTest, AClientThatAsksFirstIsToldToGoOn) {
    RawClient client(server_.port());
    client.say(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.hear_until("\r\n\r\n", 10s), StartsWith("HTTP/1.1 100 "));
    client.say("ok");
    EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(LimitsTest, RandomBytesNeverEndTheServer) {
    std::mt19937 random(20261);
    const std::string valid =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n";
    for (int round = 0; round < 300; ++round) {
        std::string bytes = valid;
        if (round % 3 == 0) {
            bytes.assign(random() % 400, '\0');
            for (auto& byte : bytes) {
                byte = static_cast<char>(random());
            }
        } else {
            for (int flip = 0; flip < 3; ++flip) {
                bytes[random() % bytes.size()] = static_cast<char>(random());
            }
        }
        RawClient client(server_.port());
        client.say(bytes);
        client.end();
        client.hear(2s);
    }
    expect_alive();
}

}  // namespace
}  // namespace caisson::http
