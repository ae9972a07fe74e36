// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A small blocking client for verbs and tests: one request, one connection.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "drivers/http/message.h"

namespace caisson::http {

struct Call {
    std::string method = "GET";
    std::string host = "127.0.0.1";
    std::uint16_t port = 80;
    std::string target = "/";  ///< Path and query, encoded.
    Headers headers = {};      ///< Beside Host, Connection and Content-Length.
    std::string body = {};
    std::chrono::milliseconds limit{5'000};  ///< For the whole exchange.
    std::size_t body_limit = 16 * 1024 * 1024;
};

/// The answer, whatever its status. Errors: cannot_connect when there is none within the limit;
/// interrupted.
Response send(const Call& call);
/// A GET.
Response get(const std::string& host, std::uint16_t port, const std::string& target,
             std::chrono::milliseconds limit = std::chrono::seconds(5), Headers headers = {});

}  // namespace caisson::http
