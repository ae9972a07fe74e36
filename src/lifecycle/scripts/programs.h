// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/process.h"

namespace caisson::scripts {

/// Runs a command line with /bin/sh to its end, as psql does; `input` is its standard input.
/// PG* of the environment is not handed on. Errors: those of caisson::run().
Finished run_program(const std::string& command,
                     const std::map<std::string, std::string>& environment, std::string input = {});

}  // namespace caisson::scripts
