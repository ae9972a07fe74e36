// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The definitions of a snapshot taken apart, for whoever words them otherwise: drafts, documents.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson::schema {

/// Where a word stands outside quotes and brackets; npos when it does not.
std::size_t find_outside(std::string_view text, std::string_view word, std::size_t from = 0);
/// Parts between top-level ", ".
std::vector<std::string> list_of(std::string_view text);

/// A column's definition in its parts.
struct Column {
    std::string type;
    std::string collation;  ///< Empty: that of the type.
    bool not_null = false;
    bool is_validated = true;
    std::string identity;    ///< `always`, `by default` or empty.
    std::string options;     ///< Of the identity's sequence.
    std::string expression;  ///< Of the default.
    std::string generated;   ///< Its whole clause.
};
Column parse_column(std::string_view definition);

/// What is behind ` disabled`, ` always` or ` replica` at the end of a trigger, rule or event
/// trigger; the definition without it.
std::pair<std::string, std::string> without_state(const std::string& definition);

}  // namespace caisson::schema
