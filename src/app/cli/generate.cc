// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/generate.h"

#include <algorithm>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/file_state.h"
#include "app/cli/migrate.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/histories/history.h"
#include "lifecycle/proof/build.h"
#include "lifecycle/queries/queries.h"
#include "lifecycle/queries/schema_version.h"
#include "lifecycle/sources/load.h"

namespace caisson::cli {
namespace {

struct File {
    std::string name;
    FileState state = FileState::same;
    std::string expected{};
    bool is_of_another = false;  ///< A foreign one that caisson made for another platform.
};

/// What all databases together came to.
struct Findings {
    std::vector<File> files;
    std::vector<platform::Mistake> mistakes;
    std::vector<platform::Mistake> warnings;
    std::size_t queries = 0;
    std::size_t statements = 0;
    std::size_t tables = 0;
    std::set<std::string> orders;          ///< Those of [generate.order] whose table is there.
    std::vector<std::string> table_names;  ///< As [generate.order] would have them.
};

/// Tables of other tools in which they keep their history.
std::set<std::string> tool_tables(const platform::Database& database,
                                  const std::vector<migrations::Migration>& files) {
    std::set<std::string> tables;
    for (const auto& source : database.migrations) {
        if (const auto tool = histories::history_of(source, files)) {
            const auto table = pg::qualified_name(replace_all(tool->table(), "\"", ""));
            tables.insert(table.schema + '.' + table.name);
        }
    }
    return tables;
}

/// The database as its migrations make it, in which queries may be prepared.
shadow::Shadow built(Context& context, const platform::Database& database,
                     const std::vector<migrations::Migration>& files) {
    const auto& run = context.run();
    shadow::Options how;
    how.optional_extensions = false;
    how.step = [&](const std::string& step) { context.busy(step); };
    auto shadow = shadow::open(run, database, catalogue_steps(), how);
    for (const auto& note : shadow.notes()) {
        context.note("note: " + note);
    }
    context.busy(fmt::format("replaying the migrations of {}", database.name));
    proof::build(shadow, run, database, files, run.manifest.features,
                 context.arguments().has("--allow-programs"));
    return shadow;
}

/// A table that waits for its feature may have its order all the same.
void excuse_orders(const platform::Generate& settings, const sources::Script& migration,
                   std::set<std::string>& excused) {
    const auto text = lower(migration.text);
    for (const auto& [name, columns] : settings.orders) {
        if (migration.is_streamed ||
            text.find(lower(pg::qualified_name(name).name)) != std::string::npos) {
            excused.insert(name);
        }
    }
}

void generate_for(Context& context, const platform::Database& database,
                  const std::vector<queries::Query>& all, Findings& findings) {
    const auto& manifest = context.run().manifest;
    auto files = sources::load(database.migrations, manifest.features);
    std::erase_if(files, [&](const migrations::Migration& file) {
        const auto& feature = file.up.directives.feature;
        const bool waits = !feature.empty() && !manifest.feature(feature);
        if (waits) {
            excuse_orders(manifest.generate, file.up, findings.orders);
        }
        return waits;
    });
    const auto shadow = built(context, database, files);
    context.busy(fmt::format("asking {} about the queries", database.name));
    pg::Connection connection(shadow.admin());
    const queries::Types types(connection, queries::namespace_of(manifest, database));
    const auto relations =
        queries::read_relations(connection, types, manifest.generate, tool_tables(database, files),
                                trust::role_name(database, trust::Role::app), findings.mistakes);
    auto described = queries::describe(connection, queries::of_database(all, manifest, database),
                                       types, relations);
    std::ranges::move(described.mistakes, std::back_inserter(findings.mistakes));
    std::ranges::move(described.warnings, std::back_inserter(findings.warnings));
    findings.queries += described.queries.size();
    findings.statements += described.statements;
    findings.tables += relations.tables.size();
    findings.orders.insert(relations.orders.begin(), relations.orders.end());
    for (const auto& table : relations.tables) {
        findings.table_names.push_back(table.schema == "public" ? table.name
                                                                : table.schema + '.' + table.name);
    }
    if (!findings.mistakes.empty()) {
        return;
    }
    for (auto& file :
         queries::generate(manifest, {database, std::move(described.queries), relations.tables,
                                      types.enums(), queries::schema_version(connection)})) {
        findings.files.push_back({std::move(file.name), FileState::missing, std::move(file.text)});
    }
}

void look(std::vector<File>& files, const fs::path& directory, const std::string& platform,
          bool is_whole) {
    for (auto& file : files) {
        const auto found = read_if_exists(directory / file.name);
        const bool is_ours = found && queries::is_marked_for(*found, platform);
        file.state = !found                                     ? FileState::missing
                     : normalise_lines(*found) == file.expected ? FileState::same
                     : is_ours                                  ? FileState::stale
                                                                : FileState::foreign;
        file.is_of_another = found && !is_ours && queries::is_marked(*found);
    }
    // Of a part of the databases nothing can be said about files of the others.
    if (!is_whole || !fs::is_directory(directory)) {
        return;
    }
    std::vector<std::string> old;
    for (const auto& entry : fs::directory_iterator(directory)) {
        const auto name = entry.path().filename().string();
        const auto extension = entry.path().extension();
        const bool is_made =
            std::ranges::any_of(files, [&](const File& file) { return file.name == name; });
        if (!is_made && entry.is_regular_file() && (extension == ".h" || extension == ".cc") &&
            queries::is_marked_for(read_file(entry.path()), platform)) {
            old.push_back(name);
        }
    }
    std::ranges::sort(old);
    for (auto& name : old) {
        files.push_back({std::move(name), FileState::surplus, {}});
    }
}

void refuse_foreign(const Context& context, const std::vector<File>& files,
                    const std::string& directory) {
    std::vector<std::string> foreign;
    std::vector<std::string> of_others;
    for (const auto& file : files) {
        if (file.state == FileState::foreign) {
            (file.is_of_another ? of_others : foreign)
                .push_back(fmt::format("{}/{}", directory, file.name));
        }
    }
    if (!of_others.empty()) {
        throw Error(Code::usage,
                    fmt::format("made by caisson generate, and not for this platform: {}",
                                join(of_others, ", ")),
                    "give each platform a directory of its own (--out, or out below [generate]), "
                    "or remove the file; nothing was written");
    }
    if (!foreign.empty() && !context.yes()) {
        throw Error(Code::confirmation_needed,
                    fmt::format("not made by caisson generate: {}", join(foreign, ", ")),
                    "move it away, or let it be overwritten: --yes; nothing was written");
    }
}

/// The directory is the user's: what is said of that of the state helps nobody here.
template <typename Work>
void in_output(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        if (error.code() != Code::state_unusable) {
            throw;
        }
        throw Error(error.code(), error.message(),
                    "make it writable, or name another directory: --out, or out below [generate]");
    }
}

void write(Context& context, const fs::path& directory, const std::string& shown,
           const File& file) {
    const bool is_dry = context.dry_run();
    const auto place = fmt::format("{}/{}", shown, file.name);
    if (file.state == FileState::same) {
        context.print(place + ": as it was");
    } else if (file.state == FileState::surplus) {
        if (!is_dry) {
            fs::remove(directory / file.name);
        }
        context.print(place + (is_dry ? ": would be removed" : ": removed, as it is made no more"));
    } else {
        if (!is_dry) {
            in_output([&] { write_file(directory / file.name, file.expected); });
        }
        context.print(place + (is_dry ? ": would be written" : ": written"));
    }
}

void print_finding(Context& context, const std::string& place, FileState state) {
    const std::string_view what = state == FileState::stale     ? "is not what would be written"
                                  : state == FileState::missing ? "is not there"
                                  : state == FileState::foreign
                                      ? "was not made by caisson generate for this platform"
                                      : "is made no more";
    context.print(fmt::format("{} {}: {}", context.red("✗"), place, what));
}

Findings findings_of(Context& context) {
    const auto& manifest = context.run().manifest;
    Findings findings;
    auto parsed = queries::load(manifest);
    findings.mistakes = std::move(parsed.mistakes);
    for (const auto& database : context.databases()) {
        generate_for(context, database, parsed.queries, findings);
    }
    // Of a part of the databases nothing can be said about tables of the others.
    if (context.databases().size() == manifest.databases.size()) {
        queries::check_orders(manifest.generate, findings.orders, findings.table_names,
                              findings.mistakes);
    }
    queries::throw_mistakes(findings.mistakes);
    for (const auto& warning : findings.warnings) {
        context.note(fmt::format("warning: {}: {} ({})", warning.place.text(), warning.message,
                                 warning.remedy));
    }
    return findings;
}

Exit run_generate(Context& context) {
    const auto& arguments = context.arguments();
    const auto& manifest = context.run().manifest;
    const bool only_checks = arguments.has("--check");
    const auto shown = arguments.value("--out", manifest.generate.directory);
    const fs::path directory =
        arguments.has("--out") ? fs::path(shown) : manifest.directory / shown;
    auto findings = findings_of(context);
    look(findings.files, directory, manifest.name,
         context.databases().size() == manifest.databases.size());
    if (!only_checks) {
        refuse_foreign(context, findings.files, shown);
        if (!context.dry_run()) {
            in_output([&] { ensure_directory(directory); });
        }
    }
    boost::json::array rows;
    std::size_t wrong = 0;
    for (const auto& file : findings.files) {
        if (!only_checks) {
            write(context, directory, shown, file);
        } else if (file.state != FileState::same) {
            print_finding(context, fmt::format("{}/{}", shown, file.name), file.state);
            ++wrong;
        }
        rows.push_back(boost::json::object{{"file", file.name}, {"state", word_of(file.state)}});
    }
    context.print(fmt::format("{} ({}) and {}{}", counted(findings.queries, "query", "queries"),
                              counted(findings.statements, "statement"),
                              counted(findings.tables, "table"),
                              !only_checks ? ""
                              : wrong == 0 ? ", all as it should be"
                                           : "; write them with: caisson generate"));
    context.result() = {{"directory", shown},          {"files", std::move(rows)},
                        {"queries", findings.queries}, {"statements", findings.statements},
                        {"tables", findings.tables},   {"holds", wrong == 0}};
    return wrong == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> generate_verbs() {
    return {{"generate",
             "writes typed C++ from queries/ and from the tables",
             "Prepares every query, with each of its filters and orders, on a shadow that the "
             "migrations made; mistakes are\ntold all at once, with file, line and column. Writes "
             "one header and one source a database: a function for each\nquery, and a repository "
             "for each table. The same platform gives the same bytes. With --check nothing is\n"
             "written; exit status 7 when a file is not as it would be written.",
             {{"--check", "", "only say which files are not as they should be", {}},
              {"--out", "DIR", "another directory than that of the manifest (generated/)", {}},
              programs_option()},
             "",
             "  caisson generate\n  caisson generate --check   # in CI\n  caisson generate --out "
             "src/database",
             Needs::platform,
             run_generate}};
}

}  // namespace caisson::cli
