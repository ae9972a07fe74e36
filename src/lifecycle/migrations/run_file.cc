// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/run_file.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "base/text.h"

namespace caisson::migrations {
namespace {

constexpr std::string_view open_transaction = "begin;";
/// The semicolon ends a last statement that has none, the line a last comment. Deferred constraints
/// and triggers are heard while the file's own settings still hold.
constexpr std::string_view close_file = "\n;\nset constraints all immediate;";

/// What only the server can see of a statement, with the way out.
std::string remedy_for(const pg::DatabaseError& error, Mode mode) {
    const bool refuses = error.sqlstate == pg::sqlstate::active_transaction ||
                         error.sqlstate == "2D000" || error.sqlstate == "55P04";
    if (mode == Mode::whole && refuses) {
        return "it cannot be in the transaction of its file: put `-- caisson: no-transaction` on a "
               "line of its own";
    }
    return "";
}

}  // namespace

/// Prepared statements, cursors, LISTEN, temporary tables and the values of sequences, settings and
/// roles. The role comes first: what follows needs the session's own.
const std::string_view clean_session =
    "reset session authorization;reset role;reset all;close all;unlisten *;deallocate all;discard "
    "temp;discard sequences;";

void throw_failed(const Step& step, const Body& body, std::size_t statement,
                  std::optional<std::size_t> offset, const pg::DatabaseError& error,
                  const std::string& hint) {
    Place place{step.file(), 0, 0};
    const bool known = statement < body.statements.size();
    if (!offset && known) {
        offset = body.statements[statement].offset;
    }
    if (offset) {
        const auto position = position_of(body.text, *offset);
        place.line = position.line;
        place.column = position.column;
    }
    const auto remedy = remedy_for(error, body.mode);
    const auto& said = error.Error::hint();
    const bool own_hint = said != kind_of(error.code()).remedy;
    Error failed(error.code() == Code::disk_full ? Code::disk_full : Code::migration_failed,
                 fmt::format("{}: {}", place.text(), error.message()),
                 !remedy.empty() ? remedy
                 : own_hint      ? fmt::format("{}; {}", said, hint)
                                 : hint);
    failed.at(place).with("migration", step.migration->title()).with("sqlstate", error.sqlstate);
    if (known) {
        failed.with("statement", shortened(body.statements[statement].text(body.text)));
    }
    failed.with("detail", error.detail).with("context", error.context);
    throw failed;
}

void run_whole(pg::Connection& connection, const Step& step, const Body& body) {
    const auto closing = fmt::format("{}{}{}commit", close_file, clean_session, record_done(step));
    std::string message;
    message.reserve(open_transaction.size() + body.text.size() + closing.size());
    message.append(open_transaction).append(body.text);
    // An open quote would swallow what follows it; sent alone it gets the server's own answer.
    const bool closed = body.statements.empty() || body.statements.back().terminated;
    message.append(closed ? closing : "");
    try {
        connection.script(message);
        if (!closed) {
            connection.script(closing);
        }
    } catch (const pg::DatabaseError& error) {
        if (connection.in_transaction()) {
            connection.query("rollback");
        }
        // Results before the file's: the one of BEGIN. A syntax error comes before all of them.
        std::size_t statement = error.statement > 0 ? error.statement - 1 : body.statements.size();
        std::optional<std::size_t> offset;
        if (error.position) {
            const auto byte = byte_of_character(message, *error.position);
            if (byte >= open_transaction.size() &&
                byte <= open_transaction.size() + body.text.size()) {
                offset = byte - open_transaction.size();
                for (statement = 0; statement < body.statements.size(); ++statement) {
                    if (*offset <= body.statements[statement].end()) {
                        break;
                    }
                }
            }
        }
        throw_failed(step, body, statement, offset, error,
                     "the database is as it was before this file; mend it and run again");
    }
    if (connection.in_transaction()) {
        connection.query("rollback");
        throw Error(Code::internal,
                    fmt::format("{}: the server read the file otherwise than Caisson does, and its "
                                "transaction was undone",
                                step.file()));
    }
    fault::point("migration-applied");
}

}  // namespace caisson::migrations
