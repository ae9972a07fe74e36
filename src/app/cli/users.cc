// SPDX-License-Identifier: Apache-2.0
#include "app/cli/users.h"

#include "base/error.h"

namespace caisson::cli {

Users users_of(Context& context, const platform::Database& database,
               const std::vector<std::string>& suffixes) {
    Users users;
    for (const auto& suffix : suffixes) {
        try {
            users.by_suffix[suffix] = trust::role_settings(context.run(), database, suffix).user;
        } catch (const Error& error) {
            if (error.code() != Code::variable_invalid) {
                throw;
            }
            users.unknown[suffix] = error.message();
        }
    }
    return users;
}

}  // namespace caisson::cli
