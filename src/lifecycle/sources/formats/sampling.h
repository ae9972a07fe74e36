// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/format.h"

namespace caisson::sources {

/// A few of these names, from the whole of the list: what is looked into for detection.
std::vector<std::string> sample(const std::vector<std::string>& names, std::size_t count = 24);

/// Claims a folder whose SQL files hold a mark of the tool's own in a line.
Claim detect_by_mark(const Folder& folder, std::string_view mark,
                     const std::function<bool(std::string_view line)>& is_mark);

}  // namespace caisson::sources
