// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/load.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

/// A file name taken apart.
struct Name {
    std::string version;
    std::string name;
    bool is_down = false;
};

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::optional<Name> take_apart(std::string_view file) {
    Name name;
    auto stem = file.substr(0, file.size() - std::string_view(".sql").size());
    if (ends_with(stem, ".down")) {
        name.is_down = true;
        stem.remove_suffix(std::string_view(".down").size());
    }
    const auto digits = std::min(stem.find_first_not_of("0123456789"), stem.size());
    if (digits == 0 || digits + 1 >= stem.size() || stem[digits] != '_' ||
        stem.find('.') != std::string_view::npos) {
        return std::nullopt;
    }
    name.version = stem.substr(0, digits);
    name.name = stem.substr(digits + 1);
    return name;
}

std::string without_mark(std::string text) {
    return text.rfind("\xEF\xBB\xBF", 0) == 0 ? text.substr(3) : text;
}

/// Reads one source after the other.
class Loader {
 public:
    explicit Loader(const std::map<std::string, bool>& features) {
        for (const auto& [name, enabled] : features) {
            features_.push_back(name);
        }
    }

    void load(const platform::Source& source, std::size_t index) {
        if (!source.format.empty() && source.format != "plain") {
            complain(source.name,
                     fmt::format("the format \"{}\" is not known; plain is", source.format));
            return;
        }
        const auto first = migrations_.size();
        auto files = platform::files_of(source.path, {".sql"});
        for (auto& file : files) {
            const auto name = take_apart(file.name);
            const auto path = (fs::path(source.name) / file.name).string();
            if (!name) {
                complain(path, "its name is not NNN_name.sql or NNN_name.down.sql");
            } else if (!name->is_down) {
                add(source, index, *name, path, file);
            }
        }
        for (auto& file : files) {
            const auto name = take_apart(file.name);
            if (name && name->is_down) {
                add_down(first, *name, (fs::path(source.name) / file.name).string(), file);
            }
        }
        sort(first);
    }

    std::vector<Migration> finish() {
        require_none(mistakes_);
        return std::move(migrations_);
    }

 private:
    void complain(std::string file, std::string message) {
        mistakes_.push_back({{std::move(file), 0, 0}, std::move(message)});
    }

    void add(const platform::Source& source, std::size_t index, const Name& name,
             const std::string& file, platform::File& found) {
        Migration migration;
        migration.source = source.name;
        migration.source_index = index;
        migration.format = "plain";
        migration.as_admin = source.as_admin;
        migration.version = name.version;
        migration.name = name.name;
        migration.up = script_of(file, found);
        check_feature(migration);
        migrations_.push_back(std::move(migration));
    }

    Script script_of(const std::string& file, platform::File& found) {
        Script script;
        script.file = file;
        script.path = found.path;
        script.text = without_mark(std::move(found.text));
        script.checksum = sha256_hex(normalise_lines(script.text));
        script.directives = read_directives(script.text, file, mistakes_);
        return script;
    }

    void check_feature(const Migration& migration) {
        const auto& feature = migration.up.directives.feature;
        if (!feature.empty() &&
            std::find(features_.begin(), features_.end(), feature) == features_.end()) {
            const auto near = nearest(feature, features_);
            complain(
                migration.up.file,
                fmt::format("belongs to the feature \"{}\", which [features] does not "
                            "declare{}",
                            feature, near.empty() ? "" : fmt::format("; did you mean {}?", near)));
        }
    }

    void add_down(std::size_t first, const Name& name, const std::string& path,
                  platform::File& found) {
        const auto up = std::find_if(
            migrations_.begin() + static_cast<std::ptrdiff_t>(first), migrations_.end(),
            [&](const auto& one) { return one.version == name.version && one.name == name.name; });
        if (up == migrations_.end()) {
            complain(path,
                     fmt::format("undoes {}_{}.sql, which is not there", name.version, name.name));
            return;
        }
        up->down = script_of(path, found);
        if (!up->down->directives.feature.empty()) {
            complain(path, "the directive feature belongs into the file that it undoes");
        }
    }

    void sort(std::size_t first) {
        const auto begin = migrations_.begin() + static_cast<std::ptrdiff_t>(first);
        std::stable_sort(begin, migrations_.end(), [](const auto& a, const auto& b) {
            return version_before(a.version, b.version);
        });
        for (std::size_t i = first + 1; i < migrations_.size(); ++i) {
            const auto& before = migrations_[i - 1];
            if (!version_before(before.version, migrations_[i].version)) {
                complain(migrations_[i].up.file,
                         fmt::format("has the same version as {}", before.up.file));
            }
        }
    }

    std::vector<std::string> features_;
    std::vector<Migration> migrations_;
    std::vector<Mistake> mistakes_;
};

}  // namespace

std::vector<Migration> load(const std::vector<platform::Source>& sources,
                            const std::map<std::string, bool>& features) {
    Loader loader(features);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        loader.load(sources[i], i);
    }
    return loader.finish();
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
