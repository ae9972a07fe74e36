// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::scripts {

/// What \copy asks for, taken apart.
struct CopyCommand {
    enum class End { file, program, script, pstdin, pstdout, output };
    std::string what;  ///< `t (a, b)` or `(select …)`, as written.
    bool from = true;  ///< Into the table; else out of it.
    End end = End::file;
    std::string name;     ///< The file or the program.
    std::string options;  ///< What follows, as written.

    /// The statement that it stands for: COPY … FROM STDIN or COPY … TO STDOUT.
    std::string statement() const;
};

/// Reads what follows `\copy`; nothing when it is not understood.
/// Source: psql, "\copy"; names are in single quotes with '' inside, or end at a blank.
std::optional<CopyCommand> read_copy(std::string_view text);

/// Whether SQL says COPY … PROGRAM, which runs a program on the server's host.
bool copies_with_program(std::string_view statement);

}  // namespace caisson::scripts
