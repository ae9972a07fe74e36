// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/split.h"

namespace caisson::migrations {

/// How a file is sent.
enum class Mode {
    whole,         ///< In one message and one transaction.
    by_statement,  ///< Statement by statement, with progress in the history.
};

/// A file as the server gets it.
struct Body {
    Mode mode = Mode::whole;
    /// As in the file, byte for byte in the same places; a BEGIN and COMMIT around the whole file
    /// are blanked out, because the file runs in a transaction of ours.
    std::string text;
    std::vector<sql::Statement> statements;  ///< Of `text`.
    bool touches_locks = false;     ///< It speaks of advisory locks: ours may be gone after it.
    bool touches_role = false;      ///< It may leave another role behind; true of every script.
    bool changes_defaults = false;  ///< New sessions begin otherwise after it.
    bool adds_enum_value = false;   ///< What it adds can be used after its commit only.
    /// More than SQL: commands of psql, or data of COPY. It is carried out, not sent.
    bool is_script = false;
};

/// Takes down what is met only while a script runs, in the files that it includes.
void notice(Body& body, std::string_view statement, sql::StatementKind kind);

/// Whether a text speaks of advisory locks or DISCARD.
bool may_give_up_locks(std::string_view text);

/// Decides how a text is sent.
Body body_of(std::string_view text, bool no_transaction);

/// A statement on one line of at most `limit` characters, for messages.
std::string shortened(std::string_view statement, std::size_t limit = 160);

}  // namespace caisson::migrations
