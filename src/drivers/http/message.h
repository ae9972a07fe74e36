// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Requests and responses as plain values, and errors as RFC 9457 problem documents.

#include <cstddef>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace caisson::http {

struct Header {
    std::string name;
    std::string value;
};
using Headers = std::vector<Header>;

/// The value of the first header of this name, whatever its case; nothing when there is none.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);

struct Request {
    std::string method;  ///< As sent: GET, POST, …
    std::string path;    ///< From the first slash up to the question mark, not decoded.
    std::string query;   ///< What follows the question mark, not decoded.
    Headers headers;
    std::string body;
    std::string remote;  ///< The peer's address, without its port.
    std::string id;      ///< X-Request-Id: the client's when it is sane, else one of ours.
    std::map<std::string, std::string> parameters;  ///< What `{name}` of the pattern stood for.

    /// The first header of this name, or empty.
    std::string_view header(std::string_view name) const;
    /// The first value of a query parameter, decoded; nothing when it is not there.
    std::optional<std::string> query_value(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Headers headers = {};
    std::string cause = {};  ///< What went wrong, for the log; never sent.
};

/// A problem document (RFC 9457). `type` is a name of the table of errors, or empty for a plain
/// HTTP status.
Response problem(int status, std::string_view detail, std::string_view type = {},
                 std::string_view hint = {});
/// What a handler threw, as a problem: a caisson::Error by the table of errors, everything else
/// (and Code::internal) as a 500 that tells nothing of the inside; `cause` has it for the log.
Response problem(const std::exception& failure);

/// RFC 9110's reason phrase; "Unknown" for a status that has none.
std::string_view reason(int status);

/// Percent signs decoded; malformed ones stay as they are. `plus_is_space` for query strings.
std::string decode(std::string_view text, bool plus_is_space = false);

/// Whether an incoming X-Request-Id is kept: 1 to 128 letters, digits and `-_.:+/=@`.
bool is_sane_id(std::string_view id);

/// Status line and headers with the blank line, ready to be sent. Line breaks in values are
/// dropped, so that nothing can be smuggled in.
struct Framing {
    std::string_view date;  ///< An IMF-fixdate.
    std::string_view id;
    bool keep_alive = true;
};
std::string head_of(const Response& response, const Framing& framing);
/// Whether this status carries no body (1xx, 204, 304).
bool is_bodiless(int status);

}  // namespace caisson::http
