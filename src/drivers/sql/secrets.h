// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::sql {

/// SQL as it may be shown: values that are secrets by what stands before them (PASSWORD 'x', the
/// options of foreign servers, CONNECTION 'x'), that say so themselves (`password=x`, a URL with a
/// password), and all options of user mappings are `'***'`. The text may break off anywhere.
std::string without_secrets(std::string_view text);

}  // namespace caisson::sql
