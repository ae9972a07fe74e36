// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/sql/reader.h"

namespace caisson::sql {

/// The name and the arguments of one command of psql, cut as psql cuts them: 'text' with its
/// escapes, "text" with its quotes kept, `program`, variables.
/// Source: psql, "Meta-Commands"; its scanner of commands (PostgreSQL 18).
class CommandScanner {
 public:
    /// Runs a program and gives its output; called for each `program` in backquotes.
    using Program = std::function<std::string(const std::string& command)>;
    enum class Argument {
        normal,
        file_or_pipe,  ///< As normal, but from a `|` at its beginning on all of the line.
        whole_line,    ///< The rest of the line as it is.
    };

    /// `line` is what follows the backslash, to the end of its line.
    explicit CommandScanner(std::string_view line, Lookup lookup = {}, Program program = {});

    /// Without the backslash: `set`, `i`, `!`.
    const std::string& name() const { return name_; }
    /// The next argument; nothing when there is none left, or a quote has no end. Semicolons at the
    /// end that are in no quotes are taken away if `without_semicolons`.
    std::optional<std::string> next(Argument argument = Argument::normal,
                                    bool without_semicolons = false);
    /// Whether a quote had no end in this line.
    bool is_unterminated() const { return unterminated_; }
    /// Passes over what is left of the command, and the `\\` that ends it. Gives the bytes of the
    /// line that belong to it.
    std::size_t finish();

 private:
    bool at_end() const { return at_ >= line_.size(); }
    void skip_space();
    void read_quoted(std::string& value);
    void read_escape(std::string& value);
    void read_double_quoted(std::string& value);
    void read_program(std::string& value);
    void read_reference(std::string& value);

    std::string_view line_;
    Lookup lookup_;
    Program program_;
    std::string name_;
    std::size_t at_ = 0;
    std::size_t plain_ = 0;  ///< Characters at the end of the argument that were in no quotes.
    bool quoted_ = false;
    bool unterminated_ = false;
};

/// Whether a command takes the rest of its line as one argument.
bool takes_whole_line(std::string_view name);
/// Whether a command sends the statement it stands in: \g, \gset, \gexec, …
bool sends_query(std::string_view name);
/// The bytes of a line, from behind its backslash, that belong to the command there.
std::size_t length_of_command(std::string_view line);

}  // namespace caisson::sql
