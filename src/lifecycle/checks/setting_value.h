// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::checks {

/// A server setting as pg_settings shows it.
struct ServerSetting {
    std::string value;  ///< In units of `unit`.
    std::string unit;   ///< `8kB`, `kB`, `MB`, `ms`, `s`, `min` or empty.
    std::string kind;   ///< bool, integer, real, string or enum.
};

/// Whether a setting has the value that is written (`1GB`, `on`, `5min`, `0.9`, `a, b`), whatever
/// unit it is written in. Numbers are rounded as the server rounds them.
/// Source: PostgreSQL, "Setting Parameters", parameter names and values.
bool has_value(const ServerSetting& setting, std::string_view written);

/// The value with its unit as people write it: 131072 of 8kB is `1GB`.
std::string shown(const ServerSetting& setting);

}  // namespace caisson::checks
