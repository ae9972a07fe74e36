// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Statements of pg_stat_statements that PREPARE does not take. Pure.

#include <string>
#include <string_view>

namespace caisson::monitor {

/// Constants with their type before them, `interval '1 day'`, become `interval $1`, which no
/// grammar knows: here it is `$1::interval`. What is no such literal stays as it is, and so does a
/// text that has none. For statements that were refused as they are: whether a word is a type shows
/// only the catalogue. Source: PostgreSQL, "Constants of Other Types", "Interval Input".
std::string with_casts(std::string_view statement);

}  // namespace caisson::monitor
