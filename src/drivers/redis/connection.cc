// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/connection.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/redis/greeting.h"
#include "drivers/redis/protocol.h"
#include "drivers/redis/socket.h"

namespace caisson::redis {

struct Connection::Wire {
    explicit Wire(const Settings& settings) : socket(settings) {}
    Socket socket;
    Reader reader;
};

Connection::Connection(const Settings& settings) : settings_(settings) {
    wire_ = std::make_unique<Wire>(settings);
    for (const auto& reply : pipeline(greetings_of(settings))) {
        // While it loads its data, Redis refuses most commands but is the right server.
        if (reply.is_error() && kind_of_error(reply.value) != "LOADING") {
            throw refused(settings, reply.value);
        }
    }
}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Reply Connection::command(const Command& arguments) {
    Reply reply = std::move(exchange(format(arguments), 1).front());
    if (reply.is_error()) {
        throw rejected(settings_, arguments.front(), reply.value);
    }
    return reply;
}

std::vector<Reply> Connection::pipeline(const std::vector<Command>& commands) {
    std::string bytes;
    for (const auto& arguments : commands) {
        bytes += format(arguments);
    }
    return exchange(bytes, commands.size());
}

bool Connection::is_broken() const { return !wire_ || !wire_->socket.is_open(); }

void Connection::fail(const std::string& reason) {
    if (wire_) {
        wire_->socket.close();
    }
    throw Error(Code::cannot_connect, fmt::format("Redis at {}: {}", settings_.text(), reason))
        .with("server", settings_.text());
}

/// Reads while it writes: two sides that only write would wait for each other for ever.
std::vector<Reply> Connection::exchange(const std::string& bytes, std::size_t answers) {
    if (is_broken()) {
        fail("the connection was closed");
    }
    const auto deadline = [&] {
        return settings_.answer_limit.count() > 0
                   ? std::chrono::steady_clock::now() + settings_.answer_limit
                   : Socket::Deadline::max();
    };
    std::vector<Reply> replies;
    replies.reserve(answers);
    std::string_view unsent(bytes);
    std::array<char, 65536> buffer;
    try {
        auto limit = deadline();
        while (!unsent.empty() || replies.size() < answers) {
            const auto ready = wire_->socket.wait(!unsent.empty(), limit);
            if (!ready.read && !ready.write) {
                fail(fmt::format("no answer within {}", human(settings_.answer_limit)));
            }
            if (ready.read) {
                const long got = wire_->socket.read(buffer.data(), buffer.size());
                if (got == 0 || (got < 0 && got != -EAGAIN)) {
                    fail(got == 0 ? "the server closed the connection"
                                  : std::strerror(static_cast<int>(-got)));
                }
                wire_->reader.feed({buffer.data(), static_cast<std::size_t>(std::max(got, 0L))});
                while (auto reply = wire_->reader.next()) {
                    replies.push_back(std::move(*reply));
                    limit = deadline();
                }
            }
            if (ready.write) {
                const long written = wire_->socket.write(unsent);
                if (written < 0) {
                    fail(std::strerror(static_cast<int>(-written)));
                }
                unsent.remove_prefix(static_cast<std::size_t>(written));
            }
        }
    } catch (...) {
        wire_->socket.close();
        throw;
    }
    return replies;
}

}  // namespace caisson::redis
