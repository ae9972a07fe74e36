// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/folder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::seeds {
namespace {

constexpr std::array known_sets = {Set::reference, Set::sample};

std::string extension_of(const fs::path& path) { return lower(path.extension().string()); }

std::optional<Format> format_of(const fs::path& path) {
    const auto extension = extension_of(path);
    if (extension == ".sql") {
        return Format::sql;
    }
    if (extension == ".csv") {
        return Format::csv;
    }
    if (extension == ".json" || extension == ".ndjson" || extension == ".jsonl") {
        return Format::json;
    }
    return std::nullopt;
}

/// Hidden files, notices and notes may lie beside seeds.
bool is_passed_over(const fs::path& path) {
    const auto name = path.filename().string();
    const auto extension = extension_of(path);
    return name.front() == '.' || name.back() == '~' || extension.empty() || extension == ".md" ||
           extension == ".txt";
}

/// `010_users` is `users`: digits and an underscore give an order, not a name.
std::string without_prefix(std::string_view name) {
    const auto digits = name.find_first_not_of("0123456789");
    const bool has_prefix = digits != std::string_view::npos && digits > 0 &&
                            (name[digits] == '_' || name[digits] == '-') &&
                            digits + 1 < name.size();
    return std::string(has_prefix ? name.substr(digits + 1) : name);
}

/// The entries of a directory in byte order of their names.
std::vector<fs::directory_entry> entries_of(const fs::path& directory) {
    std::vector<fs::directory_entry> entries;
    std::error_code failure;
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        entries.push_back(*entry);
    }
    if (failure && failure != std::errc::no_such_file_or_directory) {
        throw_file_error("read", directory, failure.value());
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.path().filename().string() < b.path().filename().string();
    });
    return entries;
}

class Walk {
 public:
    Walk(const platform::Manifest& manifest, const platform::Database& database, Mistakes& mistakes)
        : manifest_(manifest), database_(database), mistakes_(mistakes) {}

    void check_top(const fs::path& seeds) {
        for (const auto& entry : entries_of(seeds)) {
            const auto name = entry.path().filename().string();
            // What lies in scale is another module's: the declaration of synthetic rows.
            const bool known = name == "reference" || name == "sample" || name == "scale";
            if (entry.is_directory() ? !known && name.front() != '.'
                                     : name != "scale.toml" && !is_passed_over(entry.path())) {
                mistakes_.add({"seeds/" + name},
                              "seeds lie in seeds/reference (everywhere) or "
                              "seeds/sample (never in a protected environment); synthetic rows are "
                              "declared in seeds/scale.toml");
            }
        }
    }

    void walk_set(Set set, const fs::path& directory) {
        set_ = set;
        const auto shown = fmt::format("seeds/{}/", name_of(set));
        for (const auto& entry : entries_of(directory)) {
            const auto name = entry.path().filename().string();
            if (!entry.is_directory()) {
                take(entry.path(), "", shown + name, "");
            } else if (is_database(name)) {
                for (const auto& inner : entries_of(entry.path())) {
                    take_or_enter(inner, shown + name + "/", name);
                }
            } else {
                take_or_enter(entry, shown, "");
            }
        }
    }

    std::vector<File> files;

 private:
    bool is_database(const std::string& name) const {
        return manifest_.databases.size() > 1 &&
               std::any_of(manifest_.databases.begin(), manifest_.databases.end(),
                           [&](const auto& database) { return database.key == name; });
    }

    void take_or_enter(const fs::directory_entry& entry, const std::string& shown,
                       const std::string& key) {
        const auto name = entry.path().filename().string();
        if (!entry.is_directory()) {
            take(entry.path(), "", shown + name, key);
            return;
        }
        if (name.front() == '.') {
            return;
        }
        for (const auto& inner : entries_of(entry.path())) {
            const auto below = shown + name + "/" + inner.path().filename().string();
            if (inner.is_directory()) {
                mistakes_.add({below}, "too deep: a folder named after a table holds its files");
            } else {
                take(inner.path(), name, below, key);
            }
        }
    }

    /// `folder` is the folder named after the table, or empty; `key` the database's, or empty.
    void take(const fs::path& path, const std::string& folder, const std::string& shown,
              const std::string& key) {
        const auto format = format_of(path);
        if (!format) {
            if (!is_passed_over(path)) {
                mistakes_.add({shown}, "a seed is a .sql, .csv or .json file");
            }
            return;
        }
        File file;
        file.set = set_;
        file.format = *format;
        file.shown = shown;
        file.path = path;
        file.stem = path.stem().string();
        file.table = pg::qualified_name(without_prefix(folder.empty() ? file.stem : folder));
        file.name = fmt::format("{}/{}{}", name_of(set_), folder.empty() ? "" : folder + "/",
                                path.filename().string());
        if (file.table.name.empty() || file.table.schema.empty()) {
            mistakes_.add({shown}, "the name of the file is the name of a table, or schema.table");
            return;
        }
        if (owner_of(file, key) == database_.key) {
            files.push_back(std::move(file));
        }
    }

    /// Without a folder of its own a file belongs to the database that its table is declared for.
    std::string owner_of(const File& file, const std::string& key) const {
        if (!key.empty()) {
            return key;
        }
        for (const auto& declared : manifest_.seeds) {
            if (pg::qualified_name(declared.table) == file.table && !declared.database.empty()) {
                return manifest_.database(declared.database).key;
            }
        }
        return manifest_.databases.front().key;
    }

    const platform::Manifest& manifest_;
    const platform::Database& database_;
    Mistakes& mistakes_;
    Set set_ = Set::reference;
};

}  // namespace

std::string_view name_of(Set set) { return set == Set::reference ? "reference" : "sample"; }

Set set_named(const std::string& name) {
    for (const auto set : known_sets) {
        if (name_of(set) == name) {
            return set;
        }
    }
    const std::vector<std::string> names = {"reference", "sample"};
    const auto near = nearest(name, names);
    throw Error(
        Code::usage, fmt::format("there is no set of seeds called {}", name),
        near.empty() ? "the sets are reference and sample" : fmt::format("did you mean {}?", near));
}

std::vector<Set> default_sets(bool is_protected) {
    return is_protected ? std::vector{Set::reference} : std::vector{Set::reference, Set::sample};
}

std::vector<File> find_files(const platform::Manifest& manifest, const platform::Database& database,
                             const std::vector<Set>& sets, Mistakes& mistakes) {
    const auto seeds = manifest.directory / "seeds";
    Walk walk(manifest, database, mistakes);
    walk.check_top(seeds);
    for (const auto set : known_sets) {
        if (std::find(sets.begin(), sets.end(), set) != sets.end()) {
            walk.walk_set(set, seeds / name_of(set));
        }
    }
    std::sort(walk.files.begin(), walk.files.end(), [](const File& a, const File& b) {
        return std::tie(a.set, a.name) < std::tie(b.set, b.name);
    });
    const auto same =
        std::adjacent_find(walk.files.begin(), walk.files.end(),
                           [](const File& a, const File& b) { return a.name == b.name; });
    if (same != walk.files.end()) {
        mistakes.add({std::next(same)->shown},
                     fmt::format("the same file lies at {} for the same database", same->shown));
    }
    return std::move(walk.files);
}

const platform::SeedTable* declaration_of(const platform::Manifest& manifest,
                                          const platform::Database& database,
                                          const pg::QualifiedName& table) {
    for (const auto& declared : manifest.seeds) {
        const auto& owner = declared.database.empty() ? manifest.databases.front()
                                                      : manifest.database(declared.database);
        if (owner.key == database.key && pg::qualified_name(declared.table) == table) {
            return &declared;
        }
    }
    return nullptr;
}

}  // namespace caisson::seeds
