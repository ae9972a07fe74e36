// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/popx_names.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

/// A file name taken apart. Source: golang-migrate, source/parse.go:
/// `^([0-9]+)_(.*)\.(down|up)\.(.*)$`.
struct Name {
    std::string version;  ///< A number, as the table keeps it: without leading zeros.
    std::string name;
    bool is_down = false;
};

std::optional<Name> take_apart(std::string_view file) {
    const auto digits = leading_digits(file);
    auto stem = file;
    if (digits.empty() || file.substr(digits.size(), 1) != "_" || !take_end(stem, ".sql")) {
        return std::nullopt;
    }
    Name name;
    name.is_down = take_end(stem, ".down");
    if (!name.is_down && !take_end(stem, ".up")) {
        return std::nullopt;
    }
    name.version = canonical_version(digits);
    name.name = stem.size() > digits.size() ? stem.substr(digits.size() + 1) : "";
    return name;
}

Claim detect_golang_migrate(const Folder& folder) {
    std::size_t number = 0;
    std::string example;
    for (const auto& file : folder.files()) {
        const auto other = parse_popx_name(file);
        if (other && (!other->dialect.empty() || other->autocommit)) {
            return {};
        }
        // Plain files have .down.sql, too: it is .up.sql that is the tool's own.
        if (const auto name = take_apart(file); name && !name->is_down) {
            example = number++ == 0 ? file : example;
        }
    }
    if (number == 0) {
        return {};
    }
    return {
        80,
        {fmt::format("{} named NNN_name.up.sql, such as {}", counted(number, "file"), example)}};
}

void load_golang_migrate(Loading& loading) {
    std::vector<std::string> files;
    std::vector<Name> names;
    for (const auto& file : loading.folder.files()) {
        if (auto name = take_apart(file)) {
            files.push_back(file);
            names.push_back(std::move(*name));
        } else if (file.ends_with(".sql")) {
            loading.note(file, "is not named NNN_name.up.sql, and golang-migrate leaves it out");
        }
    }
    auto contents = loading.read(files, Long::stream);
    // By version and direction: the two files of a version may have different names.
    std::map<std::string, std::size_t> by_version;
    std::vector<std::size_t> downs;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (names[i].is_down) {
            downs.push_back(i);
            continue;
        }
        Migration migration;
        migration.version = names[i].version;
        migration.name = names[i].name;
        migration.up = loading.script(files[i], contents[i]);
        by_version.emplace(migration.version, loading.migrations.size());
        loading.migrations.push_back(std::move(migration));
    }
    for (const auto i : downs) {
        const auto [known, is_new] =
            by_version.emplace(names[i].version, loading.migrations.size());
        if (is_new) {
            // The tool moves over a version that has no way up, and runs nothing.
            Migration migration;
            migration.version = names[i].version;
            migration.name = names[i].name;
            migration.up = loading.section_script(files[i], "");
            loading.migrations.push_back(std::move(migration));
        }
        auto& down = loading.migrations[known->second].down;
        if (down) {
            loading.complain(files[i], fmt::format("undoes what {} undoes", down->file));
        } else {
            down = loading.script(files[i], contents[i]);
        }
    }
    std::stable_sort(
        loading.migrations.begin(), loading.migrations.end(),
        [](const auto& a, const auto& b) { return version_before(a.version, b.version); });
    loading.require_distinct_keys();
}

Created create_golang_migrate(const platform::Source& source, const NewMigration& wanted) {
    const auto numbers = numbers_of(Folder(source.path).files());
    const auto stem = fmt::format("{}_{}", next_number(numbers, "000001"), slug(wanted.name));
    const Created created{source.path / (stem + ".up.sql"), source.path / (stem + ".down.sql"), {}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, "\n");
    return created;
}

}  // namespace

Format golang_migrate_format() {
    return {"golang-migrate",      "golang-migrate",    "schema_migrations",
            detect_golang_migrate, load_golang_migrate, create_golang_migrate};
}

}  // namespace caisson::sources
