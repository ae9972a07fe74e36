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

/// Revisions with their parents.
class Graph {
 public:
    explicit Graph(Loading& loading) : loading_(loading) {}

    void read() {
        const auto files = sql_files(loading_.folder);
        auto contents = loading_.read(files, Long::stream);
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (!is_down(files[i])) {
                add(files[i], contents[i]);
            }
        }
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (is_down(files[i])) {
                add_down(files[i], contents[i]);
            }
        }
    }

    /// Parents before children; among those that are free, by the names of their files.
    std::vector<std::string> order() {
        std::map<std::string, std::size_t> waiting;
        std::multimap<std::string, std::string> children;
        std::set<std::pair<std::string, std::string>> free;
        for (const auto& [id, found] : revisions_) {
            for (const auto& parent : found.parents) {
                if (revisions_.contains(parent)) {
                    ++waiting[id];
                    children.emplace(parent, id);
                } else {
                    loading_.complain(names_[id],
                                      fmt::format("builds on {}, which no file is", parent));
                }
            }
            if (!waiting.contains(id)) {
                free.emplace(names_[id], id);
            }
        }
        std::vector<std::string> ordered;
        while (!free.empty()) {
            const auto id = free.begin()->second;
            free.erase(free.begin());
            ordered.push_back(id);
            const auto [first, last] = children.equal_range(id);
            for (auto child = first; child != last; ++child) {
                if (--waiting[child->second] == 0) {
                    free.emplace(names_[child->second], child->second);
                }
            }
        }
        for (const auto& [id, found] : revisions_) {
            if (std::find(ordered.begin(), ordered.end(), id) == ordered.end()) {
                loading_.complain(names_[id], "is part of a circle of revisions");
            }
        }
        return ordered;
    }

    /// Those on which no other builds.
    std::vector<std::string> heads() const {
        std::set<std::string> parents;
        for (const auto& [id, found] : revisions_) {
            parents.insert(found.parents.begin(), found.parents.end());
        }
        std::vector<std::string> heads;
        for (const auto& [id, found] : revisions_) {
            if (!parents.contains(id)) {
                heads.push_back(id);
            }
        }
        return heads;
    }

    Migration take(const std::string& id) { return std::move(revisions_.at(id)); }

 private:
    void add(const std::string& file, Contents& contents) {
        Migration migration;
        migration.up = loading_.script(file, contents);
        // The graph is needed before load() reads the directives of all files, and tells mistakes.
        std::vector<Mistake> told_later;
        migration.up.directives = read_directives(migration.up.text, migration.up.file, told_later);
        migration.version = migration.up.directives.revision;
        migration.parents = migration.up.directives.parents;
        auto stem = std::string_view(file);
        take_end(stem, ".sql");
        if (migration.version.empty()) {
            loading_.complain(file, "does not say which revision it is: -- caisson: revision ID");
            return;
        }
        // <id>_name: the id is said already.
        migration.name = stem.starts_with(migration.version + "_")
                             ? stem.substr(migration.version.size() + 1)
                             : stem;
        const auto id = migration.version;
        const auto [known, is_new] = revisions_.emplace(id, std::move(migration));
        if (!is_new) {
            loading_.complain(file,
                              fmt::format("is the same revision as {}", known->second.up.file));
        } else {
            names_[id] = file;
        }
    }

    void add_down(const std::string& file, Contents& contents) {
        auto stem = std::string_view(file);
        take_end(stem, ".down.sql");
        const auto wanted = std::string(stem) + ".sql";
        for (const auto& [id, name] : names_) {
            if (name == wanted) {
                revisions_.at(id).down = loading_.script(file, contents);
                return;
            }
        }
        loading_.complain(file, fmt::format("undoes {}, which is not there", wanted));
    }

    Loading& loading_;
    std::map<std::string, Migration> revisions_;
    std::map<std::string, std::string> names_;  ///< Files by their ids.
};

void load_revisions(Loading& loading) {
    Graph graph(loading);
    graph.read();
    for (const auto& id : graph.order()) {
        loading.migrations.push_back(graph.take(id));
    }
}

Created create_revision(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    Loading loading(source, folder);
    Graph graph(loading);
    graph.read();
    const auto heads = graph.heads();
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
