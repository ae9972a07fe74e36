// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/popx_names.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

constexpr std::array<std::string_view, 2> ours = {"postgres", "postgresql"};
constexpr std::array<std::string_view, 9> dialects = {"postgres",  "postgresql",  "pg",
                                                      "cockroach", "cockroachdb", "crdb",
                                                      "mysql",     "sqlite3",     "sqlite"};

bool is_one_of(const auto& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

Claim detect_popx(const Folder& folder) {
    std::size_t number = 0;
    std::string example;
    for (const auto& file : folder.files_within()) {
        const auto name = parse_popx_name(base_name(file));
        if (name && (!name->dialect.empty() || name->autocommit || name->is_fizz)) {
            example = number++ == 0 ? file : example;
        }
    }
    if (number == 0) {
        return {};
    }
    return {88,
            {fmt::format("{} with a dialect or .autocommit in the name, such as {}",
                         counted(number, "file"), example)}};
}

/// Of the files of a version and direction: the one for our dialect, else the one for all.
using Chosen = std::map<std::string, std::pair<std::string, PopxName>>;

void choose(Loading& loading, Chosen& up, Chosen& down) {
    for (const auto& file : loading.folder.files_within()) {
        const auto name = parse_popx_name(base_name(file));
        if (!name) {
            if (extension_of(file) == ".sql") {
                loading.note(file, "is not named VERSION_name.up.sql, and popx leaves it out");
            }
            continue;
        }
        if (!name->dialect.empty() && !is_one_of(ours, name->dialect)) {
            continue;
        }
        auto& chosen = name->is_down ? down : up;
        const auto [known, is_new] = chosen.emplace(name->version, std::pair(file, *name));
        if (is_new) {
            continue;
        }
        if (known->second.second.dialect.empty() == name->dialect.empty()) {
            loading.complain(file, fmt::format("has the same version as {}",
                                               loading.place_of(known->second.first)));
        } else if (!name->dialect.empty()) {
            known->second = {file, *name};
        }
    }
}

void load_popx(Loading& loading) {
    Chosen up;
    Chosen down;
    choose(loading, up, down);
    std::vector<std::string> files;
    for (const auto* side : {&up, &down}) {
        for (const auto& [version, chosen] : *side) {
            files.push_back(chosen.first);
        }
    }
    auto contents = loading.read(files, Long::stream);
    std::map<std::string, Contents*> read;
    for (std::size_t i = 0; i < files.size(); ++i) {
        read[files[i]] = &contents[i];
    }
    // In the order of the versions as text, as popx compares them.
    for (const auto& [version, chosen] : up) {
        const auto& [file, name] = chosen;
        if (name.is_fizz) {
            loading.add_program(file, version, name.name);
            continue;
        }
        Migration migration;
        migration.version = version;
        migration.name = name.name;
        migration.up = loading.script(file, *read[file]);
        migration.up.directives.no_transaction = name.autocommit;
        if (const auto back = down.find(version);
            back != down.end() && !back->second.second.is_fizz) {
            migration.down = loading.script(back->second.first, *read[back->second.first]);
            migration.down->directives.no_transaction = back->second.second.autocommit;
        }
        loading.migrations.push_back(std::move(migration));
    }
}

Created create_popx(const platform::Source& source, const NewMigration& wanted) {
    const auto number = next_number(numbers_of(Folder(source.path).files()), "");
    const auto stem = fmt::format("{}_{}", number, slug(wanted.name));
    const Created created{
        source.path / (stem + ".postgres.up.sql"), source.path / (stem + ".postgres.down.sql"), {}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, "\n");
    return created;
}

}  // namespace

std::optional<PopxName> parse_popx_name(std::string_view file) {
    PopxName name;
    auto stem = file;
    name.is_fizz = take_end(stem, ".fizz");
    if (!name.is_fizz && !take_end(stem, ".sql")) {
        return std::nullopt;
    }
    name.is_down = take_end(stem, ".down");
    if (!name.is_down && !take_end(stem, ".up")) {
        return std::nullopt;
    }
    name.autocommit = take_end(stem, ".autocommit");
    if (const auto dot = stem.rfind('.'); dot != std::string_view::npos) {
        name.dialect = stem.substr(dot + 1);
        stem = stem.substr(0, dot);
        if (!is_one_of(dialects, name.dialect)) {
            return std::nullopt;
        }
        if (name.dialect == "pg") {
            name.dialect = "postgres";
        }
    }
    name.version = leading_digits(stem);
    if (name.version.empty() || stem.substr(name.version.size(), 1) != "_" ||
        stem.find('.') != std::string_view::npos) {
        return std::nullopt;
    }
    name.name = stem.substr(name.version.size() + 1);
    return name;
}

Format popx_format() {
    return {"popx", "popx (Ory)", "schema_migration", detect_popx, load_popx, create_popx};
}

}  // namespace caisson::sources
