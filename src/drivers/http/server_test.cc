// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/server.h"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/http/client.h"
#include "tests/support/raw_client.h"

namespace caisson::http {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Response text(std::string body) { return {200, "text/plain", std::move(body)}; }

std::string header(const Response& response, std::string_view name) {
    return std::string(find_header(response.headers, name).value_or("(none)"));
}

/// A door that jobs wait at until a test opens it.
class Door {
 public:
    void open() { promise_.set_value(); }
    void wait() const { opened_.wait_for(30s); }

 private:
    std::promise<void> promise_;
    std::shared_future<void> opened_ = promise_.get_future().share();
};

class ServerTest : public testing::Test {
 protected:
    static std::vector<Route> routes(Door& door, std::atomic<int>& begun) {
        return {
            fast("GET", "/hello", [](const Request&) { return text("hello"); }),
            fast("GET", "/users/{id}",
                 [](const Request& request) { return text(request.parameters.at("id")); }),
            slow("POST", "/echo", [](const Request& request) { return text(request.body); }),
            fast("GET", "/error",
                 [](const Request&) -> Response { throw Error(Code::locked, "it is locked"); }),
            slow("GET", "/bug",
                 [](const Request&) -> Response { throw std::runtime_error("secret inside"); }),
            slow("GET", "/wait",
                 [&](const Request&) {
                     ++begun;
                     door.wait();
                     return text("waited");
                 }),
            slow(
                "GET", "/late",
                [&](const Request&) {
                    door.wait();
                    return text("late");
                },
                50ms),
            deferred("GET", "/deferred",
                     [&](const Request&, Reply reply) {
                         std::thread([reply = std::move(reply)] {
                             reply(text("once"));
                             reply(text("twice"));
                         }).detach();
                     }),
            deferred("GET", "/never", [](const Request&, const Reply&) {}),
        };
    }

    static Options options() {
        Options options;
        options.hosts = {"lumina.example"};
        options.limits.handler_time = 10s;
        return options;
    }

    Response ask(const std::string& target, Headers headers = {}) const {
        return get("127.0.0.1", server_.port(), target, 30s, std::move(headers));
    }

    Door door_;
    std::atomic<int> begun_{0};
    Server server_{options(), routes(door_, begun_)};
};

TEST_F(ServerTest, AnswersOnTheIoThreadOnWorkersAndLater) {
    EXPECT_EQ(ask("/hello").body, "hello");
    EXPECT_EQ(ask("/users/a%20b?x=1").body, "a b");
    EXPECT_EQ(ask("/deferred").body, "once");
    Call call;
    call.method = "POST";
    call.port = server_.port();
    call.target = "/echo";
    call.body = std::string(100'000, 'x');
    EXPECT_EQ(send(call).body, call.body);
}

TEST_F(ServerTest, UnknownPathsAndMethodsAreProblems) {
    const auto missing = ask("/nothing");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.content_type, "application/problem+json");
    const auto wrong = ask("/echo");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(header(wrong, "Allow"), "POST");
}

TEST_F(ServerTest, WhatAHandlerThrowsIsAProblem) {
    const auto locked = ask("/error");
    EXPECT_EQ(locked.status, 409);
    EXPECT_THAT(locked.body, HasSubstr("it is locked"));
    const auto bug = ask("/bug");
    EXPECT_EQ(bug.status, 500);
    EXPECT_THAT(bug.body, Not(HasSubstr("secret inside")));
}

TEST_F(ServerTest, HeadHasTheHeadersOfGetAndNoBody) {
    Call call;
    call.method = "HEAD";
    call.port = server_.port();
    call.target = "/hello";
    const auto response = send(call);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "Content-Length"), "5");
    EXPECT_EQ(response.body, "");
}

TEST_F(ServerTest, EveryAnswerHasAnIdAndASaneOneIsKept) {
    EXPECT_EQ(header(ask("/hello", {{"X-Request-Id", "trace-7"}}), "X-Request-Id"), "trace-7");
    const auto made = header(ask("/hello", {{"X-Request-Id", "a b\"c"}}), "X-Request-Id");
    EXPECT_EQ(made.size(), 36U);
    EXPECT_NE(header(ask("/nothing"), "X-Request-Id"), made);
    EXPECT_THAT(header(ask("/hello"), "Date"), HasSubstr(" GMT"));
    EXPECT_EQ(header(ask("/hello"), "Server"), "(none)");
}

TEST_F(ServerTest, OnLoopbackOnlyKnownHostsAreServed) {
    for (const auto* host : {"localhost:4000", "127.0.0.1", "[::1]:1", "lumina.example"}) {
        EXPECT_EQ(ask("/hello", {{"Host", host}}).status, 200) << host;
    }
    for (const auto* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example"}) {
        EXPECT_EQ(ask("/hello", {{"Host", host}}).status, 421) << host;
    }
    EXPECT_EQ(ask("/hello", {{"Host", "a b"}}).status, 400);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    RawClient client(server_.port());
    client.say(
        "GET /users/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        "GET /users/3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto heard = client.hear();
    EXPECT_TRUE(client.is_closed());
    const auto first = heard.find("\r\n\r\n1");
    const auto second = heard.find("\r\n\r\nabc");
    const auto third = heard.find("\r\n\r\n3");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
}

TEST_F(ServerTest, ASlowHandlerHoldsNobodyElseUp) {
    auto slow = std::async(std::launch::async, [&] { return ask("/wait").body; });
    while (begun_ == 0) {
        std::this_thread::yield();
    }
    EXPECT_EQ(ask("/hello").body, "hello");
    EXPECT_GE(server_.in_flight(), 1U);
    door_.open();
    EXPECT_EQ(slow.get(), "waited");
}

TEST_F(ServerTest, AnAnswerThatTakesTooLongIsAProblemAndTheConnectionLivesOn) {
    RawClient client(server_.port());
    client.say("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.hear_until("too long", 10s), StartsWith("HTTP/1.1 503 "));
    client.say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.hear_until("hello", 10s), StartsWith("HTTP/1.1 200 "));
    door_.open();
}

TEST_F(ServerTest, AHundredClientsKeepTheirConnections) {
    constexpr std::size_t clients = 100;
    constexpr std::size_t rounds = 20;
    std::vector<std::unique_ptr<RawClient>> connected;
    for (std::size_t i = 0; i < clients; ++i) {
        connected.push_back(std::make_unique<RawClient>(server_.port()));
    }
    std::size_t answered = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (const auto& client : connected) {
            client->say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        for (const auto& client : connected) {
            answered += RawClient::count(client->hear_until("hello", 10s), "200 OK");
        }
    }
    EXPECT_EQ(answered, clients * rounds);
    EXPECT_EQ(server_.connections(), clients);
}

TEST_F(ServerTest, DrainingFinishesWhatWasBegunAndRefusesTheRest) {
    RawClient idle(server_.port());
    idle.say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    idle.hear_until("hello", 10s);
    auto slow = std::async(std::launch::async, [&] { return ask("/wait").body; });
    while (begun_ == 0) {
        std::this_thread::yield();
    }
    auto drained = std::async(std::launch::async, [&] { return server_.drain(30s); });
    EXPECT_EQ(idle.hear(), "");
    EXPECT_TRUE(idle.is_closed());
    EXPECT_FALSE(RawClient(server_.port()).is_connected());
    door_.open();
    EXPECT_EQ(slow.get(), "waited");
    EXPECT_TRUE(drained.get());
}

TEST_F(ServerTest, DrainingEndsWithItsLimitOrWhenItIsEnough) {
    auto slow = std::async(std::launch::async, [&] {
        try {
            return ask("/wait").body;
        } catch (const Error& error) {
            return error.message();
        }
    });
    while (begun_ == 0) {
        std::this_thread::yield();
    }
    EXPECT_FALSE(server_.drain(10ms));
    EXPECT_FALSE(server_.drain(1h, [] { return true; }));
    auto stopped = std::async(std::launch::async, [&] { server_.stop(); });
    EXPECT_THAT(slow.get(), HasSubstr("closed"));
    door_.open();
    stopped.get();
}

TEST_F(ServerTest, AnAnswerMayComeAfterTheServerHasGone) {
    Reply late;
    {
        std::promise<void> asked;
        Server server({}, {deferred("GET", "/later", [&](const Request&, Reply reply) {
                          late = std::move(reply);
                          asked.set_value();
                      })});
        const RawClient client(server.port());
        client.say("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
        asked.get_future().wait();
    }
    late(text("too late"));
}

TEST_F(ServerTest, EveryExchangeIsObserved) {
    std::mutex mutex;
    std::vector<std::string> seen;
    Options watched;
    watched.guard = [](const Request& request) -> std::optional<Response> {
        return request.path == "/secret" ? std::optional(problem(401, "no")) : std::nullopt;
    };
    watched.observe = [&](const Exchange& exchange) {
        const std::lock_guard lock(mutex);
        seen.push_back(exchange.request.method + " " + std::string(exchange.route) + " " +
                       std::to_string(exchange.response.status));
    };
    Server server(watched, routes(door_, begun_));
    get("127.0.0.1", server.port(), "/users/7");
    get("127.0.0.1", server.port(), "/secret");
    RawClient client(server.port());
    client.say("nonsense\r\n\r\n");
    client.hear();
    server.stop();
    EXPECT_THAT(seen,
                testing::ElementsAre("GET /users/{id} 200", "GET  401", testing::EndsWith(" 400")));
}

TEST(Listening, ATakenPortAndAWrongAddressAreErrors) {
    const Server first({}, {});
    Options options;
    options.port = first.port();
    try {
        const Server second(options, {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::port_taken);
        EXPECT_THAT(error.message(), HasSubstr(std::to_string(first.port())));
    }
    options.listen = "nowhere";
    EXPECT_THROW(Server(options, {}), Error);
    options.listen = "192.0.2.1";
    try {
        const Server second(options, {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::daemon_failed);
    }
}

TEST(Listening, ClientsOfNobodyAreErrors) {
    std::uint16_t port = 0;
    {
        const Server server({}, {});
        port = server.port();
    }
    try {
        get("127.0.0.1", port, "/");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
}

}  // namespace
}  // namespace caisson::http
