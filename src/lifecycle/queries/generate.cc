// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/generate.h"

#include <algorithm>

#include "base/text.h"
#include "lifecycle/queries/names.h"
#include "lifecycle/queries/writer.h"

namespace caisson::queries {
namespace {

std::string mark_for(std::string_view platform) {
    return fmt::format("{} for {} from ", mark, platform);
}

std::string first_line(const platform::Manifest& manifest, const Facts& facts) {
    return fmt::format(
        "{}queries/ and the migrations of {}.\n"
        "// Changes belong there: the next run writes this file anew.\n",
        mark_for(manifest.name), facts.database.name);
}

void begin_header(Writer& header, const platform::Manifest& manifest, const Facts& facts,
                  const std::string& name_space) {
    header.line("#pragma once");
    header.line();
    header.line("/// @file");
    header.doc(
        fmt::format("What applications ask of {} ({}): values that pg::run() runs, over a "
                    "blocking connection (run.h) or in coroutines (run_async.h).",
                    facts.database.name, manifest.title));
    if (const auto table =
            std::ranges::find_if(facts.tables, [](const Table& each) { return !each.key.empty(); });
        table != facts.tables.end()) {
        header.raw(fmt::format("///     auto row = pg::run(connection, session, {}::{}::get(key));",
                               name_space, table->cpp));
        header.raw(
            fmt::format("///     auto row = co_await pg::run(pool, session, {}::{}::get(key));",
                        name_space, table->cpp));
    }
    header.doc("Threads: any.");
    header.line();
    for (const auto* const name :
         {"chrono", "cstdint", "optional", "string", "string_view", "utility", "vector"}) {
        header.line("#include <{}>", name);
    }
    header.line();
    header.line("#include <caisson/drivers/pg/call.h>");
    header.line("#include <caisson/drivers/pg/columns.h>");
    header.line();
}

}  // namespace

bool is_marked(std::string_view text) { return text.starts_with(mark); }

bool is_marked_for(std::string_view text, std::string_view platform) {
    return text.starts_with(mark_for(platform));
}

std::vector<GeneratedFile> generate(const platform::Manifest& manifest, const Facts& facts) {
    const auto name_space = namespace_of(manifest, facts.database);
    const auto& stem = facts.database.key;
    Writer header;
    Writer source;
    begin_header(header, manifest, facts, name_space);
    source.line("#include \"{}.h\"", stem);
    source.line();
    source.line("#include <array>");
    source.line();
    source.line("#include <caisson/base/error.h>");
    source.line();
    source.line("namespace {} {{", name_space);
    source.line();
    write_enums(header, source, facts.enums, name_space);
    header.line("namespace {} {{", name_space);
    header.line();
    header.line("namespace pg = caisson::pg;");
    header.line();
    header.doc(
        "Another one once columns, types, views, functions or policies are: for "
        "CacheOptions::version.");
    header.line("inline constexpr std::string_view schema_version = \"{}\";", facts.schema_version);
    header.line();
    for (const auto& table : facts.tables) {
        write_table(header, source, table);
    }
    if (!facts.queries.empty()) {
        header.doc("The queries of queries/.");
        header.line("namespace queries {{");
        header.line();
        source.line("namespace queries {{");
        source.line();
        for (const auto& query : facts.queries) {
            write_query(header, source, query, facts, name_space);
        }
        header.line("}}  // namespace queries");
        header.line();
        source.line("}}  // namespace queries");
        source.line();
    }
    header.line("}}  // namespace {}", name_space);
    source.line("}}  // namespace {}", name_space);
    return {{stem + ".h", first_line(manifest, facts) + header.text()},
            {stem + ".cc", first_line(manifest, facts) + source.text()}};
}

}  // namespace caisson::queries
