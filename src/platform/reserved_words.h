// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace caisson::platform {

/// Whether generated C++ cannot give this name to anything: keywords, macros of system headers in
/// lower case, and names with a meaning in every generated file (`caisson`, `pg`, `std`). Pure.
bool is_reserved_word(std::string_view word);

}  // namespace caisson::platform
