// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "lifecycle/lint/rule.h"

namespace caisson::lint {

/// What a rule found. Lines and columns count from 1, columns in characters.
struct Finding {
    const Rule* rule = nullptr;
    Severity severity = Severity::warning;
    std::string file;
    std::size_t line = 1;
    std::size_t column = 1;
    std::size_t end_line = 1;  ///< Behind its last character.
    std::size_t end_column = 1;
    std::string message;
    std::string alternative;  ///< SQL, made from the statement's own names; may be empty.
};

}  // namespace caisson::lint
