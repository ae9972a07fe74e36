// SPDX-License-Identifier: Apache-2.0
#include "platform/kinds.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/cron.h"
#include "platform/environment.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

bool is_text(const Node& node) { return node.is(NodeType::text); }

bool is_one_of(const Node& node, std::initializer_list<std::string_view> words) {
    return is_text(node) && std::find(words.begin(), words.end(), node.text) != words.end();
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_line(const Node& node) { return is_text(node) && !has_control_character(node.text); }

bool is_list_of_lines(const Node& node) {
    return node.is(NodeType::list) &&
           std::all_of(node.items.begin(), node.items.end(),
                       [](const Node& item) { return is_line(item) && !item.text.empty(); });
}

/// `/api/ai/health`: segments of unreserved characters. Source: RFC 3986, section 2.3.
bool is_path(std::string_view text) {
    return text.size() > 1 && text.front() == '/' && text.back() != '/' &&
           text.find("//") == std::string_view::npos &&
           text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
               "~/") == std::string_view::npos;
}

/// A scalar that a server's configuration file can hold in one line.
bool is_server_setting(const Node& node) {
    return is_line(node) || node.is(NodeType::integer) || node.is(NodeType::number) ||
           node.is(NodeType::boolean);
}

bool is_figure_with_unit(const Node& node, std::span<const std::string_view> units) {
    if (node.is(NodeType::integer)) {
        return true;
    }
    if (!is_text(node)) {
        return false;
    }
    const auto text = trim(node.text);
    const auto unit_start = std::min(text.find_first_not_of("-0123456789."), text.size());
    const auto unit = trim(text.substr(unit_start));
    return parse_number(text.substr(0, unit_start)).has_value() &&
           (unit.empty() || std::find(units.begin(), units.end(), unit) != units.end());
}

bool is_postgres_size(const Node& node) {
    constexpr std::array<std::string_view, 5> units = {"B", "kB", "MB", "GB", "TB"};
    return is_figure_with_unit(node, units);
}

bool is_postgres_time(const Node& node) {
    constexpr std::array<std::string_view, 6> units = {"us", "ms", "s", "min", "h", "d"};
    return is_figure_with_unit(node, units);
}

bool is_redis_size(const Node& node) {
    if (node.is(NodeType::integer)) {
        return node.integer >= 0;
    }
    constexpr std::array<std::string_view, 8> units = {"", "b", "k", "kb", "m", "mb", "g", "gb"};
    const auto text = lower(node.text);
    const auto unit_start = std::min(text.find_first_not_of("0123456789"), text.size());
    return is_text(node) && parse_integer(text.substr(0, unit_start)).has_value() &&
           std::find(units.begin(), units.end(), text.substr(unit_start)) != units.end();
}

bool is_scalar(const Node& node) {
    return !node.is(NodeType::list) && !node.is(NodeType::section) && !node.is(NodeType::date);
}

bool is_listen_address(const Node& node) {
    return is_text(node) && (node.text == "localhost" || is_ip_address(node.text));
}

bool is_connection_url(const Node& node) {
    if (!is_text(node)) {
        return false;
    }
    if (has_reference(node.text)) {
        return true;
    }
    try {
        parse_url(node.text, {});
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool is_variable_type(const Node& node) {
    constexpr std::array<std::string_view, 11> types = {"text",   "host",    "port",     "integer",
                                                        "number", "boolean", "duration", "bytes",
                                                        "url",    "path",    "choice"};
    return std::find(types.begin(), types.end(), node.text) != types.end();
}

template <class Check>
bool text_passes(const Node& node, Check check) {
    return is_text(node) && check(node.text);
}

/// Also the "Kinds of values" of the reference, in this order.
constexpr std::array kind_table = {
    Kind{"section", "a section", [](const Node& n) { return n.is(NodeType::section); }},
    Kind{"non-empty string", "a string that is not empty",
         [](const Node& n) { return is_line(n) && !trim(n.text).empty(); }},
    Kind{"text", "a string", is_text},
    Kind{"name", "a name of lower-case letters, digits, - and _, starting with a letter or a digit",
         [](const Node& n) { return text_passes(n, is_name); }},
    Kind{"boolean", "true or false", [](const Node& n) { return n.is(NodeType::boolean); }},
    Kind{"positive integer", "an integer of at least 1",
         [](const Node& n) { return n.is(NodeType::integer) && n.integer > 0; }},
    Kind{"count", "an integer of at least 0",
         [](const Node& n) { return n.is(NodeType::integer) && n.integer >= 0; }},
    Kind{"scalar", "a string, an integer, a number or a boolean", is_scalar},
    Kind{"port", "a port from 1 to 65535",
         [](const Node& n) {
             return n.is(NodeType::integer) && n.integer >= 1 && n.integer <= 65535;
         }},
    Kind{"listening port", "a port from 1 to 65535, or 0 for any that is free",
         [](const Node& n) {
             return n.is(NodeType::integer) && n.integer >= 0 && n.integer <= 65535;
         }},
    Kind{"whole seconds", "a duration of whole seconds, such as \"60s\" or \"7d\"",
         [](const Node& n) {
             const auto value = is_text(n) ? parse_duration(n.text) : std::nullopt;
             return value && value->count() > 0 && value->count() % 1000 == 0;
         }},
    Kind{"PostgreSQL size",
         "a size as PostgreSQL writes it: an integer, or \"64kB\", \"256MB\", \"1GB\"",
         is_postgres_size},
    Kind{"PostgreSQL time",
         "a time as PostgreSQL writes it: an integer, or \"500ms\", \"30s\", \"5min\"",
         is_postgres_time},
    Kind{"history size", "a size such as \"64MB\" or \"1GB\"",
         [](const Node& n) { return is_text(n) && parse_bytes(n.text).has_value(); }},
    Kind{"Redis size", "a size as Redis writes it: an integer, or \"256mb\", \"1gb\"",
         is_redis_size},
    Kind{"server setting", "a string of one line, an integer, a number or a boolean",
         is_server_setting},
    Kind{"IP address", "an IP address to listen on, such as \"127.0.0.1\", \"0.0.0.0\" or \"::1\"",
         is_listen_address},
    Kind{"host", "a host name, an address or the directory of a Unix socket",
         [](const Node& n) { return is_text(n) && (has_reference(n.text) || is_host(n.text)); }},
    Kind{"connection URL",
         "a URL such as \"postgresql://user@host:5432/database\", without blanks, its special "
         "characters percent-encoded",
         is_connection_url},
    Kind{
        "TLS mode", "disable, allow, prefer, require, verify-ca or verify-full",
        [](const Node& n) { return is_text(n) && (has_reference(n.text) || is_tls_mode(n.text)); }},
    Kind{"reference", "a reference such as \"${NAME}\"",
         [](const Node& n) { return is_line(n) && has_reference(n.text); }},
    Kind{"variable type",
         "one of text, host, port, integer, number, boolean, duration, bytes, url, path, choice",
         is_variable_type},
    Kind{"\"private\"", "\"private\"",
         [](const Node& n) { return is_text(n) && n.text == "private"; }},
    Kind{"\"admin\"", "\"admin\"", [](const Node& n) { return is_text(n) && n.text == "admin"; }},
    Kind{"\"migrator\"", "\"migrator\"",
         [](const Node& n) { return is_text(n) && n.text == "migrator"; }},
    Kind{"\"none\"", "\"none\"", [](const Node& n) { return is_one_of(n, {"none"}); }},
    Kind{"\"set\"", "\"set\"", [](const Node& n) { return is_one_of(n, {"set"}); }},
    Kind{"\"delete\"", "\"delete\"", [](const Node& n) { return is_one_of(n, {"delete"}); }},
    Kind{"policy", "\"refuse\", \"warn\" or \"allow\"",
         [](const Node& n) {
             return is_one_of(n, {"refuse", "warn", "allow"});
         }},
    Kind{"transaction scope", "\"file\", \"run\" or \"none\"",
         [](const Node& n) {
             return is_one_of(n, {"file", "run", "none"});
         }},
    Kind{"lint severity", "\"error\", \"warning\" or \"off\"",
         [](const Node& n) {
             return is_one_of(n, {"error", "warning", "off"});
         }},
    Kind{"alert level", "\"warning\" or \"critical\"",
         [](const Node& n) {
             return is_one_of(n, {"warning", "critical"});
         }},
    Kind{"figure", "a number",
         [](const Node& n) { return n.is(NodeType::integer) || n.is(NodeType::number); }},
    Kind{"duration", "a duration such as \"500ms\" or \"2s\"",
         [](const Node& n) { return is_text(n) && parse_duration(n.text).has_value(); }},
    Kind{"keeping",
         "a time such as \"30d\", \"12w\", \"6mo\" or \"7y\", or a number of sets such as \"14\"",
         [](const Node& n) { return is_text(n) && parse_keep(n.text).has_value(); }},
    Kind{"period", "\"set\", \"day\", \"week\", \"month\" or \"year\"",
         [](const Node& n) {
             return is_one_of(n, {"set", "day", "week", "month", "year"});
         }},
    Kind{"cron expression",
         "five fields as cron has them, such as \"30 2 * * 0\", or \"@daily\"; of a day that comes",
         [](const Node& n) { return is_text(n) && Cron::parse(n.text).has_value(); }},
    Kind{"list of strings", "a list of strings", is_list_of_lines},
    Kind{"list of URL paths", "a list of paths such as [\"/api/ai/health\"]",
         [](const Node& n) {
             return n.is(NodeType::list) &&
                    std::all_of(n.items.begin(), n.items.end(), [](const Node& item) {
                        return is_text(item) && is_path(item.text);
                    });
         }},
    Kind{"list", "a list", [](const Node& n) { return n.is(NodeType::list); }},
};

template <class Use>
void for_each_kind(std::string_view kinds_text, Use use) {
    while (!kinds_text.empty()) {
        const auto end = kinds_text.find(" or ");
        const auto name = kinds_text.substr(0, end);
        const auto* const found = std::find_if(kind_table.begin(), kind_table.end(),
                                               [&](const Kind& kind) { return kind.name == name; });
        if (found == kind_table.end()) {
            throw Error(Code::internal,
                        fmt::format("the table of settings names the unknown kind {}", name));
        }
        use(*found);
        kinds_text =
            end == std::string_view::npos ? std::string_view{} : kinds_text.substr(end + 4);
    }
}

}  // namespace

std::span<const Kind> kinds() { return kind_table; }

bool fits(std::string_view kind, const Node& node) {
    bool result = false;
    for_each_kind(kind, [&](const Kind& each) { result = result || each.fits(node); });
    return result;
}

bool may_be_section(std::string_view kind) {
    bool result = false;
    for_each_kind(kind, [&](const Kind& each) { result = result || each.name == "section"; });
    return result;
}

std::string expected_text(std::string_view kind) {
    std::vector<std::string> parts;
    for_each_kind(kind, [&](const Kind& each) { parts.emplace_back(each.expected); });
    return join(parts, ", or ");
}

std::string found_text(const Node& node, bool is_secret) {
    if (is_secret || !is_scalar(node)) {
        return fmt::format("is {}", type_text(node.type));
    }
    if (!node.is(NodeType::text)) {
        return fmt::format("is {}", node.text);
    }
    if (node.text.empty()) {
        return "is empty";
    }
    constexpr std::size_t most_characters = 60;
    const auto end = byte_of_character(node.text, most_characters);
    std::string shown;
    for (const char c : std::string_view(node.text).substr(0, end)) {
        shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
    return fmt::format("is \"{}{}\"", shown, end < node.text.size() ? "…" : "");
}

bool has_reference(std::string_view text) { return text.find("${") != std::string_view::npos; }

}  // namespace caisson::platform
