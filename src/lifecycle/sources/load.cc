// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/load.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/loading.h"
#include "lifecycle/sources/parallel.h"
#include "lifecycle/sources/sum.h"

namespace caisson::sources {
namespace {

std::string names_of_formats() {
    std::vector<std::string> names;
    for (const auto& format : formats()) {
        names.emplace_back(format.name);
    }
    return join(names, ", ");
}

/// What is the same for every format: checksums, directives, and where a migration belongs. On
/// several threads; `mistakes` has one list a migration, so that none waits for another.
void finish(Loading& loading, const Format& format, std::size_t index) {
    std::vector<std::vector<Mistake>> mistakes(loading.migrations.size());
    in_parallel(loading.migrations.size(), [&](std::size_t i) {
        auto& migration = loading.migrations[i];
        migration.source = loading.source.name;
        migration.source_index = index;
        migration.format = format.name;
        migration.as_admin = loading.source.as_admin;
        for (auto* script : {&migration.up, migration.down ? &*migration.down : nullptr,
                             migration.verify ? &*migration.verify : nullptr}) {
            if (!script || migration.kind == Kind::program) {
                continue;
            }
            if (script->checksum.empty()) {
                script->checksum = sha256_hex(normalise_lines(script->text));
            }
            auto directives = read_directives(script->text, script->file, mistakes[i]);
            directives.no_transaction |= script->directives.no_transaction;
            script->directives = std::move(directives);
        }
    });
    for (auto& list : mistakes) {
        std::move(list.begin(), list.end(), std::back_inserter(loading.mistakes));
    }
}

/// Parents before children, and of those that wait for none the one that stands first: for files
/// that say `-- caisson: parent`.
class Pedigree {
 public:
    explicit Pedigree(Loading& loading)
        : loading_(loading),
          waits_for_(loading.migrations.size()),
          children_(loading.migrations.size()) {
        std::map<std::string, std::size_t> places;
        for (std::size_t i = 0; i < waits_for_.size(); ++i) {
            places.emplace(loading.migrations[i].version, i);
        }
        for (std::size_t i = 0; i < waits_for_.size(); ++i) {
            for (const auto& parent : loading.migrations[i].parents) {
                const auto place = places.find(parent);
                if (place == places.end()) {
                    complain(i, fmt::format("builds on {}, which no file declares", parent));
                } else {
                    ++waits_for_[i];
                    children_[place->second].push_back(i);
                }
            }
        }
    }

    void sort() {
        const auto order = this->order();
        std::vector<Migration> sorted;
        sorted.reserve(order.size());
        for (const auto i : order) {
            sorted.push_back(std::move(loading_.migrations[i]));
        }
        loading_.migrations = std::move(sorted);
    }

 private:
    std::vector<std::size_t> order() {
        std::set<std::size_t> free;
        for (std::size_t i = 0; i < waits_for_.size(); ++i) {
            if (waits_for_[i] == 0) {
                free.insert(i);
            }
        }
        std::vector<std::size_t> order;
        while (!free.empty()) {
            order.push_back(*free.begin());
            free.erase(free.begin());
            for (const auto child : children_[order.back()]) {
                if (--waits_for_[child] == 0) {
                    free.insert(child);
                }
            }
        }
        for (std::size_t i = 0; i < waits_for_.size(); ++i) {
            if (waits_for_[i] > 0) {
                complain(i, "is part of a circle of revisions, or builds on one");
                order.push_back(i);
            }
        }
        return order;
    }

    void complain(std::size_t i, std::string message) {
        loading_.mistakes.push_back({{loading_.migrations[i].up.file, 0, 0}, std::move(message)});
    }

    Loading& loading_;
    std::vector<std::size_t> waits_for_;  ///< How many parents are not yet placed.
    std::vector<std::vector<std::size_t>> children_;
};

/// `-- caisson: revision` and `-- caisson: parent` say what a name does not.
void obey_revisions(Loading& loading) {
    bool has_parents = false;
    bool has_revisions = false;
    for (auto& migration : loading.migrations) {
        const auto& directives = migration.up.directives;
        if (!directives.revision.empty()) {
            migration.version = directives.revision;
            has_revisions = true;
        }
        if (!directives.parents.empty()) {
            migration.parents = directives.parents;
            has_parents = true;
        }
    }
    if (has_revisions) {
        loading.require_distinct_keys();
    }
    if (has_parents) {
        Pedigree(loading).sort();
    }
}

void check_features(Reading& reading, const std::vector<std::string>& features) {
    const auto complain = [&](const Script& script, std::string message) {
        reading.mistakes.push_back({{script.file, 0, 0}, std::move(message)});
    };
    for (const auto& migration : reading.migrations) {
        const auto& feature = migration.up.directives.feature;
        if (!feature.empty() &&
            std::find(features.begin(), features.end(), feature) == features.end()) {
            const auto near = nearest(feature, features);
            complain(
                migration.up,
                fmt::format("belongs to the feature \"{}\", which [features] does not declare{}",
                            feature, near.empty() ? "" : fmt::format("; did you mean {}?", near)));
        }
        // Where both directions are in one file, its directives stand where they were found.
        if (migration.down && !migration.down->directives.feature.empty()) {
            complain(*migration.down, "the directive feature belongs into the file that it undoes");
        }
    }
}

}  // namespace

const Format& format_of(const platform::Source& source, const Folder& folder) {
    if (!source.format.empty()) {
        if (const auto* format = find_format(source.format)) {
            return *format;
        }
        std::vector<std::string> names;
        for (const auto& format : formats()) {
            names.emplace_back(format.name);
        }
        const auto near = nearest(source.format, names);
        throw Error(
            Code::migration_invalid,
            fmt::format("{}: the format \"{}\" is not known; {}", source.name, source.format,
                        near.empty() ? "known are " + names_of_formats()
                                     : fmt::format("did you mean {}?", near)));
    }
    const auto found = detect(folder);
    if (found.rival) {
        throw Error(Code::migration_invalid,
                    fmt::format("{} mixes two formats:\n  {}: {}\n  {}: {}", source.name,
                                found.format->title, join(found.evidence, "; "), found.rival->title,
                                join(found.rival_evidence, "; ")),
                    fmt::format("declare the one that is meant, as in {{ path = \"{}\", format = "
                                "\"{}\" }}, or put the other's files into a folder of their own",
                                source.name, found.format->name));
    }
    return found.format ? *found.format : *find_format("plain");
}

Reading read_source(const platform::Source& source, std::size_t index) {
    const Folder folder(source.path);
    const auto& format = format_of(source, folder);
    Loading loading(source, folder);
    format.load(loading);
    finish(loading, format, index);
    obey_revisions(loading);
    return {&format, std::move(loading.migrations), std::move(loading.mistakes),
            std::move(loading.notes)};
}

std::vector<Migration> load(const std::vector<platform::Source>& sources,
                            const std::map<std::string, bool>& features,
                            std::vector<Mistake>* notes) {
    std::vector<std::string> declared;
    for (const auto& [name, enabled] : features) {
        declared.push_back(name);
    }
    std::vector<Migration> migrations;
    std::vector<Mistake> mistakes;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        auto reading = read_source(sources[i], i);
        check_features(reading, declared);
        verify_sum(sources[i], reading);
        if (migrations.empty()) {
            migrations = std::move(reading.migrations);
        } else {
            std::move(reading.migrations.begin(), reading.migrations.end(),
                      std::back_inserter(migrations));
        }
        std::move(reading.mistakes.begin(), reading.mistakes.end(), std::back_inserter(mistakes));
        if (notes) {
            std::move(reading.notes.begin(), reading.notes.end(), std::back_inserter(*notes));
        }
    }
    require_none(mistakes);
    return migrations;
}

void require_none(const std::vector<Mistake>& mistakes) {
    if (mistakes.empty()) {
        return;
    }
    std::string message = counted(mistakes.size(), "mistake") + " in the migrations:";
    for (const auto& mistake : mistakes) {
        message += fmt::format("\n  {}: {}", mistake.place.text(), mistake.message);
    }
    Error error(Code::migration_invalid, message);
    error.at(mistakes.front().place);
    throw error;
}

}  // namespace caisson::sources
