// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace caisson::test {

/// The network between clients and a server on a Unix socket: a port of 127.0.0.1 that forwards
/// both ways, until it is told otherwise. What it is told holds for the connections that are open
/// at that moment; later ones work.
class Proxy {
 public:
    explicit Proxy(std::string server_socket)
        : server_(std::move(server_socket)),
          acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
        boost::asio::co_spawn(io_, accept(), boost::asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;
    ~Proxy() {
        io_.stop();
        thread_.join();
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    /// How many connections there were.
    int accepted() const { return accepted_; }
    /// Half-open: nothing is forwarded any more, and nothing closed.
    void fall_silent() { tell({}, true); }
    /// A server that lies: `bytes` come in place of its next answer, and then nothing, with the
    /// connection left open.
    void answer(std::string bytes) { tell(std::move(bytes), true); }
    /// A server that lies: `bytes` come before its next answer, and everything goes on.
    void insert(std::string bytes) { tell(std::move(bytes), false); }

 private:
    using Client = boost::asio::ip::tcp::socket;
    using Server = boost::asio::local::stream_protocol::socket;
    struct Link {
        Client client;
        Server server;
        bool is_silent = false;
        std::string lie;
    };

    void tell(std::string bytes, bool is_silent) {
        boost::asio::post(io_, [this, bytes = std::move(bytes), is_silent] {
            for (const auto& link : links_) {
                link->is_silent = is_silent;
                link->lie = bytes;
            }
        });
    }

    boost::asio::awaitable<void> accept() {
        while (true) {
            auto client = co_await acceptor_.async_accept(boost::asio::use_awaitable);
            Server server(io_);
            co_await server.async_connect(server_, boost::asio::use_awaitable);
            ++accepted_;
            const auto link =
                std::make_shared<Link>(Link{std::move(client), std::move(server), false, {}});
            links_.push_back(link);
            boost::asio::co_spawn(io_, forward(link, true), boost::asio::detached);
            boost::asio::co_spawn(io_, forward(link, false), boost::asio::detached);
        }
    }

    boost::asio::awaitable<void> forward(std::shared_ptr<Link> link, bool to_server) {
        try {
            std::vector<char> bytes(64 << 10U);
            while (true) {
                const auto buffer = boost::asio::buffer(bytes);
                const auto size =
                    to_server
                        ? co_await link->client.async_read_some(buffer, boost::asio::use_awaitable)
                        : co_await link->server.async_read_some(buffer, boost::asio::use_awaitable);
                const auto taken = boost::asio::buffer(bytes.data(), size);
                if (to_server) {
                    // It is still asked where there is an answer to replace.
                    if (!link->is_silent || !link->lie.empty()) {
                        co_await boost::asio::async_write(link->server, taken,
                                                          boost::asio::use_awaitable);
                    }
                    continue;
                }
                const auto lie = std::exchange(link->lie, {});
                co_await boost::asio::async_write(link->client, boost::asio::buffer(lie),
                                                  boost::asio::use_awaitable);
                if (!link->is_silent) {
                    co_await boost::asio::async_write(link->client, taken,
                                                      boost::asio::use_awaitable);
                }
            }
        } catch (const boost::system::system_error&) {
            // One side closed it: so does the other, unless nothing is to be heard any more.
            if (!link->is_silent) {
                boost::system::error_code ignored;
                link->client.close(ignored);
                link->server.close(ignored);
            }
        }
    }

    boost::asio::io_context io_{1};
    boost::asio::local::stream_protocol::endpoint server_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<Link>> links_;  ///< Kept open until the end.
    std::atomic<int> accepted_{0};
    std::thread thread_;
};

}  // namespace caisson::test
