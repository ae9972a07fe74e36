// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a server is made of: server.cc begins and ends it, exchange.cc answers.

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "drivers/http/connection.h"
#include "drivers/http/parser.h"
#include "drivers/http/server.h"
#include "drivers/http/workers.h"

namespace caisson::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Operations give their error as a value.
inline constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
/// How often deadlines are looked at, instead of a timer for each of them.
inline constexpr milliseconds sweep_time{100};

enum class Received { request, refusal, nothing };

/// Threads: everything happens on `thread`; the atomics, and what `mutex` guards, are read by
/// others.
struct Server::Core : std::enable_shared_from_this<Server::Core> {
    Core(Options chosen, std::vector<Route> table)
        : options(std::move(chosen)),
          routes(std::move(table)),
          workers(options.workers, options.limits.waiting_jobs) {
        listen();
    }

    // The beginning.
    void listen();
    asio::awaitable<void> accept_all();
    void admit(tcp::socket&& socket);
    void leave(Connection& connection);
    void sweep();
    // An exchange, in order.
    asio::awaitable<void> converse(std::shared_ptr<Connection> connection);
    asio::awaitable<bool> exchange(Connection& connection, bool is_first);
    asio::awaitable<Received> receive(Connection& connection, RequestParser& parser, bool is_first,
                                      Response& refusal);
    asio::awaitable<bool> read(Connection& connection);
    std::optional<Response> refuse(const Request& request) const;
    asio::awaitable<Response> answer(Connection& connection, std::shared_ptr<Request> request,
                                     const Route*& route);
    asio::awaitable<void> linger(Connection& connection);
    std::string_view date();
    void observe(const Exchange& exchange) const;
    // The end.
    void begin_draining();
    void cut();

    const Options options;
    const Routes routes;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};
    asio::steady_timer pause{io};
    asio::steady_timer sweeper{io};
    std::unordered_set<Connection*> connections;
    bool sweeping = false;
    bool is_cut = false;
    std::string date_text;
    std::time_t date_second = 0;

    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> draining{false};
    std::atomic<std::size_t> open{0};
    std::atomic<std::size_t> in_flight{0};
    std::mutex mutex;
    std::condition_variable left;
    Workers workers;
    std::thread thread;
};

}  // namespace caisson::http
