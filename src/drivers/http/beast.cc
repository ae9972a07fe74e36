// SPDX-License-Identifier: Apache-2.0
// Everything that needs Beast: one unit, because its templates take seconds to compile.
#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/error.h"
#include "drivers/http/parser.h"

namespace caisson::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;

namespace {

using Parser = wire::request_parser<wire::string_body>;

Response refusal_of(const error_code& failure) {
    if (failure == wire::error::header_limit || failure == wire::error::buffer_overflow) {
        return problem(431, "the request line and headers are too long");
    }
    if (failure == wire::error::body_limit) {
        return problem(413, "the body is too long");
    }
    if (failure == wire::error::bad_version) {
        return problem(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    return problem(400, "the request is not HTTP/1.1: " + failure.message());
}

/// What Beast lets through although it must not be answered.
std::optional<Response> unacceptable(const Parser& parser) {
    const auto& message = parser.get();
    if (message.version() != 10 && message.version() != 11) {
        return problem(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    if (message.find(wire::field::transfer_encoding) != message.end() &&
        (!parser.chunked() || message.version() == 10)) {
        return problem(501, "of transfer codings only chunked is known");
    }
    const auto hosts = message.count(wire::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() == 11)) {
        return problem(400, "a request needs exactly one Host header");
    }
    return {};
}

/// The path and query of a request's target.
std::string_view origin_form(std::string_view target) {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos || target.front() == '/') {
        return target;
    }
    // The absolute form is for proxies, but has to be understood (RFC 9112, 3.2.2).
    const auto slash = target.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : target.substr(slash);
}

}  // namespace

struct RequestParser::State {
    Parser parser;
    std::optional<Response> refusal;
    bool has_headers = false;

    void note(const error_code& failure) {
        if (failure && failure != wire::error::need_more && !refusal) {
            refusal = refusal_of(failure);
        }
    }
};

RequestParser::RequestParser(std::size_t header_limit, std::size_t body_limit)
    : state_(std::make_unique<State>()) {
    state_->parser.header_limit(static_cast<std::uint32_t>(header_limit));
    state_->parser.body_limit(body_limit);
}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::put(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !is_done() && !state_->refusal) {
        error_code failure;
        const auto used =
            state_->parser.put(asio::buffer(bytes.data() + taken, bytes.size() - taken), failure);
        taken += used;
        state_->note(failure);
        if (!failure && state_->parser.is_header_done() && !state_->has_headers) {
            state_->has_headers = true;
            state_->refusal = unacceptable(state_->parser);
            break;
        }
        if (failure || used == 0) {
            break;
        }
    }
    return taken;
}

void RequestParser::finish() {
    error_code failure = wire::error::partial_message;
    if (state_->parser.got_some()) {
        state_->parser.put_eof(failure);
    }
    if (!is_done()) {
        state_->note(failure ? failure : wire::error::partial_message);
    }
}

bool RequestParser::has_headers() const { return state_->has_headers; }
bool RequestParser::is_done() const { return state_->parser.is_done(); }
const std::optional<Response>& RequestParser::refusal() const { return state_->refusal; }

bool RequestParser::is_waiting_for_us() const {
    return !is_done() && beast::iequals(state_->parser.get()[wire::field::expect], "100-continue");
}

bool RequestParser::keeps_alive() const {
    return state_->parser.get().version() == 11 && state_->parser.keep_alive();
}

Request RequestParser::take() {
    auto& message = state_->parser.get();
    Request request;
    request.method = message.method_string();
    const auto target = origin_form(message.target());
    const auto mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(target.size(), mark + 1));
    for (const auto& field : message) {
        request.headers.push_back({field.name_string(), field.value()});
    }
    request.body = std::move(message.body());
    return request;
}

struct ResponseParser::State {
    wire::response_parser<wire::string_body> parser;
    beast::flat_buffer left;
};

namespace {

void check(const error_code& failure) {
    if (failure && failure != wire::error::need_more) {
        throw Error(Code::cannot_connect, "the answer is not HTTP: " + failure.message());
    }
}

}  // namespace

ResponseParser::ResponseParser(std::size_t body_limit, bool is_bodiless)
    : state_(std::make_unique<State>()) {
    state_->parser.eager(true);
    state_->parser.body_limit(body_limit);
    state_->parser.skip(is_bodiless);
}

ResponseParser::~ResponseParser() = default;

void ResponseParser::put(std::string_view bytes) {
    auto& left = state_->left;
    left.commit(asio::buffer_copy(left.prepare(bytes.size()), asio::buffer(bytes)));
    while (left.size() > 0 && !is_done()) {
        error_code failure;
        const auto used = state_->parser.put(left.data(), failure);
        left.consume(used);
        check(failure);
        if (failure || used == 0) {
            return;
        }
    }
}

void ResponseParser::finish() {
    error_code failure;
    // Beast asserts that there was something before the end.
    if (state_->parser.got_some()) {
        state_->parser.put_eof(failure);
        check(failure);
    }
    if (!is_done()) {
        throw Error(Code::cannot_connect,
                    "the connection was closed before the answer was complete");
    }
}

bool ResponseParser::is_done() const { return state_->parser.is_done(); }

Response ResponseParser::take() {
    auto message = state_->parser.release();
    Response response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = message[wire::field::content_type];
    for (const auto& field : message) {
        response.headers.push_back({field.name_string(), field.value()});
    }
    response.body = std::move(message.body());
    return response;
}

}  // namespace caisson::http
