// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace caisson::cli {

/// The whole program: parses the words, runs the verb, reports what went wrong. Gives the
/// documented exit status; throws nothing.
int main_of(const std::vector<std::string>& words);

}  // namespace caisson::cli
