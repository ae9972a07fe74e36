// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/pg/settings.h"

namespace caisson::pg {

/// What libpq is to do about TLS, in its own words. Empty is libpq's default.
/// Source: PostgreSQL, "Parameter Key Words" of libpq.
struct Tls {
    std::string mode;             ///< sslmode
    std::string root;             ///< sslrootcert
    std::string min_version;      ///< ssl_min_protocol_version
    std::string channel_binding;  ///< channel_binding
};

/// What the settings say, with what they leave open: see Settings::tls.
Tls tls_of(const Settings& settings);

/// What to do about a connection that failed with this message; empty where TLS is not the reason.
std::string tls_hint(const std::string& message, const Settings& settings);

}  // namespace caisson::pg
