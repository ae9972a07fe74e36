// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An HTTP/1.1 server: one I/O thread and a few workers. Handlers know nothing of sockets.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/http/message.h"
#include "drivers/http/routes.h"

namespace caisson::http {

/// What a client may take of us. Times are kept to about a tenth of a second.
struct Limits {
    std::size_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 1024 * 1024;
    std::size_t connections = 1024;
    std::size_t waiting_jobs = 1024;                ///< For workers; more are answered with 503.
    std::chrono::milliseconds header_time{10'000};  ///< From the first byte to the blank line.
    std::chrono::milliseconds body_time{30'000};
    std::chrono::milliseconds idle_time{60'000};  ///< Between two requests of a connection.
    std::chrono::milliseconds handler_time{30'000};
    std::chrono::milliseconds write_time{30'000};
};

/// A request that was answered (or refused before it was understood: then method and path may be
/// empty), for logs and metrics.
struct Exchange {
    const Request& request;
    const Response& response;
    std::string_view route;               ///< The pattern; empty when none matched.
    std::size_t bytes = 0;                ///< Sent, with the headers.
    std::chrono::nanoseconds elapsed{0};  ///< From the end of the headers to the end of the answer.
};

struct Options {
    std::string listen = "127.0.0.1";  ///< An IPv4 or IPv6 address, or `localhost`.
    std::uint16_t port = 0;            ///< 0: any free one.
    std::size_t workers = 2;
    Limits limits;
    /// While listening on loopback, a Host other than loopback is refused with 421, so that no web
    /// page reaches us through a name of its own (DNS rebinding); these names are accepted, too.
    std::vector<std::string> hosts;
    /// Asked before any route; what it returns is the answer. Runs on the I/O thread.
    std::function<std::optional<Response>(const Request&)> guard;
    /// Told of every exchange, on the I/O thread.
    std::function<void(const Exchange&)> observe;
};

class Server {
 public:
    /// Listens and starts answering. Errors: port_taken; usage when `listen` is no address;
    /// daemon_failed when the system refuses otherwise.
    Server(Options options, std::vector<Route> routes);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// As stop().
    ~Server();

    std::uint16_t port() const;
    /// http://127.0.0.1:4000
    std::string url() const;
    std::size_t connections() const;
    /// Requests that were read and are not answered yet.
    std::size_t in_flight() const;

    /// Takes no more connections, closes idle ones and lets requests finish: at most `limit`, and
    /// less when `enough` says so (asked every tenth of a second). Whether all were finished.
    bool drain(std::chrono::milliseconds limit, const std::function<bool()>& enough = {});
    /// Cuts every connection and returns once the jobs begun on workers have ended.
    void stop();

 private:
    struct Core;
    std::shared_ptr<Core> core_;
};

}  // namespace caisson::http
