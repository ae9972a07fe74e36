// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A blocking connection to Redis for verbs and workers. Every wait can be interrupted
/// (base/interrupt.h); the connection is closed then, because its answers would no longer belong to
/// its questions. Threads: one at a time.

#include <memory>
#include <string>
#include <vector>

#include "drivers/redis/command.h"
#include "drivers/redis/reply.h"
#include "drivers/redis/settings.h"

namespace caisson::redis {

class Connection {
 public:
    /// Connects and authenticates. Errors: cannot_connect, with the fact "redis" (such as
    /// WRONGPASS) when a server answered and refused.
    explicit Connection(const Settings& settings);
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    /// Errors: database_rejected, with the fact "redis" (the first word, such as OOM or LOADING),
    /// when Redis refuses it; cannot_connect when the connection broke or no answer came in time;
    /// interrupted.
    Reply command(const Command& arguments);
    /// Sends all, then reads all: one round trip. An error of one command is a value in its place.
    std::vector<Reply> pipeline(const std::vector<Command>& commands);
    bool is_broken() const;
    const Settings& settings() const { return settings_; }

 private:
    struct Wire;
    std::vector<Reply> exchange(const std::string& bytes, std::size_t answers);
    [[noreturn]] void fail(const std::string& reason);

    Settings settings_;
    std::unique_ptr<Wire> wire_;
};

}  // namespace caisson::redis
