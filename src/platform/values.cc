// SPDX-License-Identifier: Apache-2.0
#include "platform/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <arpa/inet.h>

#include "base/text.h"

namespace caisson::platform {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// Takes "12" or "1.5" off the front.
std::optional<double> take_figure(std::string_view& text) {
    std::size_t end = 0;
    bool dot = false;
    while (end < text.size() && (is_digit(text[end]) || (text[end] == '.' && !dot && end > 0))) {
        dot = dot || text[end] == '.';
        ++end;
    }
    if (end == 0 || text[end - 1] == '.') {
        return std::nullopt;
    }
    const auto value = whole_number<double>(text.substr(0, end));
    text.remove_prefix(end);
    return value;
}

std::string take_unit(std::string_view& text) {
    text = trim(text);
    std::size_t end = 0;
    while (end < text.size() && is_letter(text[end])) {
        ++end;
    }
    const auto unit = lower(text.substr(0, end));
    text.remove_prefix(end);
    return unit;
}

std::optional<double> milliseconds_of(const std::string& unit) {
    struct Unit {
        std::string_view name;
        double milliseconds;
    };
    constexpr std::array units = {
        Unit{"ms", 1},       Unit{"s", 1e3},         Unit{"sec", 1e3},
        Unit{"second", 1e3}, Unit{"seconds", 1e3},   Unit{"m", 60e3},
        Unit{"min", 60e3},   Unit{"minute", 60e3},   Unit{"minutes", 60e3},
        Unit{"h", 3600e3},   Unit{"hour", 3600e3},   Unit{"hours", 3600e3},
        Unit{"d", 86400e3},  Unit{"day", 86400e3},   Unit{"days", 86400e3},
        Unit{"w", 604800e3}, Unit{"week", 604800e3}, Unit{"weeks", 604800e3}};
    const auto* const found =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; });
    return found == units.end() ? std::nullopt : std::optional(found->milliseconds);
}

}  // namespace

bool is_secret_way(std::string_view url) {
    if (url.starts_with("https://")) {
        return true;
    }
    constexpr std::string_view clear = "http://";
    if (!url.starts_with(clear)) {
        return false;
    }
    url.remove_prefix(clear.size());
    // With an @ the host is what comes after it; a backslash some take for a slash.
    const auto authority = url.substr(0, url.find_first_of("/?#"));
    if (authority.find_first_of("@\\") != std::string_view::npos) {
        return false;
    }
    if (authority == "[::1]" || authority.starts_with("[::1]:")) {
        return true;
    }
    const auto host = authority.substr(0, authority.find(':'));
    return host == "127.0.0.1" || host == "localhost";
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    text = trim(text);
    if (text.empty()) {
        return std::nullopt;
    }
    double total = 0;
    while (!text.empty()) {
        const auto figure = take_figure(text);
        const auto unit = figure ? milliseconds_of(take_unit(text)) : std::nullopt;
        if (!unit) {
            return std::nullopt;
        }
        total += *figure * *unit;
        text = trim(text);
    }
    // A thousand years: beyond it somebody mistyped, and sums would overflow.
    if (!(total <= 1000.0 * 366 * 86400e3)) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(std::llround(total));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    text = trim(text);
    const auto figure = take_figure(text);
    if (!figure) {
        return std::nullopt;
    }
    const auto unit = take_unit(text);
    if (!text.empty()) {
        return std::nullopt;
    }
    constexpr std::string_view letters = "kmgtp";
    double factor = 1;
    if (!unit.empty() && unit != "b") {
        const auto power = letters.find(unit[0]);
        const auto rest = unit.substr(1);
        if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) {
            return std::nullopt;
        }
        factor = std::pow(1024.0, static_cast<double>(power + 1));
    }
    const double bytes = *figure * factor;
    if (!(bytes < 9.2e18)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::llround(bytes));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto value = whole_number<std::uint16_t>(trim(text));
    return value && *value > 0 ? value : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    text = trim(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    return whole_number<std::int64_t>(text);
}

std::optional<double> parse_number(std::string_view text) {
    const auto value = whole_number<double>(trim(text));
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text) {
    const auto word = lower(trim(text));
    if (word == "true" || word == "on" || word == "yes" || word == "1") {
        return true;
    }
    if (word == "false" || word == "off" || word == "no" || word == "0") {
        return false;
    }
    return std::nullopt;
}

bool is_ip_address(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    const std::string address(text);
    if (address.find('\0') != std::string::npos) {
        return false;
    }
    std::array<unsigned char, sizeof(in6_addr)> buffer{};
    return ::inet_pton(AF_INET, address.c_str(), buffer.data()) == 1 ||
           ::inet_pton(AF_INET6, address.c_str(), buffer.data()) == 1;
}

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 253) {
        return false;
    }
    if (text.front() == '/') {
        return std::none_of(text.begin(), text.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    }
    if (is_ip_address(text)) {
        return true;
    }
    if (text.back() == '.') {
        text.remove_suffix(1);
    }
    for (const auto& label : split(text, '.')) {
        const bool fine =
            !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
            std::all_of(label.begin(), label.end(),
                        [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
        if (!fine) {
            return false;
        }
    }
    // Four figures that are no address were meant to be one.
    return !std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

bool is_url(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0 || colon + 3 >= text.size()) {
        return false;
    }
    const auto scheme = text.substr(0, colon);
    return is_letter(scheme[0]) &&
           std::all_of(scheme.begin(), scheme.end(),
                       [](char c) {
                           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                       }) &&
           std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 63 && (is_lower(text[0]) || is_digit(text[0])) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; });
}

bool is_variable_name(std::string_view text) {
    return !text.empty() && !is_digit(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '_';
    });
}

bool is_tls_mode(std::string_view text) {
    constexpr std::array<std::string_view, 6> modes = {"disable", "allow",     "prefer",
                                                       "require", "verify-ca", "verify-full"};
    return std::find(modes.begin(), modes.end(), text) != modes.end();
}

}  // namespace caisson::platform
