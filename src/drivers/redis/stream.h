// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The transport below the protocol: a Unix socket, TCP, or TLS over TCP. Private to this module.

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "drivers/redis/settings.h"

namespace caisson::redis {

class Stream {
 public:
    using Done = std::function<void(boost::system::error_code, std::size_t)>;

    virtual ~Stream() = default;
    /// Resolves, connects, and agrees on keys. Errors: cannot_connect; operation_aborted, as
    /// boost::system::system_error, when it was closed meanwhile.
    virtual boost::asio::awaitable<void> connect() = 0;
    /// One at a time of each; what they use must live until `done`, which comes later, always.
    virtual void read_some(char* into, std::size_t size, Done done) = 0;
    virtual void write(std::string_view bytes, Done done) = 0;
    /// Ends what is under way. Twice does no harm.
    virtual void close() = 0;
};

std::shared_ptr<Stream> make_stream(boost::asio::any_io_executor executor, Settings settings);

}  // namespace caisson::redis
