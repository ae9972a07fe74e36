// SPDX-License-Identifier: Apache-2.0
// A request read, answered and written.
#include <algorithm>
#include <array>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "drivers/http/server_core.h"

namespace caisson::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = 4096;

class Counted {
 public:
    explicit Counted(std::atomic<std::size_t>& number) : number_(number) { ++number_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --number_; }

 private:
    std::atomic<std::size_t>& number_;
};

Response later(std::string_view why) {
    auto response = problem(503, why);
    response.headers.push_back({"Retry-After", "1"});
    return response;
}

}  // namespace

asio::awaitable<void> Server::Core::converse(std::shared_ptr<Connection> connection) {
    bool is_first = true;
    while (co_await exchange(*connection, is_first)) {
        is_first = false;
    }
}

/// One request and its answer; whether the connection lives on.
asio::awaitable<bool> Server::Core::exchange(Connection& connection, bool is_first) {
    RequestParser parser(options.limits.header_bytes, options.limits.body_bytes);
    Response response;
    const auto received = co_await receive(connection, parser, is_first, response);
    if (received == Received::nothing) {
        co_return false;
    }
    const Stopwatch watch;
    const Counted counted(in_flight);
    const auto request = std::make_shared<Request>(parser.take());
    request->remote = connection.remote;
    const auto id = request->header("X-Request-Id");
    request->id = is_sane_id(id) ? std::string(id) : random_uuid();
    const Route* route = nullptr;
    if (received == Received::request) {
        response = co_await answer(connection, request, route);
    }
    const bool keep_alive =
        received == Received::request && parser.keeps_alive() && !draining && !is_cut;
    const std::string head = head_of(response, {date(), request->id, keep_alive});
    const bool with_body = request->method != "HEAD" && !is_bodiless(response.status);
    const std::array<asio::const_buffer, 2> buffers = {
        asio::buffer(head), with_body ? asio::buffer(response.body) : asio::const_buffer()};
    connection.expire_after(options.limits.write_time);
    const auto [failure, sent] = co_await asio::async_write(connection.socket, buffers, quietly);
    observe({*request, response, route ? std::string_view(route->pattern) : std::string_view(),
             sent, watch.elapsed()});
    if (received == Received::refusal && !failure) {
        co_await linger(connection);
    }
    co_return keep_alive && !failure;
}

/// More bytes for the inbox; whether there were any.
asio::awaitable<bool> Server::Core::read(Connection& connection) {
    auto& inbox = connection.inbox;
    const std::size_t size = inbox.size();
    inbox.resize(size + read_size);
    const auto space = asio::buffer(inbox.data() + size, read_size);
    const auto [failure, got] = co_await connection.socket.async_read_some(space, quietly);
    inbox.resize(size + got);
    co_return !failure;
}

asio::awaitable<Received> Server::Core::receive(Connection& connection, RequestParser& parser,
                                                bool is_first, Response& refusal) {
    const auto& limits = options.limits;
    auto& inbox = connection.inbox;
    if (inbox.empty()) {
        connection.expire_after(is_first ? limits.header_time : limits.idle_time);
        connection.is_idle = true;
        const bool has_come = co_await read(connection);
        connection.is_idle = false;
        if (!has_come) {
            co_return Received::nothing;
        }
    }
    connection.expire_after(limits.header_time);
    bool body_has_begun = false;
    while (true) {
        inbox.erase(0, parser.put(inbox));
        if (parser.refusal()) {
            refusal = *parser.refusal();
            co_return Received::refusal;
        }
        if (parser.has_headers() && !std::exchange(body_has_begun, true)) {
            if (connection.is_refused) {
                refusal = later("too many connections");
                co_return Received::refusal;
            }
            connection.expire_after(limits.body_time);
            if (inbox.empty() && parser.is_waiting_for_us()) {
                constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                const auto words = asio::buffer(go_on);
                co_await asio::async_write(connection.socket, words, quietly);
            }
            if (!parser.is_done() && !inbox.empty()) {
                continue;
            }
        }
        if (parser.is_done()) {
            co_return Received::request;
        }
        const bool has_more = co_await read(connection);
        if (!has_more && connection.is_expired) {
            refusal = problem(408, "the request did not arrive in time");
            co_return Received::refusal;
        }
        if (!has_more) {
            parser.finish();
        }
    }
}

/// Whom the server does not want to talk to, whatever they ask.
std::optional<Response> Server::Core::refuse(const Request& request) const {
    if (const auto header = find_header(request.headers, "Host")) {
        const auto host = host_of(*header);
        const auto is_ours = [&] {
            return is_loopback(*host) || std::find(options.hosts.begin(), options.hosts.end(),
                                                   *host) != options.hosts.end();
        };
        if (!host) {
            return problem(400, "the Host header is malformed");
        }
        if (is_loopback(options.listen) && !is_ours()) {
            return problem(421, "this address is served as localhost only");
        }
    }
    try {
        return options.guard ? options.guard(request) : std::nullopt;
    } catch (const std::exception& failure) {
        return problem(failure);
    }
}

asio::awaitable<Response> Server::Core::answer(Connection& connection,
                                               std::shared_ptr<Request> request,
                                               const Route*& route) {
    if (auto refusal = refuse(*request)) {
        co_return std::move(*refusal);
    }
    auto match = routes.find(request->method, request->path);
    if (!match.route) {
        if (match.allowed.empty()) {
            co_return problem(404, "nothing answers at this path");
        }
        auto response = problem(405, "this path knows " + match.allowed);
        response.headers.push_back({"Allow", match.allowed});
        co_return response;
    }
    route = match.route;
    request->parameters = std::move(match.parameters);
    const auto pending = std::make_shared<Pending>(io);
    // Holds the core, not the other way round: an answer may come when the server has gone.
    const Reply reply = [self = shared_from_this(), pending](Response response) {
        if (self->io.get_executor().running_in_this_thread()) {
            pending->settle(std::move(response));
        } else {
            asio::post(self->io, [pending, response = std::move(response)]() mutable {
                pending->settle(std::move(response));
            });
        }
    };
    const auto job = [request, route, reply] {
        try {
            route->handler(*request, reply);
        } catch (const std::exception& failure) {
            reply(problem(failure));
        } catch (...) {
            reply(problem(Error(Code::internal, "a handler threw no exception")));
        }
    };
    if (!route->on_worker) {
        job();
    } else if (!workers.submit(job)) {
        co_return later("too many requests wait already");
    }
    if (!pending->response) {
        connection.never_expire();
        connection.pending = pending;
        pending->arrived.expires_after(route->limit.count() > 0 ? route->limit
                                                                : options.limits.handler_time);
        co_await pending->arrived.async_wait(quietly);
        connection.pending.reset();
    }
    if (!pending->response) {
        pending->settle(problem(503, "the answer took too long"));
    }
    co_return std::move(*pending->response);
}

/// A socket closed with unread input is reset, and the client may never see what we said.
asio::awaitable<void> Server::Core::linger(Connection& connection) {
    error_code ignored;
    connection.socket.shutdown(tcp::socket::shutdown_send, ignored);
    connection.expire_after(1s);
    std::size_t total = 0;
    while (total < std::size_t{4} * 1024 * 1024 && !connection.is_expired && !draining) {
        connection.inbox.clear();
        const bool has_more = co_await read(connection);
        if (!has_more) {
            break;
        }
        total += connection.inbox.size();
    }
}

std::string_view Server::Core::date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_second) {
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        std::array<char, 40> text{};
        const auto size =
            std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        date_text.assign(text.data(), size);
        date_second = now;
    }
    return date_text;
}

void Server::Core::observe(const Exchange& exchange) const {
    if (options.observe) {
        try {
            options.observe(exchange);
        } catch (const std::exception&) {
            // A log that cannot be written is no reason to fail a request.
        }
    }
}

}  // namespace caisson::http
