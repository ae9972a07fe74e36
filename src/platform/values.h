// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Text to values, as people write them in a manifest and in variables: durations, sizes, ports,
/// hosts. Every function gives nothing when the text is not one. Threads: any.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::platform {

/// "7d", "1h30m", "500ms", "1.5s", "2 min": one or more figures with units (ms, s, m or min, h, d,
/// w).
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// Whether nobody on the way reads what is sent to this URL: https, or http to this very machine.
bool is_secret_way(std::string_view url);
/// "512", "64kB", "256mb", "1.5 GB": bytes; units are powers of 1024 and may be written in any
/// case.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);
/// true, false, on, off, yes, no, 1, 0 in any case.
std::optional<bool> parse_boolean(std::string_view text);

/// An IPv4 or IPv6 address (RFC 4291), the latter with or without brackets.
bool is_ip_address(std::string_view text);
/// A host name (RFC 1123, underscores allowed as container networks use them), an address, or the
/// absolute path of a directory of sockets.
bool is_host(std::string_view text);
/// `scheme://…` with something behind it and no blanks.
bool is_url(std::string_view text);
/// A name of our own: lower-case letters, digits, `-` and `_`, starting with a letter or a digit;
/// at most 63 bytes.
bool is_name(std::string_view text);
/// What a variable of a process may be called: letters, digits and `_`, not starting with a digit.
bool is_variable_name(std::string_view text);
/// One of libpq's sslmode values.
bool is_tls_mode(std::string_view text);

}  // namespace caisson::platform
