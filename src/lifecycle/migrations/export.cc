// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/export.h"

#include <fmt/format.h>

#include "base/files.h"
#include "lifecycle/migrations/body.h"

namespace caisson::migrations {

std::string export_sql(const std::vector<Migration>& files, const Features& features) {
    std::string sql =
        "-- Made by Caisson from the files named below; run it with psql on an empty database.\n"
        "\\set ON_ERROR_STOP on\n\\set QUIET on\nset client_min_messages = warning;\n";
    for (const auto& one : status(files, {}, features)) {
        if (one.state == State::gated) {
            continue;
        }
        const auto& migration = *one.migration;
        const auto text =
            migration.up.is_streamed ? read_file(migration.up.path()) : migration.up.text;
        const auto body = body_of(text, migration.up.directives.no_transaction);
        const bool whole = body.mode == Mode::whole;
        sql += fmt::format("\n-- {}\n{}{}\n;\n{}discard all;\n", migration.up.file,
                           whole ? "begin;\n" : "", body.text, whole ? "commit;\n" : "");
    }
    return sql;
}

}  // namespace caisson::migrations
