// SPDX-License-Identifier: Apache-2.0
#include "drivers/http/routes.h"

#include <algorithm>

#include <arpa/inet.h>

#include "base/text.h"

namespace caisson::http {
namespace {

DeferredHandler at_once(Handler handler) {
    return [handler = std::move(handler)](const Request& request, const Reply& reply) {
        reply(handler(request));
    };
}

/// Cuts the first segment, without its slash, off `path`.
std::string_view take_segment(std::string_view& path) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

bool matches(std::string_view pattern, std::string_view path,
             std::map<std::string, std::string>& parameters) {
    if (pattern == path) {
        return true;
    }
    if (pattern.find('{') == std::string_view::npos) {
        return false;
    }
    while (!pattern.empty() && !path.empty() && path.front() == '/') {
        const auto expected = take_segment(pattern);
        const auto found = take_segment(path);
        if (expected.size() > 2 && expected.front() == '{' && expected.back() == '}') {
            if (found.empty()) {
                return false;
            }
            parameters[std::string(expected.substr(1, expected.size() - 2))] = decode(found);
        } else if (expected != found) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

}  // namespace

Route fast(std::string method, std::string pattern, Handler handler) {
    return {std::move(method), std::move(pattern), at_once(std::move(handler))};
}

Route slow(std::string method, std::string pattern, Handler handler,
           std::chrono::milliseconds limit) {
    return {std::move(method), std::move(pattern), at_once(std::move(handler)), true, limit};
}

Route deferred(std::string method, std::string pattern, DeferredHandler handler) {
    return {std::move(method), std::move(pattern), std::move(handler)};
}

Routes::Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}

Routes::Match Routes::find(std::string_view method, std::string_view path) const {
    const std::string_view sought = method == "HEAD" ? "GET" : method;
    Match match;
    std::vector<std::string> allowed;
    for (const auto& route : routes_) {
        std::map<std::string, std::string> parameters;
        if (!matches(route.pattern, path, parameters)) {
            continue;
        }
        if (route.method == sought) {
            return {&route, std::move(parameters)};
        }
        allowed.push_back(route.method);
        if (route.method == "GET") {
            allowed.emplace_back("HEAD");
        }
    }
    match.allowed = join(allowed, ", ");
    return match;
}

bool is_loopback(std::string_view address) {
    const std::string text(address);
    in_addr four{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1) {
        return (ntohl(four.s_addr) >> 24U) == 127;
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
    }
    return lower(text) == "localhost";
}

std::optional<std::string> host_of(std::string_view header) {
    std::string_view port;
    std::string_view name;
    if (!header.empty() && header.front() == '[') {
        const auto end = header.find(']');
        if (end == std::string_view::npos) {
            return {};
        }
        name = header.substr(1, end - 1);
        port = header.substr(end + 1);
    } else {
        name = header.substr(0, header.find(':'));
        port = header.substr(name.size());
    }
    const bool port_is_fine =
        port.empty() ||
        (port.front() == ':' && port.size() <= 6 &&
         std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; }));
    const bool name_is_fine = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return c > ' ' && c < 127 &&
               std::string_view("/?#@\\\"<>").find(c) == std::string_view::npos;
    });
    if (!port_is_fine || !name_is_fine) {
        return {};
    }
    // A trailing dot names the same host.
    if (name.size() > 1 && name.back() == '.') {
        name.remove_suffix(1);
    }
    return lower(name);
}

}  // namespace caisson::http
