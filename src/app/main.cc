// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "app/cli/cli.h"

int main(int argc, char** argv) {
    return caisson::cli::main_of(std::vector<std::string>(argv + 1, argv + argc));
}
