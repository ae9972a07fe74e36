// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "drivers/sql/statement.h"

namespace caisson::sql {

/// A statement inside a text. All offsets and lengths are bytes.
struct Statement {
    std::size_t offset = 0;  ///< Of its first token.
    std::size_t length = 0;  ///< Up to its last token, without the semicolon.
    StatementKind kind = StatementKind::ordinary;
    std::size_t data_offset = 0;  ///< COPY … FROM STDIN: the lines that follow it,
    std::size_t data_length = 0;  ///< without the closing `\.`.

    bool terminated = true;  ///< False when the text ends inside a quote or comment of it.

    std::size_t end() const { return offset + length; }
    std::string_view text(std::string_view whole) const { return whole.substr(offset, length); }
};

/// The statements of a text, in order, without empty ones: what a server gives one result each for.
/// Semicolons inside parentheses, quotes and BEGIN ATOMIC … END do not separate. A command of psql
/// (\set, \gexec) is a statement of its own up to the end of its line, and ends the one before it.
/// Text that breaks off inside a quote is one statement up to its end. Threads: any.
std::vector<Statement> split(std::string_view text);

}  // namespace caisson::sql
