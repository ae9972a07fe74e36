// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/docs.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/file_state.h"
#include "app/cli/migrate.h"
#include "base/text.h"
#include "lifecycle/proof/drift.h"
#include "lifecycle/sources/load.h"

namespace caisson::cli {
namespace {

struct File {
    std::string name;
    FileState state = FileState::same;
    std::string found{};
    std::string expected{};
};

docs::DatabaseFacts facts_of(Context& context, const platform::Database& database) {
    const auto& run = context.run();
    docs::DatabaseFacts facts{.database = database};
    auto files = sources::load(database.migrations, run.manifest.features);
    std::erase_if(files, [&](const migrations::Migration& file) {
        const auto& feature = file.up.directives.feature;
        if (feature.empty() || run.manifest.feature(feature)) {
            return false;
        }
        facts.waiting.emplace_back(file.title(), feature);
        return true;
    });
    shadow::Options how;
    how.optional_extensions = false;
    how.step = [&](const std::string& step) { context.busy(step); };
    const auto shadow = shadow::open(run, database, catalogue_steps(), how);
    if (!shadow.has_roles()) {
        throw Error(Code::database_rejected,
                    fmt::format("the shadow {} may make no roles, and what they may is part of the "
                                "documents",
                                shadow.text()),
                    "give its user CREATEROLE, or name no shadow: a server of its own is made");
    }
    for (const auto& note : shadow.notes()) {
        context.note("note: " + note);
    }
    facts.administrator = shadow.admin().user;
    context.busy(fmt::format("replaying the migrations of {}", database.name));
    facts.snapshot = proof::replayed(shadow, run, database, files, docs::docs_scope(),
                                     context.arguments().has("--allow-programs"));
    return facts;
}

FileState state_of(const docs::Document& document, const std::optional<std::string>& found) {
    if (!found) {
        return FileState::missing;
    }
    return normalise_lines(*found) == document.text ? FileState::same
           : docs::is_marked(*found)                ? FileState::stale
                                                    : FileState::foreign;
}

/// Every document against what lies there, then what was made once and is made no more.
std::vector<File> look(Context& context, const fs::path& directory) {
    const auto databases = context.databases();
    std::vector<docs::DatabaseFacts> facts;
    facts.reserve(databases.size());
    for (const auto& database : databases) {
        facts.push_back(facts_of(context, database));
    }
    std::vector<File> files;
    for (const auto& document : docs::documents(context.run().manifest, facts)) {
        const auto found = read_if_exists(directory / document.name);
        files.push_back(
            {document.name, state_of(document, found), found.value_or(""), document.text});
    }
    // Of a part of the databases nothing can be said about files of the others.
    if (databases.size() != context.run().manifest.databases.size() ||
        !fs::is_directory(directory)) {
        return files;
    }
    std::vector<std::string> old;
    for (const auto& entry : fs::directory_iterator(directory)) {
        const auto name = entry.path().filename().string();
        const bool is_made =
            std::ranges::any_of(files, [&](const File& file) { return file.name == name; });
        if (!is_made && docs::is_name_of_ours(name) && entry.is_regular_file() &&
            docs::is_marked(read_file(entry.path()))) {
            old.push_back(name);
        }
    }
    std::ranges::sort(old);
    for (auto& name : old) {
        files.push_back({std::move(name), FileState::surplus});
    }
    return files;
}

/// Its lines tell a reader nothing that the page beside it does not.
bool is_picture(const File& file) { return file.name.ends_with(".svg"); }

void print_finding(Context& context, const std::string& place, const File& file) {
    switch (file.state) {
        case FileState::same:
            return;
        case FileState::missing:
            context.print(fmt::format("{} {}: is not there", context.red("✗"), place));
            return;
        case FileState::foreign:
            context.print(
                fmt::format("{} {}: was not made by caisson docs", context.red("✗"), place));
            return;
        case FileState::surplus:
            context.print(fmt::format("{} {}: is made no more", context.red("✗"), place));
            return;
        case FileState::stale:
            break;
    }
    const auto change = docs::compare(normalise_lines(file.found), file.expected);
    context.print(fmt::format("{} {}: {} missing, {} too much", context.red("✗"), place,
                              counted(change.added, "line"), change.removed));
    if (is_picture(file)) {
        return;
    }
    for (const auto& hunk : change.hunks) {
        context.print(context.dim(fmt::format("    @@ line {}{} @@", hunk.line,
                                              hunk.section.empty() ? "" : ", " + hunk.section)));
        for (const auto& line : hunk.lines) {
            context.print("    " + (line[0] == '-' ? context.red(line) : context.green(line)));
        }
    }
}

boost::json::array json_of(const std::vector<docs::Hunk>& hunks) {
    boost::json::array list;
    for (const auto& hunk : hunks) {
        list.push_back(boost::json::object{
            {"line", hunk.line},
            {"section", hunk.section},
            {"lines", boost::json::array(hunk.lines.begin(), hunk.lines.end())}});
    }
    return list;
}

void refuse_foreign(const Context& context, const std::vector<File>& files,
                    const std::string& directory) {
    std::vector<std::string> foreign;
    for (const auto& file : files) {
        if (file.state == FileState::foreign) {
            foreign.push_back(fmt::format("{}/{}", directory, file.name));
        }
    }
    if (!foreign.empty() && !context.yes()) {
        throw Error(Code::confirmation_needed,
                    fmt::format("{} made by caisson docs: {}",
                                foreign.size() == 1 ? "one file was not" : "some files were not",
                                join(foreign, ", ")),
                    "move it away, or let it be overwritten: --yes; nothing was written");
    }
}

void write(Context& context, const fs::path& directory, const std::string& shown, File& file) {
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
            write_file(directory / file.name, file.expected);
        }
        context.print(place + (is_dry ? ": would be written" : ": written"));
    }
}

Exit run_docs(Context& context) {
    const auto& arguments = context.arguments();
    const bool only_checks = arguments.has("--check");
    const auto shown = arguments.value("--output", "docs");
    const fs::path directory =
        arguments.has("--output") ? fs::path(shown) : context.run().manifest.directory / shown;
    auto files = look(context, directory);
    if (!only_checks) {
        refuse_foreign(context, files, shown);
        if (!context.dry_run()) {
            ensure_directory(directory);
        }
    }
    boost::json::array rows;
    std::size_t wrong = 0;
    for (auto& file : files) {
        boost::json::object row{{"file", file.name}, {"state", word_of(file.state)}};
        if (!only_checks) {
            write(context, directory, shown, file);
        } else {
            print_finding(context, fmt::format("{}/{}", shown, file.name), file);
            wrong += file.state == FileState::same ? 0 : 1;
            if (file.state == FileState::stale) {
                const auto change = docs::compare(normalise_lines(file.found), file.expected);
                row["missing"] = change.added;
                row["surplus"] = change.removed;
                if (!is_picture(file)) {
                    row["hunks"] = json_of(change.hunks);
                }
            }
        }
        rows.push_back(std::move(row));
    }
    if (only_checks) {
        context.print(
            wrong == 0 ? fmt::format("{}, all as they should be", counted(files.size(), "document"))
                       : fmt::format("{} of {} are not as they should be; write them "
                                     "with: caisson docs",
                                     wrong, counted(files.size(), "document")));
    }
    context.result() = {
        {"directory", shown}, {"documents", std::move(rows)}, {"holds", wrong == 0}};
    return wrong == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> docs_verbs() {
    return {
        {"docs",
         "writes the documents of the platform: schemas, keys in Redis, variables",
         "DATABASE_SCHEMA.md with a diagram, REDIS_KEY_PATTERNS.md and ENVIRONMENT_VARIABLES.md, "
         "into "
         "docs/ of the platform. Made\nfrom the platform alone: the migrations are replayed on a "
         "shadow. The same platform gives the same bytes. With --check\nnothing is written; exit "
         "status 7 when a file is not as it would be written. With -d only the pages of that "
         "database.",
         {{"--check", "", "only say which files are not as they should be", {}},
          {"--output", "DIR", "another directory than docs/ of the platform", {}},
          programs_option()},
         "",
         "  caisson docs\n  caisson docs --check   # in CI",
         Needs::platform,
         run_docs}};
}

}  // namespace caisson::cli
