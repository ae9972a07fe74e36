// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/http/parser.h"

namespace caisson::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A connection with a deadline for everything that is done with it.
class Socket {
 public:
    explicit Socket(const Call& call) : call_(call), deadline_(steady_clock::now() + call.limit) {
        connect();
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN) {
                wait(POLLOUT);
            } else if (errno == EPIPE || errno == ECONNRESET) {
                return;  // It may have answered before it closed: what it said counts.
            } else if (errno != EINTR) {
                fail(std::strerror(errno));
            }
        }
    }

    /// The next bytes; none at the end.
    std::string_view read() {
        while (true) {
            const auto got = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
            if (got >= 0) {
                return {buffer_.data(), static_cast<std::size_t>(got)};
            }
            if (errno == EAGAIN) {
                wait(POLLIN);
            } else if (errno != EINTR) {
                fail(std::strerror(errno));
            }
        }
    }

 private:
    [[noreturn]] void fail(std::string_view why) const {
        throw Error(Code::cannot_connect,
                    fmt::format("http://{}:{}{}: {}", call_.host, call_.port, call_.target, why));
    }

    void connect() {
        addrinfo wanted{};
        wanted.ai_family = AF_UNSPEC;
        wanted.ai_socktype = SOCK_STREAM;
        wanted.ai_flags = AI_NUMERICSERV;
        addrinfo* found = nullptr;
        if (const int status = ::getaddrinfo(call_.host.c_str(), std::to_string(call_.port).c_str(),
                                             &wanted, &found);
            status != 0) {
            fail(::gai_strerror(status));
        }
        const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
        int failure = 0;
        for (const addrinfo* at = found; at; at = at->ai_next) {
            failure = try_address(*at);
            if (failure == 0) {
                return;
            }
        }
        fail(std::strerror(failure));
    }

    /// 0, or why it cannot be reached.
    int try_address(const addrinfo& at) {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        descriptor_ = ::socket(at.ai_family, at.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (descriptor_ < 0) {
            return errno;
        }
        if (::connect(descriptor_, at.ai_addr, at.ai_addrlen) == 0) {
            return 0;
        }
        if (errno != EINPROGRESS) {
            return errno;
        }
        wait(POLLOUT);
        int failure = 0;
        socklen_t size = sizeof failure;
        ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failure, &size);
        return failure;
    }

    void wait(short events) const {
        while (true) {
            const auto left =
                std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
            if (left <= 0) {
                fail(fmt::format("no answer within {}", human(call_.limit)));
            }
            std::array<pollfd, 2> waits = {pollfd{descriptor_, events, 0},
                                           pollfd{interrupt::descriptor(), POLLIN, 0}};
            const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(left));
            interrupt::check();
            if (ready > 0 && waits[0].revents != 0) {
                return;
            }
        }
    }

    const Call& call_;
    steady_clock::time_point deadline_;
    int descriptor_ = -1;
    std::array<char, 16384> buffer_{};
};

std::string request_of(const Call& call) {
    const bool is_six = call.host.find(':') != std::string::npos;
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nConnection: close\r\n", call.method, call.target);
    if (!find_header(call.headers, "Host")) {
        text += fmt::format("Host: {}{}{}:{}\r\n", is_six ? "[" : "", call.host, is_six ? "]" : "",
                            call.port);
    }
    for (const auto& header : call.headers) {
        text += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
        text += fmt::format("Content-Length: {}\r\n", call.body.size());
    }
    return text + "\r\n" + call.body;
}

}  // namespace

Response send(const Call& call) {
    Socket socket(call);
    socket.write(request_of(call));
    ResponseParser parser(call.body_limit, call.method == "HEAD");
    while (!parser.is_done()) {
        const auto bytes = socket.read();
        if (bytes.empty()) {
            parser.finish();
            break;
        }
        parser.put(bytes);
    }
    return parser.take();
}

Response get(const std::string& host, std::uint16_t port, const std::string& target,
             milliseconds limit, Headers headers) {
    Call call;
    call.host = host;
    call.port = port;
    call.target = target;
    call.limit = limit;
    call.headers = std::move(headers);
    return send(call);
}

}  // namespace caisson::http
