// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/projects/survey.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/projects/needs.h"
#include "lifecycle/projects/variables.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/load.h"
#include "lifecycle/sources/search.h"

namespace caisson::projects {
namespace {

std::string platform_name(const fs::path& directory) {
    std::string name;
    for (const char c : lower(directory.filename().string())) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fits) {
            name += c;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    while (!name.empty() && (name.back() == '-' || (name.front() >= '0' && name.front() <= '9'))) {
        name.back() == '-' ? name.pop_back() : void(name.erase(0, 1));
    }
    return name.empty() ? "project" : name.substr(0, 40);
}

/// What each folder of migrations is, and what its files ask for.
class Look {
 public:
    explicit Look(Survey& found) : found_(found) {}

    void at(const sources::FoundFolder& folder) {
        const auto relative = folder.path.lexically_relative(found_.directory);
        if (is_convincing(*folder.detection.format, relative)) {
            add(relative, folder.detection);
        }
    }

 private:
    /// SQL files with numbers lie in many folders: plain ones count in a folder that says so by its
    /// name, or that the caller named.
    static bool is_convincing(const sources::Format& format, const fs::path& relative) {
        const auto name = lower(relative.filename().string());
        return format.name != "plain" || relative == "." ||
               name.find("migrat") != std::string::npos || name == "sql" || name == "schema" ||
               name == "versions" || name == "changes";
    }

    void add(const fs::path& relative, const sources::Detection& detection) {
        FoundSource source;
        source.path = relative.string();
        source.format = detection.format->name;
        source.title = detection.format->title;
        source.evidence = detection.evidence;
        try {
            read(source);
        } catch (const Error& error) {
            found_.notes.push_back(fmt::format("{}: {}", source.path, error.message()));
        }
        if (source.migrations > 0) {
            found_.sources.push_back(std::move(source));
        }
    }

    void read(FoundSource& source) {
        platform::Source declared;
        declared.name = source.path;
        declared.path = (found_.directory / source.path).lexically_normal();
        declared.format = source.format;
        Needs needs;
        for (const auto& migration : sources::load({declared}, {})) {
            ++source.migrations;
            if (migration.kind == sources::Kind::program) {
                ++source.programs;
                continue;
            }
            const bool had_reason = !needs.admin.empty();
            read_needs(migration.up.text, needs);
            if (!had_reason && !needs.admin.empty()) {
                source.needs_admin = fmt::format("{} {}", migration.up.file, needs.admin);
            }
        }
        for (const auto& extension : needs.extensions) {
            if (std::find(found_.extensions.begin(), found_.extensions.end(), extension) ==
                found_.extensions.end()) {
                found_.extensions.push_back(extension);
            }
        }
        for (const auto& role : needs.roles_named) {
            if (!needs.roles_made.contains(role) &&
                std::find(found_.roles.begin(), found_.roles.end(), role) == found_.roles.end()) {
                found_.roles.push_back(role);
            }
        }
    }

    Survey& found_;
};

}  // namespace

Survey survey(const fs::path& directory) {
    Survey found;
    std::error_code failure;
    found.directory = fs::canonical(directory, failure);
    if (failure || !fs::is_directory(found.directory)) {
        throw Error(Code::usage, fmt::format("{} is no directory", directory.string()),
                    "name the directory of the project, or of its migrations");
    }
    found.name = platform_name(found.directory);
    find_variables(found.directory, found);
    Look look(found);
    for (const auto& folder : sources::find_folders(found.directory)) {
        look.at(folder);
    }
    if (found.sources.empty()) {
        std::vector<std::string> titles;
        for (const auto& format : sources::formats()) {
            titles.emplace_back(format.title);
        }
        throw Error(Code::usage,
                    fmt::format("no migrations were found in {}{}", found.directory.string(),
                                found.notes.empty() ? "" : ": " + join(found.notes, "; ")),
                    fmt::format("looked for files of {}; `caisson migrate detect DIR` explains one "
                                "folder",
                                join(titles, ", ")));
    }
    if (found.database.empty()) {
        found.database = replace_all(found.name, "-", "_");
    }
    return found;
}

}  // namespace caisson::projects
