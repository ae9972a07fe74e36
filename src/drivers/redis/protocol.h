// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The protocol is hiredis', the transport is not: bytes out of commands, replies out of bytes.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/redis/reply.h"

struct redisReader;

namespace caisson::redis {

/// A command as Redis reads it; every argument may hold any bytes. Errors: usage without a command.
std::string format(const std::vector<std::string>& arguments);

/// Replies out of a stream that arrives in pieces of any size.
class Reader {
 public:
    Reader();
    void feed(std::string_view bytes);
    /// The next complete reply; nothing until its last byte came. Errors: cannot_connect when the
    /// bytes are not Redis' protocol; the reader is of no use afterwards.
    std::optional<Reply> next();

 private:
    struct Free {
        void operator()(redisReader* reader) const;
    };
    std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace caisson::redis
