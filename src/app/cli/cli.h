// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace caisson::cli {

/// The whole program: understands the words, runs the verb, reports what went wrong, and gives the
/// documented exit status. Never throws.
int main_of(const std::vector<std::string>& words);

}  // namespace caisson::cli
