// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "app/cli/context.h"
#include "lifecycle/schema/difference.h"

namespace caisson::cli {

/// Objects that two structures do not agree on, for people: one a line, definitions below it.
void print_differences(Context& context, const std::vector<schema::Difference>& differences,
                       const std::string& indent);
/// … and for --json.
boost::json::array json_of(const std::vector<schema::Difference>& differences);

}  // namespace caisson::cli
