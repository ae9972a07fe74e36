// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace caisson::cli {

/// Of this build: "0.1.0", "Release", "g++ 12.2.0".
std::string_view version();
std::string_view build_type();
std::string_view compiler();

}  // namespace caisson::cli
