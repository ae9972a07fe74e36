// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "drivers/redis/client.h"
#include "drivers/redis/connection.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::awaitable;

void with_client(const std::function<awaitable<void>(Client&)>& body, Settings settings,
                 ClientLimits limits = {}) {
    test::run([&]() -> awaitable<void> {
        Client client(co_await asio::this_coro::executor, settings, limits);
        co_await body(client);
    });
}

void with_client(const std::function<awaitable<void>(Client&)>& body, ClientLimits limits = {}) {
    with_client(body, test::Redis::shared().settings(), limits);
}

template <typename... Words>
Command words(Words... all) {
    return Command{std::string(all)...};
}

TEST(Client, EveryCallerGetsItsOwnAnswerAndWritesAreShared) {
    with_client([](Client& client) -> awaitable<void> {
        co_await client.command(words("PING"));
        const auto before = client.stats();
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 1000; ++i) {
            callers.push_back([](Client& one, int own) -> awaitable<void> {
                for (int round = 0; round < 5; ++round) {
                    const auto text = std::to_string(own) + "/" + std::to_string(round);
                    const auto reply = co_await one.command(words("ECHO", text));
                    EXPECT_EQ(reply.text(), text);
                }
            }(client, i));
        }
        co_await test::all(std::move(callers));
        const auto after = client.stats();
        EXPECT_EQ(after.answered - before.answered, 5000U);
        EXPECT_LT(after.writes - before.writes, 500U);
        EXPECT_EQ(after.connected, 1U);
    });
}

TEST(Client, AnErrorIsOnlyTheCallersWhoMadeIt) {
    with_client([](Client& client) -> awaitable<void> {
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 20; ++i) {
            callers.push_back([](Client& one, bool is_wrong) -> awaitable<void> {
                std::string kind;
                auto command = is_wrong ? words("NOSUCHCOMMAND") : words("PING");
                try {
                    const auto reply = co_await one.command(std::move(command));
                    EXPECT_EQ(reply.text(), "PONG");
                } catch (const Error& error) {
                    EXPECT_EQ(error.code(), Code::database_rejected);
                    kind = error.fact("redis");
                }
                EXPECT_EQ(kind, is_wrong ? "ERR" : "");
            }(client, i % 3 == 0));
        }
        co_await test::all(std::move(callers));
    });
}

TEST(Client, APipelineIsOneRequestWhoseErrorsAreValues) {
    with_client([](Client& client) -> awaitable<void> {
        std::vector<Command> commands;
        commands.push_back(words("SET", "pipeline", "1"));
        commands.push_back(words("LPUSH", "pipeline", "x"));
        commands.push_back(words("INCR", "pipeline"));
        const auto replies = co_await client.pipeline(std::move(commands));
        EXPECT_EQ(replies.size(), 3U);
        EXPECT_TRUE(replies.at(1).is_error());
        EXPECT_EQ(replies.at(2).integer(), 2);
        const auto none = co_await client.pipeline({});
        EXPECT_TRUE(none.empty());
    });
}

TEST(Client, ATransactionLetsNobodyInBetween) {
    with_client([](Client& client) -> awaitable<void> {
        co_await client.command(words("SET", "both", "0"));
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 50; ++i) {
            callers.push_back([](Client& one) -> awaitable<void> {
                std::vector<Command> commands;
                commands.push_back(words("INCR", "both"));
                commands.push_back(words("INCR", "both"));
                const auto replies = co_await one.transaction(std::move(commands));
                EXPECT_EQ(replies.at(0).integer() + 1, replies.at(1).integer());
            }(client));
        }
        co_await test::all(std::move(callers));
        std::vector<Command> wrong;
        wrong.push_back(words("INCR", "both"));
        wrong.push_back(words("NOSUCHCOMMAND"));
        bool is_refused = false;
        try {
            co_await client.transaction(std::move(wrong));
        } catch (const Error& error) {
            is_refused = error.code() == Code::database_rejected;
        }
        EXPECT_TRUE(is_refused);
        const auto left = co_await client.command(words("GET", "both"));
        EXPECT_EQ(left.integer(), 100);
    });
}

TEST(Client, AScriptIsSentWholeOnlyToAServerThatDoesNotKnowIt) {
    with_client([](Client& client) -> awaitable<void> {
        const Script script("return {KEYS[1], ARGV[1], 'sent once'}");
        for (int round = 0; round < 3; ++round) {
            if (round == 2) {
                co_await client.command(words("SCRIPT", "FLUSH"));
            }
            std::vector<std::string> keys{"a"};
            std::vector<std::string> arguments{"b"};
            const auto reply =
                co_await client.evaluate(script, std::move(keys), std::move(arguments));
            EXPECT_EQ(reply.items.at(0).text() + reply.items.at(1).text(), "ab");
        }
        const auto known = co_await client.command(words("SCRIPT", "EXISTS", script.sha1()));
        EXPECT_EQ(known.items.at(0).integer(), 1);
    });
}

TEST(Client, WhatWouldChangeTheConnectionOfOthersIsRefused) {
    with_client([](Client& client) -> awaitable<void> {
        for (const char* name : {"SELECT", "SUBSCRIBE", "BLPOP", "MULTI"}) {
            bool is_refused = false;
            try {
                co_await client.command(words(name, "0"));
            } catch (const Error& error) {
                is_refused = error.code() == Code::usage;
            }
            EXPECT_TRUE(is_refused) << name;
        }
    });
}

awaitable<std::string> outcome(Client& client, Command command, RequestOptions options) {
    try {
        co_await client.command(std::move(command), options);
    } catch (const Unanswered& error) {
        switch (error.reason()) {
            case Unanswered::Reason::deadline:
                co_return error.may_have_run() ? "deadline, may have run" : "deadline, not sent";
            case Unanswered::Reason::connection:
                co_return error.may_have_run() ? "broken, may have run" : "broken, not sent";
            case Unanswered::Reason::full:
                co_return "full";
            case Unanswered::Reason::closed:
                co_return "closed";
        }
    } catch (const boost::system::system_error&) {
        co_return "cancelled";
    }
    co_return "answered";
}

TEST(Client, ARequestEndsAtItsDeadlineAndTheNextOneIsAnswered) {
    ClientLimits limits;
    limits.grace = 30s;
    with_client(
        [](Client& client) -> awaitable<void> {
            co_await client.command(words("PING"));
            const auto start = std::chrono::steady_clock::now();
            // Redis itself is busy for three seconds.
            auto busy = words("EVAL",
                              "local t = redis.call('TIME') local s = t[1] * 1e6 + t[2] repeat t = "
                              "redis.call('TIME') until t[1] * 1e6 + t[2] > s + 3000000",
                              "0");
            RequestOptions soon;
            soon.deadline = 50ms;
            const auto late = co_await outcome(client, std::move(busy), soon);
            EXPECT_EQ(late, "deadline, may have run");
            EXPECT_LT(std::chrono::steady_clock::now() - start, 2500ms);
            RequestOptions patient;
            patient.deadline = 30s;
            const auto reply = co_await client.command(words("ECHO", "mine"), patient);
            EXPECT_EQ(reply.text(), "mine");
            EXPECT_EQ(client.stats().connected, 1U);
        },
        limits);
}

TEST(Client, ACancelledCallerDisturbsNobody) {
    with_client([](Client& client) -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        co_await client.command(words("PING"));
        std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
        int cancelled = 0;
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 100; ++i) {
            if (i % 2 == 0) {
                signals.push_back(std::make_unique<asio::cancellation_signal>());
                asio::co_spawn(
                    executor,
                    [](Client& one, int own, int& count) -> awaitable<void> {
                        const auto ended =
                            co_await outcome(one, words("ECHO", std::to_string(own)), {});
                        count += ended == "cancelled" ? 1 : 0;
                    }(client, i, cancelled),
                    asio::bind_cancellation_slot(signals.back()->slot(), asio::detached));
            } else {
                callers.push_back([](Client& one, int own) -> awaitable<void> {
                    const auto reply = co_await one.command(words("ECHO", std::to_string(own)));
                    EXPECT_EQ(reply.text(), std::to_string(own));
                }(client, i));
            }
        }
        // They have asked once this turn is over, and are not answered yet.
        asio::post(executor, [&] {
            for (const auto& signal : signals) {
                signal->emit(asio::cancellation_type::terminal);
            }
        });
        co_await test::all(std::move(callers));
        co_await client.command(words("PING"));
        EXPECT_EQ(cancelled, 50);
        EXPECT_EQ(client.stats().in_flight, 0U);
        EXPECT_EQ(client.stats().connected, 1U);
    });
}

TEST(Client, WithoutAServerRequestsWaitForTheirDeadlineAndNotAboveTheBound) {
    Settings nowhere;
    nowhere.socket = "/nonexistent/redis.sock";
    ClientLimits limits;
    limits.requests = 3;
    with_client(
        [](Client& client) -> awaitable<void> {
            int full = 0;
            int late = 0;
            std::vector<awaitable<void>> callers;
            for (int i = 0; i < 5; ++i) {
                callers.push_back([](Client& one, int& refused, int& over) -> awaitable<void> {
                    RequestOptions soon;
                    soon.deadline = 50ms;
                    const auto ended = co_await outcome(one, words("PING"), soon);
                    refused += ended == "full" ? 1 : 0;
                    over += ended == "deadline, not sent" ? 1 : 0;
                }(client, full, late));
            }
            co_await test::all(std::move(callers));
            EXPECT_EQ(full, 2);
            EXPECT_EQ(late, 3);
            EXPECT_EQ(client.stats().refused, 2U);
            EXPECT_GT(client.stats().failed, 0U);
            EXPECT_NE(client.stats().last_failure, "");
        },
        nowhere, limits);
}

TEST(Client, ClosingTellsEverybodyWhoWaits) {
    test::run([]() -> awaitable<void> {
        Settings nowhere;
        nowhere.socket = "/nonexistent/redis.sock";
        auto client =
            std::make_unique<Client>(co_await asio::this_coro::executor, nowhere, ClientLimits());
        std::vector<awaitable<void>> both;
        both.push_back([](Client& one) -> awaitable<void> {
            const auto ended = co_await outcome(one, words("PING"), {});
            EXPECT_EQ(ended, "closed");
        }(*client));
        both.push_back([](std::unique_ptr<Client>& one) -> awaitable<void> {
            one->close();
            co_return;
        }(client));
        co_await test::all(std::move(both));
    });
}

TEST(Client, WorksInItsDatabaseAndOverTcp) {
    test::RedisServer server;
    auto settings = server.tcp_settings();
    settings.database = 3;
    with_client(
        [](Client& client) -> awaitable<void> {
            co_await client.command(words("SET", "third", "x"));
        },
        settings);
    EXPECT_TRUE(Connection(server.settings()).command({"GET", "third"}).is_nothing());
    auto third = server.settings();
    third.database = 3;
    EXPECT_EQ(Connection(third).command({"GET", "third"}).text(), "x");
}

TEST(Client, SpeaksTlsOnlyWithAServerThatItTrusts) {
    test::RedisServer server({.lines = {}, .sentinel = false, .tls = true});
    const auto settings = server.tcp_settings();
    with_client(
        [](Client& client) -> awaitable<void> {
            const std::string large(3'000'000, 'x');
            co_await client.command(words("SET", "large", large));
            const auto reply = co_await client.command(words("GET", "large"));
            EXPECT_EQ(reply.text(), large);
        },
        settings);
    auto other_name = settings;
    other_name.tls->name = "elsewhere.internal";
    auto unknown = settings;
    unknown.tls->root.clear();
    auto plain = settings;
    plain.tls.reset();
    for (const auto& wrong : {other_name, unknown, plain}) {
        with_client(
            [](Client& client) -> awaitable<void> {
                RequestOptions soon;
                soon.deadline = 2s;
                const auto ended = co_await outcome(client, words("PING"), soon);
                EXPECT_EQ(ended, "deadline, not sent");
                EXPECT_GT(client.stats().failed, 0U);
            },
            wrong);
    }
    auto careless = other_name;
    careless.tls->verify = false;
    with_client([](Client& client) -> awaitable<void> { co_await client.command(words("PING")); },
                careless);
}

TEST(Client, AWrongPasswordIsToldWithoutRepeatingIt) {
    auto settings = test::Redis::shared().settings();
    settings.password = Secret("wrong-and-secret");
    with_client(
        [](Client& client) -> awaitable<void> {
            RequestOptions soon;
            soon.deadline = 2s;
            const auto ended = co_await outcome(client, words("PING"), soon);
            EXPECT_EQ(ended, "deadline, not sent");
            EXPECT_NE(client.stats().last_failure.find("WRONGPASS"), std::string::npos);
            EXPECT_EQ(client.stats().last_failure.find("wrong-and-secret"), std::string::npos);
        },
        settings);
}

}  // namespace
}  // namespace caisson::redis
