// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A document against the table of settings.

#include <string>
#include <string_view>
#include <vector>

#include "platform/document.h"

namespace caisson::platform {

/// The document without what the table does not allow; each thing left out is a mistake with its
/// place. Whatever is still there is known, and of its kind.
Node check_shape(const Node& document, std::vector<Mistake>& mistakes);

/// `a.b`, with the key in quotes where TOML needs them.
std::string path_text(std::string_view parent, std::string_view key);

/// `; did you mean "x"?` as a remedy, or the names that are known here.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace caisson::platform
