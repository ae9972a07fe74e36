// SPDX-License-Identifier: Apache-2.0
// The floor of bench/health: Asio alone, one thread, answers every read that ends a request with
// the same bytes. It parses nothing and limits nothing.
//   floor_http PORT
#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
    "{\"status\":\"alive\"}\n";

asio::awaitable<void> serve(tcp::socket socket) {
    std::array<char, 4096> bytes{};
    const auto space = asio::buffer(bytes);
    const auto words = asio::buffer(answer);
    while (true) {
        const auto [failure, size] = co_await socket.async_read_some(space, quietly);
        if (failure) {
            co_return;
        }
        if (std::string_view(bytes.data(), size).substr(size - std::min<std::size_t>(size, 4)) ==
            "\r\n\r\n") {
            co_await asio::async_write(socket, words, quietly);
        }
    }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, asio::io_context& io) {
    while (true) {
        tcp::socket socket(io);
        const auto [failure] = co_await acceptor.async_accept(socket, quietly);
        if (!failure) {
            socket.set_option(tcp::no_delay(true));
            asio::co_spawn(io, serve(std::move(socket)), asio::detached);
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    asio::io_context io{1};
    const auto port = static_cast<unsigned short>(count > 1 ? std::atoi(arguments[1]) : 0);
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), port});
    std::cout << acceptor.local_endpoint().port() << std::endl;
    asio::co_spawn(io, accept(acceptor, io), asio::detached);
    io.run();
}
