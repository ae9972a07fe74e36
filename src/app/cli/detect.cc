// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/verb.h"
#include "base/text.h"
#include "lifecycle/sources/load.h"
#include "lifecycle/sources/search.h"

namespace caisson::cli {
namespace {

using sources::Kind;

constexpr std::size_t shown_at_most = 10;

std::string_view name_of(Kind kind) {
    return kind == Kind::versioned    ? "versioned"
           : kind == Kind::repeatable ? "repeatable"
           : kind == Kind::baseline   ? "baseline"
                                      : "program";
}

boost::json::array texts(const std::vector<std::string>& lines) {
    boost::json::array array;
    for (const auto& line : lines) {
        array.emplace_back(line);
    }
    return array;
}

/// `path` as the user would write it: relative to where the verb was started.
std::string seen_from(const fs::path& path, const std::string& start) {
    const auto relative = path.lexically_relative(start);
    return relative.empty() || relative == "."
               ? start
               : (start == "." ? relative : fs::path(start) / relative).string();
}

/// The lines, the first ten of them and how many more there are.
void print_list(Context& context, std::string_view title, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size() && i < shown_at_most; ++i) {
        context.print(fmt::format("  {:<10} {}", i == 0 ? title : "", lines[i]));
    }
    if (lines.size() > shown_at_most) {
        context.print(fmt::format("  {:<10} and {} more", "", lines.size() - shown_at_most));
    }
}

std::vector<std::string> lines_of(const std::vector<sources::Mistake>& mistakes) {
    std::vector<std::string> lines;
    for (const auto& mistake : mistakes) {
        lines.push_back(fmt::format("{}: {}", mistake.place.text(), mistake.message));
    }
    return lines;
}

boost::json::object describe(Context& context, const sources::FoundFolder& found,
                             const std::string& name) {
    const auto& detection = found.detection;
    const auto reading =
        sources::read_source({name, found.path, std::string(detection.format->name)});
    std::map<Kind, std::size_t> counts;
    std::vector<std::string> programs;
    for (const auto& migration : reading.migrations) {
        ++counts[migration.kind];
        if (migration.kind == Kind::program) {
            programs.push_back(migration.up.file);
        }
    }
    std::string summary;
    boost::json::object json_counts;
    for (const auto& [kind, count] : counts) {
        summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, name_of(kind));
        json_counts[name_of(kind)] = count;
    }
    boost::json::object json = {{"folder", name},
                                {"format", detection.format->name},
                                {"title", detection.format->title},
                                {"evidence", texts(detection.evidence)},
                                {"counts", std::move(json_counts)},
                                {"programs", texts(programs)},
                                {"notes", texts(lines_of(reading.notes))},
                                {"mistakes", texts(lines_of(reading.mistakes))}};
    context.print(fmt::format("{}: {}", name, context.bold(detection.format->title)));
    print_list(context, "because", detection.evidence);
    if (detection.rival) {
        print_list(
            context, "but also",
            {fmt::format("{}: {}", detection.rival->title, join(detection.rival_evidence, "; "))});
        json["rival"] = {{"format", detection.rival->name},
                         {"evidence", texts(detection.rival_evidence)}};
    }
    context.print(fmt::format("  {:<10} {}", "holds", summary.empty() ? "no migration" : summary));
    if (!reading.migrations.empty()) {
        const auto first = reading.migrations.front().title();
        const auto last = reading.migrations.back().title();
        context.print(fmt::format("  {:<10} {}", "first", first));
        context.print(fmt::format("  {:<10} {}", "last", last));
        json["first"] = first;
        json["last"] = last;
    }
    if (!detection.format->history.empty()) {
        context.print(fmt::format("  {:<10} {}", "history", detection.format->history));
        json["history"] = detection.format->history;
    }
    print_list(context, "programs", programs);
    print_list(context, "notes", lines_of(reading.notes));
    print_list(context, "mistakes", lines_of(reading.mistakes));
    json["matches"] = reading.mistakes.empty() && !detection.rival;
    return json;
}

Exit run_detect(Context& context) {
    const auto start = context.arguments().positional(".");
    if (!fs::is_directory(start)) {
        throw Error(Code::usage, fmt::format("{} is no folder", start),
                    "name a folder of migrations, or a project");
    }
    const auto found = sources::find_folders(start);
    if (found.empty()) {
        throw Error(Code::migration_invalid,
                    fmt::format("{} holds no migrations of a format that is known", start),
                    "see docs/reference/formats.md for what is looked for");
    }
    bool matches = true;
    boost::json::array folders;
    for (const auto& each : found) {
        folders.push_back(describe(context, each, seen_from(each.path, start)));
        matches = matches && folders.back().as_object()["matches"].as_bool();
    }
    context.result() = {{"folders", std::move(folders)}, {"matches", matches}};
    return matches ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> detect_verbs() {
    return {{"migrate detect",
             "which tool a folder of migrations was written for, and why",
             "Looks at DIR, or at the folders below it when it is a project. Needs neither a "
             "platform nor a database.\n"
             "Exit status 7 when files are mistaken, or two formats are mixed.",
             {},
             "[DIR]",
             "  caisson migrate detect db/migrations\n  caisson migrate detect . --json",
             Needs::nothing,
             run_detect}};
}

}  // namespace caisson::cli
