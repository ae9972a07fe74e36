// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// `20240101000000` of `2024-01-01-000000_create_users`.
std::string version_of(const std::string& folder) {
    return replace_all(folder.substr(0, folder.find('_')), "-", "");
}

/// `2024-01-01-000000_` or diesel's own first migration: names that only diesel gives.
bool is_own_name(const std::string& folder) {
    return folder == "00000000000000_diesel_initial_setup" ||
           (folder.size() > 17 && folder[4] == '-' && folder[7] == '-' && folder[10] == '-' &&
            folder[17] == '_' && is_number(version_of(folder)));
}

Claim detect_diesel(const Folder& folder) {
    std::size_t number = 0;
    std::string own;
    bool has_metadata = false;
    for (const auto& name : folder.folders()) {
        if (folder.has_file(name + "/up.sql")) {
            ++number;
            own = own.empty() && is_own_name(name) ? name : own;
            has_metadata = has_metadata || folder.has_file(name + "/metadata.toml");
        }
    }
    const bool has_settings =
        folder.text("../diesel.toml").has_value() || folder.text("diesel.toml").has_value();
    if (number == 0 || (own.empty() && !has_metadata && !has_settings)) {
        return {};
    }
    Claim claim{90, {}};
    claim.evidence.push_back(fmt::format("{} with an up.sql{}", counted(number, "folder"),
                                         own.empty() ? "" : ", named as diesel does: " + own));
    if (has_settings) {
        claim.evidence.emplace_back("diesel.toml beside the folder");
    }
    return claim;
}

/// metadata.toml: `run_in_transaction = false`.
bool refuses_transaction(const Folder& folder, const std::string& name) {
    const auto file = name + "/metadata.toml";
    const auto text = folder.has_file(file) ? folder.text(file) : std::nullopt;
    bool refused = false;
    if (text) {
        each_line(*text, [&](std::string_view line, std::size_t, std::size_t) {
            line = trim(line.substr(0, line.find('#')));
            const auto equals = line.find('=');
            if (equals != std::string_view::npos &&
                trim(line.substr(0, equals)) == "run_in_transaction") {
                refused = trim(line.substr(equals + 1)) == "false";
            }
        });
    }
    return refused;
}

void load_diesel(Loading& loading) {
    std::vector<std::string> names;
    std::vector<std::string> files;
    for (const auto& name : loading.folder.folders()) {
        if (loading.folder.has_file(name + "/up.sql")) {
            names.push_back(name);
            files.push_back(name + "/up.sql");
        } else {
            loading.note(name, "holds no up.sql, and is not taken for a migration");
        }
    }
    for (const auto& name : names) {
        if (loading.folder.has_file(name + "/down.sql")) {
            files.push_back(name + "/down.sql");
        }
    }
    auto contents = loading.read(files, Long::stream);
    auto next_down = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
        Migration migration;
        migration.version = version_of(names[i]);
        const auto underscore = names[i].find('_');
        migration.name = underscore == std::string::npos ? "" : names[i].substr(underscore + 1);
        migration.up = loading.script(files[i], contents[i]);
        migration.up.directives.no_transaction = refuses_transaction(loading.folder, names[i]);
        if (next_down < files.size() && parent_name(files[next_down]) == names[i]) {
            migration.down = loading.script(files[next_down], contents[next_down]);
            migration.down->directives.no_transaction = migration.up.directives.no_transaction;
            ++next_down;
        }
        loading.migrations.push_back(std::move(migration));
    }
    // As text: the versions of a project have one width.
    std::stable_sort(loading.migrations.begin(), loading.migrations.end(),
                     [](const auto& a, const auto& b) { return a.version < b.version; });
    loading.require_distinct_keys();
}

Created create_diesel(const platform::Source& source, const NewMigration& wanted) {
    std::vector<std::string> versions;
    const Folder folder(source.path);
    for (const auto& name : folder.folders()) {
        versions.push_back(version_of(name));
    }
    const auto number = next_number(versions, "");
    const auto dated = number.size() == 14
                           ? fmt::format("{}-{}-{}-{}", number.substr(0, 4), number.substr(4, 2),
                                         number.substr(6, 2), number.substr(8))
                           : number;
    const auto place = source.path / fmt::format("{}_{}", dated, slug(wanted.name));
    const Created created{place / "up.sql", place / "down.sql", {}};
    ensure_directory(place);
    write_file(created.up, description_lines(wanted.description) + "-- Your SQL goes here\n");
    write_file(created.down, "-- This file should undo anything in `up.sql`\n");
    return created;
}

}  // namespace

Format diesel_format() {
    return {"diesel",      "diesel",    "__diesel_schema_migrations",
            detect_diesel, load_diesel, create_diesel};
}

}  // namespace caisson::sources
