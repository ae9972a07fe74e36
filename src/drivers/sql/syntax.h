// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::sql {

/// Where PostgreSQL's own grammar stumbles.
struct SyntaxMistake {
    std::size_t offset = 0;  ///< Byte in the text; its size when the text breaks off.
    std::string message;     ///< Such as: syntax error at or near "tabel".
};

/// The first mistake that the parser of PostgreSQL 15 finds in a text of any number of statements.
/// A newer server knows more: a mistake is a warning, never a reason to refuse.
/// Threads: any; each has a parser of its own.
std::optional<SyntaxMistake> syntax_mistake(std::string_view text);

}  // namespace caisson::sql
