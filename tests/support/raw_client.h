// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caisson::test {

/// A socket that says exactly what it is told, right or wrong.
class RawClient {
 public:
    explicit RawClient(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_connected_ = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address),
                                  sizeof address) == 0;
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { ::close(descriptor_); }

    bool is_connected() const { return is_connected_; }
    void say(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return;
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void end() const { ::shutdown(descriptor_, SHUT_WR); }

    /// Everything up to the end of the connection, or what has come when the time is over.
    std::string hear(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        return hear_until({}, limit);
    }
    /// What comes until it holds `mark` `times` times.
    std::string hear_until(std::string_view mark, std::chrono::milliseconds limit,
                           std::size_t times = 1) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        std::string heard;
        char bytes[4096];
        while (mark.empty() || count(heard, mark) < times) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  deadline - std::chrono::steady_clock::now())
                                  .count();
            pollfd waits{descriptor_, POLLIN, 0};
            if (left <= 0 || ::poll(&waits, 1, static_cast<int>(left)) != 1) {
                return heard;
            }
            const auto got = ::recv(descriptor_, bytes, sizeof bytes, 0);
            if (got <= 0) {
                is_closed_ = true;
                return heard;
            }
            heard.append(bytes, static_cast<std::size_t>(got));
        }
        return heard;
    }
    /// Whether hearing ended because the server closed.
    bool is_closed() const { return is_closed_; }

    static std::size_t count(std::string_view text, std::string_view mark) {
        std::size_t found = 0;
        for (auto at = text.find(mark); at != std::string_view::npos;
             at = text.find(mark, at + mark.size())) {
            ++found;
        }
        return found;
    }

 private:
    int descriptor_;
    bool is_connected_ = false;
    bool is_closed_ = false;
};

}  // namespace caisson::test
