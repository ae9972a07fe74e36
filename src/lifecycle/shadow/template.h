// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The data directory that shadows are copied from: made once for each PostgreSQL and locale.

#include <functional>
#include <optional>
#include <string>

#include "base/files.h"
#include "lifecycle/servers/programs.h"

namespace caisson::shadow {

/// `<state base>/shadow`, where templates and running shadows lie; made where it is missing.
fs::path make_home(const fs::path& state_base, const std::optional<Account>& owner);

/// The template; made by initdb where there is none. There whole or not at all.
/// Errors: platform_invalid for a locale that the machine does not have; server_failed.
fs::path make_template(const fs::path& home, const servers::PostgresPrograms& programs,
                       const std::string& locale, const std::optional<Account>& owner,
                       const std::function<void(const std::string&)>& step);

}  // namespace caisson::shadow
