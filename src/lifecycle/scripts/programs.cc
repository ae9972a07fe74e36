// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/programs.h"

#include <chrono>

namespace caisson::scripts {

Finished run_program(const std::string& command,
                     const std::map<std::string, std::string>& environment, std::string input) {
    Command shell;
    shell.arguments = {"/bin/sh", "-c", command};
    shell.environment = environment;
    shell.input = std::move(input);
    return caisson::run(shell, std::chrono::hours(24));
}

}  // namespace caisson::scripts
