// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// `^([0-9]+)_(.*)\.sql$`. Source: supabase/cli, pkg/migration/file.go, list.go.
bool is_migration(std::string_view file) {
    const auto digits = leading_digits(file);
    return !digits.empty() && file.substr(digits.size(), 1) == "_" && file.ends_with(".sql");
}

/// What old projects have as their first file: a dump of the platform's own schemas, which the tool
/// itself leaves out.
bool is_old_init(std::string_view file) {
    return leading_digits(file).size() == 14 && file.substr(14) == "_init.sql" &&
           file.substr(0, 14) < "20211209000000";
}

Claim detect_supabase(const Folder& folder) {
    const auto path = fs::weakly_canonical(folder.path());
    const bool is_place =
        path.filename() == "migrations" && path.parent_path().filename() == "supabase";
    const auto settings = folder.text("../config.toml");
    const bool has_settings = settings && settings->find("project_id") != std::string::npos;
    const auto number = std::count_if(folder.files().begin(), folder.files().end(), is_migration);
    if (number == 0 || (!is_place && !has_settings)) {
        return {};
    }
    return {
        has_settings ? 100 : 95,
        {fmt::format("{} in {}", counted(static_cast<std::size_t>(number), "file"),
                     is_place ? "supabase/migrations" : "a folder beside Supabase's config.toml")}};
}

void load_supabase(Loading& loading) {
    std::vector<std::string> names;
    for (const auto& file : loading.folder.files()) {
        if (is_migration(file) && !(names.empty() && is_old_init(file))) {
            names.push_back(file);
        } else if (file.ends_with(".sql")) {
            loading.note(file,
                         is_old_init(file)
                             ? "is the first file of an old project, which Supabase leaves out"
                             : "is not named NNN_name.sql, and Supabase leaves it out");
        }
    }
    auto contents = loading.read(names, Long::stream);
    for (std::size_t i = 0; i < names.size(); ++i) {
        Migration migration;
        migration.version = leading_digits(names[i]);
        migration.name = names[i].substr(migration.version.size() + 1);
        migration.name.resize(migration.name.size() - std::string_view(".sql").size());
        migration.up = loading.script(names[i], contents[i]);
        loading.migrations.push_back(std::move(migration));
    }
    loading.require_distinct_keys();
}

Created create_supabase(const platform::Source& source, const NewMigration& wanted) {
    const auto number = next_number(numbers_of(Folder(source.path).files()), "");
    const Created created{
        source.path / fmt::format("{}_{}.sql", number, slug(wanted.name)), {}, {}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description));
    return created;
}

}  // namespace

Format supabase_format() {
    return {"supabase",      "Supabase",    "supabase_migrations.schema_migrations",
            detect_supabase, load_supabase, create_supabase};
}

}  // namespace caisson::sources
