// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::platform {

/// The names between `${` and `}`. `is_broken` is set when a `${` is not closed or holds no
/// variable name.
std::vector<std::string> references_in(std::string_view text, bool& is_broken);

/// The text with each `${NAME}` replaced by what `value_of_name` gives; nothing else in it is
/// special, and what it gives is not looked at again.
std::string with_references_replaced(
    std::string_view text, const std::function<std::string(const std::string&)>& value_of_name);

}  // namespace caisson::platform
