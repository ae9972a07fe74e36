// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "platform/environment.h"

namespace caisson::platform {

/// A value and where it came from.
struct Found {
    Secret value;
    std::string source;  ///< environment, file, command, default
    std::string name;  ///< Of the variable that was set: the own one or an old one; empty for other
                       ///< sources.
};

/// Looks in the environment, the file, the command, the default, in this order.
/// Errors: variable_invalid when the command fails or the file cannot be read.
std::optional<Found> find_value(const Manifest& manifest, const Variable& variable,
                                const Variables& variables);

const Variable* find_variable(const Manifest& manifest, const std::string& name);

}  // namespace caisson::platform
