// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace caisson::cli {

/// docs/reference/verbs.md and docs/reference/errors.md, in Markdown.
std::string verbs_reference();
std::string errors_reference();

}  // namespace caisson::cli
