// SPDX-License-Identifier: Apache-2.0
// A peer that is no Redis, or one gone wrong: it answers the greeting, and then as it is told.
#include <atomic>
#include <thread>

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "drivers/redis/client.h"
#include "tests/support/coroutine.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Its first connection answers the third command and all after it with `bytes`, and is closed or
/// stays open and silent; later connections echo as they should.
class Peer {
 public:
    Peer(std::string bytes, bool closes)
        : bytes_(std::move(bytes)), closes_(closes), acceptor_(io_, {tcp::v4(), 0}) {
        thread_ = std::thread([this] {
            asio::co_spawn(io_, accept(), asio::detached);
            io_.run();
        });
    }
    ~Peer() {
        io_.stop();
        thread_.join();
    }
    Settings settings() const {
        Settings settings;
        settings.port = acceptor_.local_endpoint().port();
        return settings;
    }

 private:
    asio::awaitable<void> accept() {
        for (int number = 0;; ++number) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            asio::co_spawn(io_, serve(std::move(socket), number == 0), asio::detached);
        }
    }

    /// The last argument of the next command.
    static asio::awaitable<std::string> next(tcp::socket& socket, asio::streambuf& in) {
        const auto line = [&]() -> asio::awaitable<std::string> {
            const auto size =
                co_await asio::async_read_until(socket, in, "\r\n", asio::use_awaitable);
            std::string text(
                asio::buffers_begin(in.data()),
                asio::buffers_begin(in.data()) + static_cast<std::ptrdiff_t>(size) - 2);
            in.consume(size);
            co_return text;
        };
        const auto count = std::stoi((co_await line()).substr(1));
        std::string last;
        for (int i = 0; i < count; ++i) {
            co_await line();
            last = co_await line();
        }
        co_return last;
    }

    asio::awaitable<void> serve(tcp::socket socket, bool is_wrong) {
        asio::streambuf in;
        // CLIENT SETNAME and PING.
        co_await next(socket, in);
        co_await next(socket, in);
        const std::string welcome = "+OK\r\n+PONG\r\n";
        co_await asio::async_write(socket, asio::buffer(welcome), asio::use_awaitable);
        for (int asked = 0;; ++asked) {
            const auto text = co_await next(socket, in);
            if (is_wrong && asked >= 2) {
                co_await asio::async_write(socket, asio::buffer(bytes_), asio::use_awaitable);
                if (closes_) {
                    co_return;
                }
                // Silent from here on, as a host that is gone without a word.
                asio::steady_timer forever(io_, 1h);
                co_await forever.async_wait(asio::use_awaitable);
            }
            const auto reply = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
            co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
        }
    }

    std::string bytes_;
    bool closes_;
    asio::io_context io_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

class ClientPeer : public testing::TestWithParam<std::pair<std::string, bool>> {};

TEST_P(ClientPeer, WrongAnswersReachNobodyAndTheNextConnectionWorks) {
    Peer peer(GetParam().first, GetParam().second);
    test::run([&]() -> asio::awaitable<void> {
        ClientLimits limits;
        limits.grace = 2s;
        Client client(co_await asio::this_coro::executor, peer.settings(), limits);
        int right = 0;
        int failed = 0;
        std::vector<asio::awaitable<void>> callers;
        for (int i = 0; i < 20; ++i) {
            callers.push_back(
                [](Client& one, int own, int& good, int& bad) -> asio::awaitable<void> {
                    for (int round = 0; round < 20; ++round) {
                        const auto start = steady_clock::now();
                        Command command{"ECHO"};
                        command.push_back(std::to_string(own) + "/" + std::to_string(round));
                        const auto expected = command.back();
                        RequestOptions options;
                        options.deadline = 2s;
                        try {
                            const auto reply = co_await one.command(std::move(command), options);
                            EXPECT_EQ(reply.value, expected);
                            ++good;
                        } catch (const Unanswered&) {
                            ++bad;
                        }
                        EXPECT_LT(steady_clock::now() - start, 30s) << "nobody hangs";
                    }
                }(client, i, right, failed));
        }
        co_await test::all(std::move(callers));
        EXPECT_GT(failed, 0);
        EXPECT_GT(right, 300);
        EXPECT_GE(client.stats().connected, 2U);
    });
}

INSTANTIATE_TEST_SUITE_P(
    All, ClientPeer,
    testing::Values(std::pair("this is HTTP\r\n", true), std::pair("HTTP/1.1 400 Bad\r\n", false),
                    std::pair("$100\r\nhalf of it", true), std::pair("$100\r\nhalf of it", false),
                    std::pair("$-7\r\n", false), std::pair("*1000000000\r\n", false),
                    std::pair("*2147483647\r\n$1\r\nx\r\n", true), std::pair("", false),
                    std::pair("", true), std::pair(std::string(100'000, '*'), false),
                    std::pair(":99999999999999999999\r\n", false)));

}  // namespace
}  // namespace caisson::redis
