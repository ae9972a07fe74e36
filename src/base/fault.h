// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace caisson::fault {

/// A place where tests kill the process: with CAISSON_FAULT=NAME in the environment, the process
/// ends here by SIGKILL, as if the power had gone. "NAME:3" means the third time. Without the
/// variable it costs one comparison.
void point(std::string_view name);

}  // namespace caisson::fault
