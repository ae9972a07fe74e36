// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/platform.h"

namespace caisson::docs {

/// A role that provisioning makes.
struct RoleFacts {
    std::string name;     ///< `compliance_db_app`
    std::string purpose;  ///< What it is for, as prose.
    bool can_login = false;
    bool bypasses_rls = false;
    std::vector<std::string> member_of{};
};

/// The built-in roles in the order of trust::built_in_roles(), then the manifest's own.
std::vector<RoleFacts> roles_of(const platform::Manifest& manifest,
                                const platform::Database& database);

}  // namespace caisson::docs
