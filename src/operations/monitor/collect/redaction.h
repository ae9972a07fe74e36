// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Statements without what they are about. Pure. Source: PostgreSQL, "Lexical Structure".

#include <string>
#include <string_view>

namespace caisson::monitor {

/// The text without constants and comments: 'secret' becomes '?', 4711 becomes ?, $1 stays.
/// Statements that are no queries stand in pg_stat_statements as they were written, passwords
/// included, and pg_stat_activity has every statement so. What cannot be told apart from a constant
/// for certain (a quote that stays open, a backslash before one) ends the text.
std::string without_constants(std::string_view text);

}  // namespace caisson::monitor
