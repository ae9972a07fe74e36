// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Bytes to messages, without sockets: Beast's parsers behind a plain face.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "drivers/http/message.h"

namespace caisson::http {

/// One request. Bytes that are not taken belong to the next one and are given again to the next
/// parser, or to this one with more behind them.
class RequestParser {
 public:
    RequestParser(std::size_t header_limit, std::size_t body_limit);
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;
    ~RequestParser();

    /// How many bytes were taken from the front. It stops after the headers, so that a body can be
    /// asked for, and at the end of the request.
    std::size_t put(std::string_view bytes);
    /// No more bytes will come.
    void finish();

    bool has_headers() const;
    bool is_done() const;
    /// Why the request is refused, as a problem: once there is one, nothing more is taken.
    const std::optional<Response>& refusal() const;
    /// Whether the client waits to be told that it may send the body (Expect: 100-continue).
    bool is_waiting_for_us() const;
    /// Whether the client will send more requests over this connection.
    bool keeps_alive() const;
    /// What has been read, as far as it has come; without remote, id and parameters. Once.
    Request take();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// One response, for the client.
class ResponseParser {
 public:
    /// `is_bodiless`: the request was a HEAD.
    ResponseParser(std::size_t body_limit, bool is_bodiless);
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;
    ~ResponseParser();

    /// Takes the next bytes. Errors: cannot_connect when they are not HTTP, or too many.
    void put(std::string_view bytes);
    /// The peer has closed. Errors: cannot_connect when the response is not complete.
    void finish();
    bool is_done() const;
    Response take();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson::http
