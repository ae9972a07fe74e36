// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "drivers/pg/connection.h"
#include "drivers/sql/reader.h"
#include "drivers/sql/statement.h"

namespace caisson::scripts {

/// Something that a script does in the database.
struct Step {
    enum class Use {
        plain,
        sets_variables,  ///< \gset: what follows needs its answer, so a resumed run asks again.
        generates,  ///< \gexec: the rows are statements and run as well; what they are, the query
                    ///< says each time. Each of them may refuse a transaction.
        copies,     ///< Data from the script or a file: COPY … FROM STDIN, \copy.
    };
    std::size_t number = 0;  ///< From 1, in the order in which they come about.
    Place place;             ///< Of its first token, in the file where it stands.
    sql::StatementKind kind = sql::StatementKind::ordinary;
    Use use = Use::plain;
    std::string_view text;  ///< As it is sent: variables are put in.
};

struct Options {
    fs::path root;       ///< No file outside of it is read or written; none at all when empty.
    fs::path directory;  ///< What `\i` is relative to first, as psql's own directory; else `root`.
    fs::path path;       ///< Where the script lies: what `\ir` is relative to; else `root`.
    std::string file;    ///< What places call the script.
    bool allow_programs = false;  ///< `\!`, `program`, COPY … PROGRAM: what runs on a host.
    std::map<std::string, std::string> variables;  ///< As psql's -v.
    /// Carries a step out by calling `run`, in whatever transaction it makes for it: once, or again
    /// after it was rolled back, unless it copies. Not calling it skips the step, its data
    /// included. Nothing given: `run` is called.
    std::function<void(const Step& step, const std::function<void()>& run)> around;
    std::function<void(const std::string& line)> on_output;  ///< Of \echo and \qecho.
    /// What psql would have warned of, or does otherwise.
    std::function<void(const Place& place, const std::string& message)> on_warning;
};

struct Report {
    std::size_t steps = 0;
};

/// Runs a script to its end, or to its first error: whatever ON_ERROR_STOP says. Inside a
/// transaction of the caller as well as outside of one; the script's own BEGIN and COMMIT are sent.
/// Errors: DatabaseError, with the facts "place" and "statement", in whichever file it happened;
/// migration_invalid with a place for what is no command, is refused, or whose file is missing;
/// whatever `around` throws.
Report run(pg::Connection& connection, std::string_view text, const Options& options);
/// As above, for a script of any length, piece by piece.
Report run(pg::Connection& connection, sql::Reader::Source source, const Options& options);

}  // namespace caisson::scripts
