// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/plain_names.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

/// A file name taken apart.
struct Name {
    std::string version;
    std::string name;
    bool is_down = false;
    /// `_down` of `001_a_down.sql`, which undoes 001_a.sql or 001_a_up.sql only where that is
    /// there: 001_scale_down.sql may go forward.
    std::string doubtful_end;
};

constexpr std::array<std::string_view, 4> down_ends = {".down", ".undo", ".revert", ".rollback"};
constexpr std::array<std::string_view, 4> doubtful_down_ends = {"_down", "-down", "_undo",
                                                                "_rollback"};
constexpr std::array<std::string_view, 2> doubtful_up_ends = {"_up", "-up"};

bool take_any(std::string_view& text, const auto& ends) {
    return std::any_of(ends.begin(), ends.end(),
                       [&](const auto end) { return take_end(text, end); });
}

std::optional<Name> take_apart(std::string_view file) {
    Name name;
    auto stem = file;
    if (!take_end(stem, ".sql")) {
        return std::nullopt;
    }
    const auto whole = stem;
    name.is_down = take_any(stem, down_ends);
    if (!name.is_down) {
        name.is_down = take_any(stem, doubtful_down_ends);
        if (name.is_down || take_any(stem, doubtful_up_ends)) {
            name.doubtful_end = whole.substr(stem.size());
        }
    }
    auto parsed = parse_plain_name(stem);
    if (!parsed) {
        return std::nullopt;
    }
    name.version = std::move(parsed->version);
    name.name = std::move(parsed->name);
    return name;
}

Claim detect_plain(const Folder& folder) {
    std::size_t numbered = 0;
    std::string example;
    for (const auto& file : folder.files()) {
        if (take_apart(file)) {
            example = numbered++ == 0 ? file : example;
        }
    }
    if (numbered == 0) {
        return {};
    }
    return {
        30,
        {fmt::format("{} named by a number, such as {}", counted(numbered, "SQL file"), example)}};
}

class Loader {
 public:
    explicit Loader(Loading& loading) : loading_(loading) {}

    void run() {
        choose();
        settle_doubts();
        order();
        auto contents = loading_.read(files_, Long::stream);
        loading_.migrations.reserve(loading_.migrations.size() + files_.size());
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (!names_[i].is_down) {
                Migration migration;
                migration.version = names_[i].version;
                migration.name = names_[i].name;
                migration.up = loading_.script(files_[i], contents[i]);
                loading_.migrations.push_back(std::move(migration));
            }
        }
        // They are in order already, unless programs stand among them: moving many is slow.
        const auto before = [](const auto& a, const auto& b) {
            return version_before(a.version, b.version);
        };
        auto& all = loading_.migrations;
        if (!std::is_sorted(all.begin(), all.end(), before)) {
            std::stable_sort(all.begin(), all.end(), before);
        }
        loading_.require_distinct_versions();
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (names_[i].is_down) {
                add_down(i, contents[i]);
            }
        }
    }

 private:
    void choose() {
        for (const auto& file : loading_.folder.files()) {
            auto name = take_apart(file);
            auto stem = std::string_view(file);
            if (!take_end(stem, ".sql")) {
                if (!leading_digits(file).empty() && !language_of(file).empty()) {
                    loading_.add_program(file, std::string(leading_digits(file)), file);
                }
            } else if (take_end(stem, ".up") && name) {
                loading_.complain(file,
                                  "is named as golang-migrate names files; say format = "
                                  "\"golang-migrate\", or leave out .up");
            } else if (name) {
                files_.push_back(file);
                names_.push_back(std::move(*name));
            } else if (declares_revision(file)) {
                files_.push_back(file);
                names_.push_back({std::string(stem), {}, false, {}});
            } else if (!leading_digits(file).empty()) {
                loading_.complain(file, "its name is not NNN_name.sql or NNN_name.down.sql");
            } else {
                loading_.note(file, "has no number, and is not taken for a migration");
            }
        }
    }

    /// `-- caisson: revision ID` makes a migration of a file whose name has no number.
    bool declares_revision(const std::string& file) const {
        const auto head = loading_.folder.head(file);
        return head.find("-- caisson: revision ") != std::string::npos;
    }

    /// An end that says the direction does so where both directions are there.
    void settle_doubts() {
        if (std::ranges::all_of(names_, &std::string::empty, &Name::doubtful_end)) {
            return;
        }
        std::set<std::pair<std::string, std::string>> forward;
        std::set<std::pair<std::string, std::string>> back;
        for (const auto& name : names_) {
            (name.is_down ? back : forward).emplace(name.version, name.name);
        }
        for (auto& name : names_) {
            const auto& partners = name.is_down ? forward : back;
            if (!name.doubtful_end.empty() && !partners.contains({name.version, name.name})) {
                name.name += name.doubtful_end;
                name.is_down = false;
            }
        }
    }

    void order() {
        if (std::ranges::is_sorted(names_, version_before, &Name::version)) {
            return;
        }
        std::vector<std::size_t> places(files_.size());
        std::iota(places.begin(), places.end(), std::size_t{0});
        std::stable_sort(places.begin(), places.end(), [&](auto a, auto b) {
            return version_before(names_[a].version, names_[b].version);
        });
        std::vector<std::string> files;
        std::vector<Name> names;
        for (const auto i : places) {
            files.push_back(std::move(files_[i]));
            names.push_back(std::move(names_[i]));
        }
        files_ = std::move(files);
        names_ = std::move(names);
    }

    void add_down(std::size_t i, Contents& contents) {
        auto& all = loading_.migrations;
        const auto& name = names_[i];
        const auto same_version = std::equal_range(
            all.begin(), all.end(), name,
            [](const auto& a, const auto& b) { return version_before(a.version, b.version); });
        const auto up = std::find_if(same_version.first, same_version.second, [&](const auto& one) {
            return one.name == name.name && one.kind == Kind::versioned;
        });
        if (up == same_version.second) {
            loading_.complain(files_[i],
                              fmt::format("undoes {}{}{}.sql, which is not there", name.version,
                                          name.name.empty() ? "" : "_", name.name));
        } else if (up->down) {
            loading_.complain(files_[i], fmt::format("undoes what {} undoes", up->down->file));
        } else {
            up->down = loading_.script(files_[i], contents);
        }
    }

    Loading& loading_;
    std::vector<std::string> files_;
    std::vector<Name> names_;
};

void load_plain(Loading& loading) { Loader(loading).run(); }

Created create_plain(const platform::Source& source, const NewMigration& wanted) {
    const auto words = slug(wanted.name);
    const auto numbers = numbers_of(Folder(source.path).files());
    const auto stem = fmt::format("{}_{}", next_number(numbers, "001"), words);
    const Created created{source.path / (stem + ".sql"), source.path / (stem + ".down.sql"), {}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, fmt::format("-- Undoes {}.sql\n\n", stem));
    return created;
}

}  // namespace

Format plain_format() {
    return {"plain", "plain numbered files", "", detect_plain, load_plain, create_plain};
}

}  // namespace caisson::sources
