// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "drivers/http/server_core.h"

namespace caisson::http {
namespace {

/// Connections above the limit that are told so before they are closed.
constexpr std::size_t refused_limit = 64;

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
