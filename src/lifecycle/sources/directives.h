// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace caisson::sources {

/// What a file says about itself, in comments that have a line of their own:
///     -- caisson: no-transaction
///     -- caisson: feature blockchain
///     -- caisson: description what it does, for people
struct Directives {
    bool no_transaction = false;
    std::string feature;      ///< Empty: belongs everywhere.
    std::string description;  ///< Several lines are joined by a space.
};

/// A mistake in a file.
struct Mistake {
    Place place;
    std::string message;
};

/// Reads them; `file` names the text in the places of mistakes, which are added to the list. Lines
/// inside quotes, function bodies and block comments are not directives.
Directives read_directives(std::string_view text, const std::string& file,
                           std::vector<Mistake>& mistakes);

}  // namespace caisson::sources
