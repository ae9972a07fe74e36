// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/plain_names.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

bool is_down(std::string_view file) {
    const auto name = lower(base_name(file));
    return name == "down.sql" || name == "rollback.sql" || name == "revert.sql" ||
           name == "undo.sql" || name.ends_with(".down.sql");
}

std::vector<std::string> scripts_of(const Folder& folder, const std::string& name) {
    std::vector<std::string> scripts;
    for (const auto& file : folder.files(name)) {
        if (extension_of(file) == ".sql") {
            scripts.push_back(file);
        }
    }
    return scripts;
}

Claim detect_directories(const Folder& folder) {
    std::size_t number = 0;
    std::string example;
    for (const auto& name : folder.folders()) {
        if (parse_plain_name(name) && !scripts_of(folder, name).empty()) {
            example = number++ == 0 ? name : example;
        }
    }
    if (number == 0) {
        return {};
    }
    return {40,
            {fmt::format("{} named by a number, with SQL files in them, such as {}",
                         counted(number, "folder"), example)}};
}

/// A folder is a version. Where it holds several files that go forward, each of them is a step of
/// its own, so that places in messages stay those of the files.
class Loader {
 public:
    explicit Loader(Loading& loading) : loading_(loading) {}

    void run() {
        auto folders = loading_.folder.folders();
        std::erase_if(folders, [&](const auto& name) {
            const bool is_version = parse_plain_name(name).has_value();
            if (!is_version) {
                loading_.note(name, "has no number, and is not taken for a migration");
            }
            return !is_version;
        });
        std::stable_sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) {
            return version_before(parse_plain_name(a)->version, parse_plain_name(b)->version);
        });
        for (const auto& name : folders) {
            add(name);
        }
        loading_.require_distinct_versions();
    }

 private:
    void add(const std::string& folder) {
        const auto files = scripts_of(loading_.folder, folder);
        auto contents = loading_.read(files, Long::stream);
        const auto name = *parse_plain_name(folder);
        const auto forward = static_cast<std::size_t>(
            std::count_if(files.begin(), files.end(), [](const auto& f) { return !is_down(f); }));
        std::optional<Script> down;
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (is_down(files[i])) {
                down = loading_.script(files[i], contents[i]);
                continue;
            }
            Migration migration;
            const auto stem = base_name(files[i]);
            migration.version = forward == 1
                                    ? name.version
                                    : fmt::format("{}/{}", folder, stem.substr(0, stem.rfind('.')));
            migration.name = forward == 1 ? name.name : "";
            migration.up = loading_.script(files[i], contents[i]);
            loading_.migrations.push_back(std::move(migration));
        }
        if (down && forward > 0) {
            loading_.migrations.back().down = std::move(down);
        } else if (forward == 0) {
            loading_.note(folder, "holds no SQL file that goes forward");
        }
    }

    Loading& loading_;
};

void load_directories(Loading& loading) { Loader(loading).run(); }

Created create_directories(const platform::Source& source, const NewMigration& wanted) {
    const auto number = next_number(numbers_of(Folder(source.path).folders()), "001");
    const auto place = source.path / fmt::format("{}_{}", number, slug(wanted.name));
    const Created created{place / "up.sql", place / "down.sql", {}};
    ensure_directory(place);
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, "\n");
    return created;
}

}  // namespace

Format directories_format() {
    return {"directories",      "one folder per version", "",
            detect_directories, load_directories,         create_directories};
}

}  // namespace caisson::sources
