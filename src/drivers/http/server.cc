// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "drivers/http/connection.h"
#include "drivers/http/parser.h"
#include "drivers/http/workers.h"

namespace caisson::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

using namespace std::chrono_literals;

/// Operations give their error as a value.
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
/// How often deadlines are looked at, instead of a timer for each of them.
constexpr milliseconds sweep_time = 100ms;
/// Connections above the limit that are told so before they are closed.
constexpr std::size_t refused_limit = 64;
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

enum class Received { request, refusal, nothing };

Response later(std::string_view why) {
    auto response = problem(503, why);
    response.headers.push_back({"Retry-After", "1"});
    return response;
}

[[noreturn]] void fail_to_listen(const Options& options, const error_code& failure) {
    if (failure == asio::error::address_in_use) {
        throw Error(Code::port_taken,
                    fmt::format("port {} on {} is taken", options.port, options.listen))
            .with("port", std::to_string(options.port));
    }
    throw Error(
        Code::daemon_failed,
        fmt::format("cannot listen on {}:{}: {}", options.listen, options.port, failure.message()),
        "choose another address or port in [api] of caisson.toml");
}

}  // namespace

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

void Server::Core::listen() {
    error_code failure;
    const auto address = asio::ip::make_address(
        options.listen == "localhost" ? "127.0.0.1" : options.listen, failure);
    if (failure) {
        throw Error(Code::usage,
                    fmt::format("cannot listen on \"{}\": expected an IPv4 or IPv6 address",
                                options.listen),
                    "loopback is 127.0.0.1, every interface is 0.0.0.0");
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), failure);
    if (!failure) {
        // A restart does not wait for the connections of its predecessor to time out.
        acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
        acceptor.bind(endpoint, failure);
    }
    if (!failure) {
        acceptor.listen(asio::socket_base::max_listen_connections, failure);
    }
    if (failure) {
        fail_to_listen(options, failure);
    }
    port = acceptor.local_endpoint().port();
}

asio::awaitable<void> Server::Core::accept_all() {
    while (!draining) {
        tcp::socket socket(io);
        const auto [failure] = co_await acceptor.async_accept(socket, quietly);
        if (!failure) {
            admit(std::move(socket));
        } else if (!draining && failure != asio::error::operation_aborted) {
            // Out of descriptors, most likely: the others have to leave first.
            pause.expires_after(sweep_time);
            co_await pause.async_wait(quietly);
        }
    }
}

void Server::Core::admit(tcp::socket&& socket) {
    const std::size_t limit = options.limits.connections;
    if (connections.size() >= limit + refused_limit) {
        return;
    }
    error_code failure;
    socket.set_option(tcp::no_delay(true), failure);
    const auto peer = socket.remote_endpoint(failure);
    if (failure) {
        return;
    }
    const auto connection = std::make_shared<Connection>(std::move(socket));
    connection->remote = peer.address().to_string();
    connection->is_refused = connections.size() >= limit;
    connections.insert(connection.get());
    open = connections.size();
    if (!std::exchange(sweeping, true)) {
        sweep();
    }
    asio::co_spawn(io, converse(connection),
                   [self = shared_from_this(), connection](const std::exception_ptr&) {
                       self->leave(*connection);
                   });
}

void Server::Core::leave(Connection& connection) {
    error_code ignored;
    connection.socket.close(ignored);
    connections.erase(&connection);
    const std::lock_guard lock(mutex);
    open = connections.size();
    left.notify_all();
}

void Server::Core::sweep() {
    const auto now = steady_clock::now();
    for (auto* const connection : connections) {
        connection->expire_if_due(now);
    }
    sweeping = !connections.empty();
    if (sweeping) {
        sweeper.expires_after(sweep_time);
        sweeper.async_wait([self = shared_from_this()](const error_code&) { self->sweep(); });
    }
}

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

void Server::Core::begin_draining() {
    error_code ignored;
    draining = true;
    acceptor.close(ignored);
    pause.cancel();
    for (auto* const connection : connections) {
        // A request that has already arrived is still read and answered.
        if (connection->is_idle && connection->socket.available(ignored) == 0) {
            connection->socket.cancel(ignored);
        }
    }
    const std::lock_guard lock(mutex);
    left.notify_all();
}

void Server::Core::cut() {
    is_cut = true;
    begin_draining();
    for (auto* const connection : connections) {
        error_code ignored;
        connection->socket.close(ignored);
        if (connection->pending) {
            connection->pending->arrived.cancel();
        }
    }
    sweeper.cancel();
}

Server::Server(Options options, std::vector<Route> routes)
    : core_(std::make_shared<Core>(std::move(options), std::move(routes))) {
    asio::co_spawn(core_->io, core_->accept_all(), [](const std::exception_ptr&) {});
    core_->thread = std::thread([core = core_.get()] {
        while (true) {
            try {
                core->io.run();
                return;
            } catch (const std::exception&) {
                // Out of memory in a handler: that connection is lost, the others are not.
            }
        }
    });
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return core_->port; }
std::size_t Server::connections() const { return core_->open; }
std::size_t Server::in_flight() const { return core_->in_flight; }

std::string Server::url() const {
    const auto& listen = core_->options.listen;
    const bool is_six = listen.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}", is_six ? "[" : "", listen, is_six ? "]" : "", port());
}

bool Server::drain(milliseconds limit, const std::function<bool()>& enough) {
    asio::post(core_->io, [core = core_.get()] { core->begin_draining(); });
    const auto deadline = steady_clock::now() + limit;
    std::unique_lock lock(core_->mutex);
    const auto is_empty = [&] { return core_->draining && core_->open == 0; };
    while (!is_empty() && steady_clock::now() < deadline && !(enough && enough())) {
        core_->left.wait_for(lock, sweep_time);
    }
    return is_empty();
}

void Server::stop() {
    if (core_->thread.joinable()) {
        asio::post(core_->io, [core = core_.get()] { core->cut(); });
        core_->thread.join();
        core_->workers.stop();
    }
}

}  // namespace caisson::http
