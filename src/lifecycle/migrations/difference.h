// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::migrations {

/// The difference between two texts as a unified diff with three lines of context; line ends and
/// byte order mark do not count. Empty when there is none. At most `limit` lines; what is left out
/// is said.
std::string unified_difference(std::string_view before, std::string_view after,
                               const std::string& before_name, const std::string& after_name,
                               std::size_t limit = 60);

}  // namespace caisson::migrations
