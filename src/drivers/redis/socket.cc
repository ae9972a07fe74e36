// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/redis/encrypted.h"

namespace caisson::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void fail(const Settings& settings, std::string_view reason) {
    throw Error(Code::cannot_connect,
                fmt::format("cannot connect to Redis at {}: {}", settings.text(), reason))
        .with("server", settings.text());
}

/// 0, or the errno of the attempt.
int connect_to(int descriptor, const sockaddr* address, socklen_t size,
               steady_clock::time_point deadline) {
    if (::connect(descriptor, address, size) == 0) {
        return 0;
    }
    // EAGAIN is what a Unix socket says whose queue of waiting connections is full.
    if (errno != EINPROGRESS) {
        return errno;
    }
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) {
            return ETIMEDOUT;
        }
        std::array<pollfd, 2> waits = {pollfd{descriptor, POLLOUT, 0},
                                       pollfd{interrupt::descriptor(), POLLIN, 0}};
        const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(left.count()));
        interrupt::check();
        if (ready > 0 && waits[0].revents != 0) {
            int outcome = 0;
            socklen_t length = sizeof outcome;
            ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &outcome, &length);
            return outcome;
        }
    }
}

int open_local(const Settings& settings, steady_clock::time_point deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (settings.socket.size() >= sizeof address.sun_path) {
        fail(settings, fmt::format("the path has {} bytes, a socket may have {}",
                                   settings.socket.size(), sizeof address.sun_path - 1));
    }
    std::memcpy(address.sun_path, settings.socket.data(), settings.socket.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int failure = errno;
    if (descriptor >= 0) {
        try {
            failure = connect_to(descriptor, reinterpret_cast<const sockaddr*>(&address),
                                 sizeof address, deadline);
        } catch (...) {
            ::close(descriptor);
            throw;
        }
        if (failure == 0) {
            return descriptor;
        }
        ::close(descriptor);
    }
    fail(settings, std::strerror(failure));
}

int open_remote(const Settings& settings, steady_clock::time_point deadline) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failure = ::getaddrinfo(settings.host.c_str(),
                                          std::to_string(settings.port).c_str(), &wanted, &found);
        failure != 0) {
        fail(settings, ::gai_strerror(failure));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    int failure = 0;
    for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
        const int descriptor =
            ::socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0) {
            failure = errno;
            continue;
        }
        try {
            failure = connect_to(descriptor, entry->ai_addr, entry->ai_addrlen, deadline);
        } catch (...) {
            ::close(descriptor);
            throw;
        }
        if (failure == 0) {
            const int yes = 1;
            ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return descriptor;
        }
        ::close(descriptor);
    }
    fail(settings, std::strerror(failure));
}

}  // namespace

std::string Settings::text() const {
    const std::string where = (socket.empty() ? fmt::format("{}:{}", host, port) : socket) +
                              (database == 0 ? "" : fmt::format("/{}", database));
    return user.empty() ? where : user + "@" + where;
}

Socket::Socket(const Settings& settings) {
    const auto deadline = steady_clock::now() + settings.connect_limit;
    descriptor_ =
        settings.socket.empty() ? open_remote(settings, deadline) : open_local(settings, deadline);
    if (settings.tls && settings.socket.empty()) {
        try {
            agree(settings, deadline);
        } catch (...) {
            close();
            throw;
        }
    }
}

/// On keys for TLS.
void Socket::agree(const Settings& settings, Deadline deadline) {
    auto encrypted = std::make_unique<Encrypted>(descriptor_, settings);
    for (auto wants = encrypted->shake_hands(); wants != Encrypted::Wants::nothing;
         wants = encrypted->shake_hands()) {
        const auto ready = wait(wants == Encrypted::Wants::write, deadline);
        if (!ready.read && !ready.write) {
            fail(settings,
                 fmt::format("no agreement on TLS within {}", human(settings.connect_limit)));
        }
    }
    encrypted_ = std::move(encrypted);
}

Socket::~Socket() { close(); }

void Socket::close() {
    encrypted_.reset();
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
}

Socket::Ready Socket::wait(bool for_write, Deadline deadline) const {
    if (encrypted_ && encrypted_->has_pending()) {
        return {true, false};
    }
    while (true) {
        int limit = -1;
        if (deadline != Deadline::max()) {
            const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
            if (left.count() <= 0) {
                return {};
            }
            limit = static_cast<int>(left.count());
        }
        const auto events = static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN);
        std::array<pollfd, 2> waits = {pollfd{descriptor_, events, 0},
                                       pollfd{interrupt::descriptor(), POLLIN, 0}};
        const int ready = ::poll(waits.data(), waits.size(), limit);
        interrupt::check();
        if (ready > 0 && waits[0].revents != 0) {
            // An error or a hang-up shows at the next read.
            return {(waits[0].revents & ~POLLOUT) != 0, (waits[0].revents & POLLOUT) != 0};
        }
    }
}

long Socket::write(std::string_view bytes) const {
    if (encrypted_) {
        return encrypted_->write(bytes);
    }
    const auto written = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written >= 0) {
        return written;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

long Socket::read(char* into, std::size_t size) const {
    if (encrypted_) {
        return encrypted_->read(into, size);
    }
    const auto got = ::recv(descriptor_, into, size, 0);
    if (got >= 0) {
        return got;
    }
    return errno == EINTR ? -EAGAIN : -errno;
}

}  // namespace caisson::redis
