// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "platform/platform.h"

namespace caisson::platform {

/// `host`, `choice`, …: as in the manifest.
std::string_view type_name(VariableType type);
std::optional<VariableType> type_named(std::string_view name);
/// "a port from 1 to 65535": what a value of this variable must be.
std::string expected_value(const Variable& variable);
/// Whether the text is a value of the variable's type.
bool fits_variable(const Variable& variable, std::string_view value);

}  // namespace caisson::platform
