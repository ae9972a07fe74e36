// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace caisson::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr std::array reasons = std::to_array<std::pair<int, std::string_view>>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
});

void append_header(std::string& head, std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    for (const char c : value) {
        if (c != '\r' && c != '\n' && c != '\0') {
            head += c;
        }
    }
    head += "\r\n";
}

}  // namespace

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
    for (const auto& header : headers) {
        if (same(header.name, name)) {
            return header.value;
        }
    }
    return {};
}

std::string_view Request::header(std::string_view name) const {
    return find_header(headers, name).value_or(std::string_view());
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    std::string_view left = query;
    while (!left.empty()) {
        const auto pair = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(left.size(), pair.size() + 1));
        const auto equals = std::min(pair.find('='), pair.size());
        if (decode(pair.substr(0, equals), true) == name) {
            return decode(pair.substr(std::min(pair.size(), equals + 1)), true);
        }
    }
    return {};
}

Response problem(int status, std::string_view detail, std::string_view type,
                 std::string_view hint) {
    boost::json::object document{{"type", type.empty() ? std::string("about:blank")
                                                       : "urn:caisson:error:" + std::string(type)},
                                 {"title", reason(status)},
                                 {"status", status},
                                 {"detail", detail}};
    if (!hint.empty()) {
        document["hint"] = hint;
    }
    return {status, "application/problem+json", boost::json::serialize(document) + "\n", {}, {}};
}

Response problem(const std::exception& failure) {
    const auto* const error = dynamic_cast<const Error*>(&failure);
    if (!error || error->code() == Code::internal) {
        auto response = problem(500, "Caisson itself is at fault; the log has more under this id",
                                kind_of(Code::internal).name);
        response.cause = failure.what();
        return response;
    }
    const auto& kind = kind_of(error->code());
    auto response = problem(kind.http_status, error->message(), kind.name, error->hint());
    response.cause = error->message();
    return response;
}

std::string_view reason(int status) {
    for (const auto& [known, phrase] : reasons) {
        if (known == status) {
            return phrase;
        }
    }
    return "Unknown";
}

std::string decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 &&
            hexadecimal(text[i + 2]) >= 0) {
            decoded += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return decoded;
}

bool is_sane_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
               std::string_view("-_.:+/=@").find(c) != std::string_view::npos;
    });
}

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

std::string head_of(const Response& response, const Framing& framing) {
    std::string head = "HTTP/1.1 ";
    head.reserve(320);
    head += std::to_string(response.status);
    head += ' ';
    head += reason(response.status);
    head += "\r\n";
    append_header(head, "Date", framing.date);
    if (!is_bodiless(response.status)) {
        if (!response.content_type.empty()) {
            append_header(head, "Content-Type", response.content_type);
        }
        append_header(head, "Content-Length", std::to_string(response.body.size()));
    }
    append_header(head, "X-Request-Id", framing.id);
    append_header(head, "X-Content-Type-Options", "nosniff");
    for (const auto& header : response.headers) {
        append_header(head, header.name, header.value);
    }
    if (!framing.keep_alive) {
        append_header(head, "Connection", "close");
    }
    head += "\r\n";
    return head;
}

}  // namespace caisson::http
