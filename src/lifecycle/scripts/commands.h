// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace caisson::scripts {

/// What becomes of a command of psql here.
enum class Treatment {
    carried_out,
    ignored,  ///< It would only show something, or say how to.
    refused,  ///< It cannot be done here; the remedy says what can.
    program,  ///< It would run a program on this host: only where that is allowed.
    unknown,
};

struct CommandRule {
    Treatment treatment = Treatment::unknown;
    std::string_view remedy;
};

/// Source: psql (PostgreSQL 18), "Meta-Commands".
CommandRule rule_of(std::string_view name);

}  // namespace caisson::scripts
