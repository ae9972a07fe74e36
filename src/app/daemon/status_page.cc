// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/status_page.h"

#include "base/crypto.h"
#include "base/text.h"

namespace caisson::daemon {
namespace {

/// status_page.html, put here by the build.
constexpr std::string_view page_template =
#include "status_page.inc"
    ;

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

http::Response status_page(const StatusPage& page) {
    const std::string nonce = random_secret(18).reveal();
    std::string html;
    std::string_view left = page_template;
    const std::pair<std::string_view, std::string> values[] = {
        {"{title}", escape_html(page.title)},
        {"{environment}", escape_html(page.environment)},
        {"{nonce}", nonce},
        {"{text}", escape_html(page.text)},
        // Inside a script element only its end tag has to be kept from appearing.
        {"{health}", replace_all(page.health, "<", "\\u003c")},
    };
    while (!left.empty()) {
        const auto brace = std::min(left.find('{'), left.size());
        html += left.substr(0, brace);
        left.remove_prefix(brace);
        std::size_t used = std::min<std::size_t>(1, left.size());
        std::string_view put = left.substr(0, used);
        for (const auto& [name, value] : values) {
            if (left.rfind(name, 0) == 0) {
                put = value;
                used = name.size();
            }
        }
        html += put;
        left.remove_prefix(used);
    }
    http::Response response{200, "text/html; charset=utf-8", std::move(html)};
    response.headers = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'nonce-" + nonce + "'; script-src 'nonce-" + nonce +
             "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
    };
    return response;
}

}  // namespace caisson::daemon
