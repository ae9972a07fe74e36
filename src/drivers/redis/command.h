// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace caisson::redis {

using Command = std::vector<std::string>;  ///< The name first; arguments may hold any bytes.

}  // namespace caisson::redis
