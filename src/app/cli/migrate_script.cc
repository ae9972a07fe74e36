// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/verb.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/migrations.h"

namespace caisson::cli {
namespace {

/// What provisioning does before the first migration, in psql's words.
std::string extensions_script(const platform::Database& database) {
    std::string text;
    for (const auto& extension : database.extensions) {
        const auto create = fmt::format("create extension if not exists {} cascade;\n",
                                        pg::identifier(extension.name));
        text += extension.optional
                    ? fmt::format(
                          "select exists (select from pg_available_extensions where name = "
                          "{}) as offered \\gset\n\\if :offered\n{}\\endif\n",
                          pg::literal(extension.name), create)
                    : create;
    }
    return text.empty() ? ""
                        : "\\set ON_ERROR_STOP on\n\\set QUIET on\nset client_min_messages = "
                          "warning;\n\n-- extensions of caisson.toml\n" +
                              text + "\n";
}

Exit run_script(Context& context) {
    const auto database = context.one_database();
    const auto& features = context.run().manifest.features;
    const auto files = sources::load(database.migrations, features);
    const migrations::Mirror mirror(database.migrations, files);
    const auto text = extensions_script(database) + migrations::export_sql(files, features, mirror);
    if (context.json()) {
        context.result() = {{"database", database.name}, {"script", text}};
    } else {
        context.emit(text);
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> migrate_script_verbs() {
    return {
        {"migrate script",
         "all migrations as one SQL text for plain psql",
         "Stops at the first error; each file has its own transaction. The history of a source's "
         "own tool (Flyway, Prisma, …) is written\nas an apply writes it; that of Caisson is not: "
         "afterwards, caisson migrate adopt takes the database over.",
         {},
         "",
         "  caisson migrate script > init-database.sql",
         Needs::platform,
         run_script},
    };
}

}  // namespace caisson::cli
