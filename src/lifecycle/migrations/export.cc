// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/export.h"

#include <fmt/format.h>

#include "base/files.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/body.h"
#include "lifecycle/migrations/run_file.h"

namespace caisson::migrations {
namespace {

constexpr const char* heading =
    "-- Made by Caisson from the files named below; run it with psql on an empty database.\n"
    "\\set ON_ERROR_STOP on\n\\set QUIET on\nset client_min_messages = warning;\n";

/// The tools' tables come first: files may read or alter their own.
std::string tables_of(const Mirror& mirror) {
    std::string sql;
    for (const auto* tool : mirror.tools()) {
        sql += fmt::format("\n-- the history of {}, as it would make it itself\n{}\n", tool->tool(),
                           tool->protected_create_sql());
    }
    return sql;
}

std::string halt(const Migration& program) {
    return fmt::format(
        "\n-- {0}\n-- This step is in another language. Run it, then what comes below.\n"
        "do {1};\n",
        program.up.file,
        pg::literal(fmt::format(
            "begin raise exception using message = {}; end",
            pg::literal(program.up.file + " is in another language: run it, then the rest of "
                                          "this script"))));
}

std::string file_sql(const Migration& migration, const histories::ToolHistory* tool) {
    const auto text = migration.up.is_streamed ? read_file(migration.up.path()) : migration.up.text;
    const auto body = body_of(text, migration.up.directives.no_transaction);
    const auto row = tool ? tool->applied_sql(migration, {}) : "";
    if (body.mode != Mode::whole) {
        return fmt::format("\n-- {}\n{}\n;\ndiscard all;\n{}", migration.up.file, body.text,
                           row.empty() ? "" : fmt::format("begin;\n{}\ncommit;\n", row));
    }
    // The row is written as whoever runs the script, whatever the file has set; what waits for the
    // end of the file still sees that.
    return fmt::format(
        "\n-- {}\nbegin;\n{}\n;\n{}commit;\ndiscard all;\n", migration.up.file, body.text,
        row.empty() ? ""
                    : fmt::format("set constraints all immediate;\n{}\n{}\n", clean_session, row));
}

}  // namespace

std::string export_sql(const std::vector<Migration>& files, const Features& features,
                       const Mirror& mirror) {
    auto sql = heading + tables_of(mirror);
    for (const auto& one : status(files, {}, features)) {
        if (one.state == State::gated || one.state == State::skipped) {
            continue;
        }
        sql += one.migration->kind == sources::Kind::program
                   ? halt(*one.migration)
                   : file_sql(*one.migration, mirror.of(one.migration->source));
    }
    return sql;
}

}  // namespace caisson::migrations
