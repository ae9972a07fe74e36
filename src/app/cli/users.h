// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/cli/context.h"

namespace caisson::cli {

/// As whom the environment has roles connect.
struct Users {
    std::map<std::string, std::string> by_suffix;  ///< `app` to `doadmin`, where it can be told.
    std::map<std::string, std::string> unknown;    ///< `app` to what is in the way.
};
/// Of roles by their suffix. What the environment does not say yet, a variable that is not set, is
/// no error.
Users users_of(Context& context, const platform::Database& database,
               const std::vector<std::string>& suffixes);

}  // namespace caisson::cli
