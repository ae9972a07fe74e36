// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

std::vector<std::string> sql_files(const Folder& folder) {
    auto files = folder.files();
    std::erase_if(files, [](const auto& file) { return extension_of(file) != ".sql"; });
    return files;
}

bool is_down(std::string_view file) { return file.ends_with(".down.sql"); }

Claim detect_revisions(const Folder& folder) {
    const auto files = sql_files(folder);
    folder.read_ahead(files);
    for (const auto& file : files) {
        const auto head = folder.head(file);
        if (!is_down(file) && head.find("caisson: revision ") != std::string::npos) {
            return {90, {fmt::format("{} says which revision it is", file)}};
        }
    }
    return {};
}

/// A file without its ending belongs to `<that>.down.sql`.
void add_down(Loading& loading, const std::string& file, Contents& contents,
              const std::map<std::string, std::size_t>& places) {
    auto stem = std::string_view(file);
    take_end(stem, ".down.sql");
    const auto undone = std::string(stem) + ".sql";
    const auto place = places.find(undone);
    if (place == places.end()) {
        loading.complain(file, fmt::format("undoes {}, which is not there", undone));
        return;
    }
    loading.migrations[place->second].down = loading.script(file, contents);
}

/// By the names of the files: load() puts them into the order of their parents.
void load_revisions(Loading& loading) {
    auto files = sql_files(loading.folder);
    std::sort(files.begin(), files.end());
    auto contents = loading.read(files, Long::stream);
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (is_down(files[i])) {
            continue;
        }
        Migration migration;
        migration.up = loading.script(files[i], contents[i]);
        // load() reads the directives of all files, and tells their mistakes.
        std::vector<Mistake> told_later;
        migration.version =
            read_directives(migration.up.text, migration.up.file, told_later).revision;
        if (migration.version.empty()) {
            loading.complain(files[i],
                             "does not say which revision it is: -- caisson: revision ID");
            continue;
        }
        auto stem = std::string_view(files[i]);
        take_end(stem, ".sql");
        // <id>_name: the id is said already.
        migration.name = stem.starts_with(migration.version + "_")
                             ? stem.substr(migration.version.size() + 1)
                             : stem;
        places.emplace(files[i], loading.migrations.size());
        loading.migrations.push_back(std::move(migration));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (is_down(files[i])) {
            add_down(loading, files[i], contents[i], places);
        }
    }
}

/// Those on which no other builds.
std::vector<std::string> heads_of(const platform::Source& source) {
    const Folder folder(source.path);
    Loading loading(source, folder);
    load_revisions(loading);
    std::set<std::string> ids;
    std::set<std::string> parents;
    for (const auto& migration : loading.migrations) {
        std::vector<Mistake> told_elsewhere;
        const auto found =
            read_directives(migration.up.text, migration.up.file, told_elsewhere).parents;
        ids.insert(migration.version);
        parents.insert(found.begin(), found.end());
    }
    std::vector<std::string> heads;
    std::set_difference(ids.begin(), ids.end(), parents.begin(), parents.end(),
                        std::back_inserter(heads));
    return heads;
}

Created create_revision(const platform::Source& source, const NewMigration& wanted) {
    const auto heads = heads_of(source);
    if (heads.size() > 1 && !wanted.merge) {
        throw Error(
            Code::migration_order,
            fmt::format("{} ends in {} heads: {}", source.name, heads.size(), join(heads, ", ")),
            "join them first: caisson migrate new --merge NAME");
    }
    if (heads.size() < 2 && wanted.merge) {
        throw Error(Code::usage, fmt::format("{} has nothing to merge", source.name),
                    "leave out --merge");
    }
    const auto id = replace_all(random_uuid(), "-", "").substr(0, 12);
    const auto stem = fmt::format("{}_{}", id, slug(wanted.name));
    const Created created{source.path / (stem + ".sql"),
                          wanted.merge ? fs::path() : source.path / (stem + ".down.sql"),
                          {}};
    ensure_directory(source.path);
    write_file(
        created.up,
        fmt::format("-- caisson: revision {}\n{}{}\n", id,
                    heads.empty() ? "" : fmt::format("-- caisson: parent {}\n", join(heads, ", ")),
                    description_lines(wanted.description)));
    if (!created.down.empty()) {
        write_file(created.down, fmt::format("-- Undoes {}.sql\n\n", stem));
    }
    return created;
}

}  // namespace

Format revisions_format() {
    return {"revisions",      "revisions with parents", "",
            detect_revisions, load_revisions,           create_revision};
}

}  // namespace caisson::sources
