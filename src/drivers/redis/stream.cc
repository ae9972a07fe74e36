// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/stream.h"

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/un.h>

#include "base/error.h"
#include "drivers/redis/tls.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using asio::generic::stream_protocol;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

[[noreturn]] void fail(const Settings& settings, boost::system::error_code why) {
    if (why == asio::error::operation_aborted) {
        throw boost::system::system_error(why);
    }
    throw Error(Code::cannot_connect,
                fmt::format("Redis at {}: {}", settings.text(), why.message()))
        .with("server", settings.text());
}

/// The socket below, of whatever family.
class Socket {
 public:
    Socket(asio::any_io_executor executor, const Settings& settings)
        : settings_(settings), resolver_(executor) {}

    asio::awaitable<void> connect(stream_protocol::socket& socket) {
        if (!settings_.socket.empty()) {
            if (settings_.socket.size() >= sizeof(sockaddr_un::sun_path)) {
                fail(settings_, asio::error::name_too_long);
            }
            const asio::local::stream_protocol::endpoint there(settings_.socket);
            const auto [failure] =
                co_await socket.async_connect(stream_protocol::endpoint(there), quietly);
            if (failure) {
                fail(settings_, failure);
            }
            co_return;
        }
        const auto [unknown, found] = co_await resolver_.async_resolve(
            settings_.host, std::to_string(settings_.port), quietly);
        if (unknown || is_closed_) {
            fail(settings_, is_closed_ ? asio::error::operation_aborted : unknown);
        }
        boost::system::error_code last = asio::error::host_not_found;
        for (const auto& entry : found) {
            boost::system::error_code ignored;
            socket.close(ignored);
            const auto [failure] =
                co_await socket.async_connect(stream_protocol::endpoint(entry.endpoint()), quietly);
            if (!failure) {
                socket.set_option(asio::ip::tcp::no_delay(true), ignored);
                socket.set_option(asio::socket_base::keep_alive(true), ignored);
                co_return;
            }
            last = failure;
            if (is_closed_) {
                break;
            }
        }
        fail(settings_, is_closed_ ? asio::error::operation_aborted : last);
    }
    void close() {
        is_closed_ = true;
        resolver_.cancel();
    }
    const Settings& settings() const { return settings_; }

 private:
    Settings settings_;
    asio::ip::tcp::resolver resolver_;
    bool is_closed_ = false;
};

class Plain final : public Stream {
 public:
    Plain(asio::any_io_executor executor, const Settings& settings)
        : below_(executor, settings), socket_(executor) {}
    asio::awaitable<void> connect() override { return below_.connect(socket_); }
    void read_some(char* into, std::size_t size, Done done) override {
        socket_.async_read_some(asio::buffer(into, size), std::move(done));
    }
    void write(std::string_view bytes, Done done) override {
        asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), std::move(done));
    }
    void close() override {
        below_.close();
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

 private:
    Socket below_;
    stream_protocol::socket socket_;
};

class Secured final : public Stream {
 public:
    Secured(asio::any_io_executor executor, const Settings& settings)
        : below_(executor, settings),
          context_(tls_context(*settings.tls).release()),
          stream_(executor, context_) {}
    asio::awaitable<void> connect() override {
        const auto& settings = below_.settings();
        co_await below_.connect(stream_.next_layer());
        expect_name(stream_.native_handle(), settings);
        const auto [failure] =
            co_await stream_.async_handshake(asio::ssl::stream_base::client, quietly);
        if (failure) {
            fail(settings, failure);
        }
    }
    void read_some(char* into, std::size_t size, Done done) override {
        stream_.async_read_some(asio::buffer(into, size), std::move(done));
    }
    void write(std::string_view bytes, Done done) override {
        asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), std::move(done));
    }
    void close() override {
        below_.close();
        boost::system::error_code ignored;
        stream_.next_layer().close(ignored);
    }

 private:
    Socket below_;
    asio::ssl::context context_;
    asio::ssl::stream<stream_protocol::socket> stream_;
};

}  // namespace

std::shared_ptr<Stream> make_stream(asio::any_io_executor executor, Settings settings) {
    if (settings.tls && settings.socket.empty()) {
        return std::make_shared<Secured>(std::move(executor), settings);
    }
    return std::make_shared<Plain>(std::move(executor), settings);
}

}  // namespace caisson::redis
