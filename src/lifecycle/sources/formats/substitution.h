// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/loading.h"

namespace caisson::sources {

using Values = std::map<std::string, std::string>;
using Complain = std::function<void(std::size_t offset, std::string message)>;

/// The text with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}` replaced within these
/// ranges, as goose does between ENVSUB ON and OFF; `$$` and `\$` are left as they are. A name
/// without value is complained of, all of them.
std::string substitute(std::string_view text, const std::vector<Range>& ranges,
                       const Values& values, const Complain& complain);

/// The text with every `${name}` replaced, in comments and quotes, too, as Flyway does.
std::string replace_placeholders(std::string_view text, std::string_view prefix,
                                 std::string_view suffix, const Values& values,
                                 const Complain& complain);

}  // namespace caisson::sources
