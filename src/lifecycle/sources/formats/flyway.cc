// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "lifecycle/sources/flyway_names.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/substitution.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

using flyway::Name;
using flyway::Settings;
using flyway::Type;

Claim detect_flyway(const Folder& folder) {
    const auto settings = flyway::read_settings(folder);
    std::map<Type, std::size_t> counts;
    std::string example;
    for (const auto& file : folder.files_within()) {
        const auto name = flyway::parse_name(base_name(file), settings);
        // V1.sql alone says too little; the two underscores are Flyway's own.
        if (name && name->is_sql && name->type != Type::callback &&
            base_name(file).find(settings.separator) != std::string_view::npos) {
            example = example.empty() || name->type == Type::versioned ? file : example;
            ++counts[name->type];
        }
    }
    if (counts.empty()) {
        return {};
    }
    Claim claim{90, {}};
    claim.evidence.push_back(fmt::format(
        "{} versioned, {} repeatable, {} undo and {} baseline files by Flyway's names, such as {}",
        counts[Type::versioned], counts[Type::repeatable], counts[Type::undo],
        counts[Type::baseline], example));
    if (!settings.file.empty()) {
        claim.evidence.push_back(fmt::format("settings in {}", settings.file));
    }
    return claim;
}

/// What is replaced in every file: the source's own values, then those of Flyway's settings, then
/// what Flyway knows by itself.
Values values_of(const Loading& loading, const Settings& settings) {
    auto values = loading.source.placeholders;
    values.insert(settings.placeholders.begin(), settings.placeholders.end());
    values.emplace("flyway:defaultSchema",
                   settings.default_schema.empty() ? "public" : settings.default_schema);
    values.emplace("flyway:table", loading.source.history.value_or(settings.table));
    values.emplace("flyway:timestamp", replace_all(timestamp_now().substr(0, 19), "T", " "));
    values.emplace("flyway:workingDirectory", ".");
    return values;
}

/// `V1__a.sql.conf` beside the file.
struct ScriptSettings {
    bool in_transaction = true;
    bool replaces_placeholders = true;
};

ScriptSettings script_settings(const Loading& loading, const std::string& file) {
    ScriptSettings settings;
    const auto text = loading.folder.has_file(file + ".conf") ? loading.folder.text(file + ".conf")
                                                              : std::nullopt;
    if (text) {
        each_line(*text, [&](std::string_view line, std::size_t, std::size_t) {
            const auto equals = line.find('=');
            if (equals != std::string_view::npos) {
                const auto key = trim(line.substr(0, equals));
                const bool is_off = lower(trim(line.substr(equals + 1))) == "false";
                settings.in_transaction &= !(key == "executeInTransaction" && is_off);
                settings.replaces_placeholders &= !(key == "placeholderReplacement" && is_off);
            }
        });
    }
    return settings;
}

class Loader {
 public:
    explicit Loader(Loading& loading)
        : loading_(loading),
          settings_(flyway::read_settings(loading.folder)),
          values_(values_of(loading, settings_)) {}

    void run() {
        choose();
        auto contents = loading_.read(files_, Long::stream);
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (names_[i].type != Type::undo && contents[i].mistake.empty()) {
                add(i, contents[i]);
            }
        }
        order();
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (names_[i].type == Type::undo && contents[i].mistake.empty()) {
                add_undo(i, contents[i]);
            }
        }
        loading_.require_distinct_versions();
    }

 private:
    void choose() {
        for (auto& file : loading_.folder.files_within()) {
            auto name = flyway::parse_name(base_name(file), settings_);
            if (!name) {
                if (extension_of(file) == ".sql") {
                    loading_.note(file, "is not named as a migration, and Flyway leaves it out");
                }
            } else if (name->type == Type::callback) {
                loading_.note(file, "is a callback of Flyway's, which is not run");
            } else if (!name->is_sql) {
                loading_.add_program(
                    file, name->type == Type::repeatable ? name->description : name->version,
                    name->type == Type::repeatable ? "" : name->description);
            } else {
                files_.push_back(std::move(file));
                names_.push_back(std::move(*name));
            }
        }
    }

    /// The script with its placeholders replaced, and the history's checksum of it.
    Script script(std::size_t i, Contents& contents, std::string& checksum) {
        const auto& file = files_[i];
        const auto own = script_settings(loading_, file);
        const bool replaces = settings_.replaces_placeholders && own.replaces_placeholders;
        flyway::Checksum raw;
        if (contents.is_streamed) {
            bool has_placeholder = false;
            each_piece(loading_.folder.path() / file, [&](std::string_view piece) {
                raw.add(piece);
                has_placeholder |= piece.find(settings_.placeholder_prefix) != piece.npos;
            });
            if (has_placeholder && replaces) {
                // What is replaced must be held, however long it is.
                contents = std::move(loading_.read({file}, Long::hold).front());
            }
        } else {
            raw.add(contents.text);
        }
        checksum = raw.text();
        auto script = loading_.script(file, contents);
        script.directives.no_transaction = !own.in_transaction;
        if (replaces && script.text.find(settings_.placeholder_prefix) != std::string::npos) {
            auto values = values_;
            values.emplace("flyway:filename", base_name(file));
            auto replaced = replace_placeholders(
                script.text, settings_.placeholder_prefix, settings_.placeholder_suffix, values,
                [&](std::size_t offset, std::string message) {
                    loading_.complain(file, std::move(message), line_of(script.text, offset));
                });
            script.text = std::move(replaced);
            if (names_[i].type == Type::repeatable) {
                // It is run again when a value changed, too.
                flyway::Checksum changed;
                changed.add(script.text);
                checksum = changed.text();
                script.checksum.clear();
            }
        }
        return script;
    }

    void add(std::size_t i, Contents& contents) {
        const auto& name = names_[i];
        Migration migration;
        migration.kind = name.type == Type::repeatable ? Kind::repeatable
                         : name.type == Type::baseline ? Kind::baseline
                                                       : Kind::versioned;
        migration.version = name.type == Type::repeatable ? name.description : name.version;
        migration.name = name.type == Type::repeatable ? "" : name.description;
        migration.up = script(i, contents, migration.tool_checksum);
        loading_.migrations.push_back(std::move(migration));
    }

    void order() {
        std::stable_sort(loading_.migrations.begin(), loading_.migrations.end(),
                         [](const auto& a, const auto& b) {
                             const bool last = a.kind == Kind::repeatable;
                             if (last != (b.kind == Kind::repeatable)) {
                                 return !last;
                             }
                             return last ? a.version < b.version
                                         : version_before(a.version, b.version);
                         });
    }

    void add_undo(std::size_t i, Contents& contents) {
        const auto version = canonical_version(names_[i].version);
        const auto undone = std::find_if(
            loading_.migrations.begin(), loading_.migrations.end(), [&](const auto& each) {
                return each.kind == Kind::versioned && canonical_version(each.version) == version;
            });
        if (undone == loading_.migrations.end()) {
            loading_.note(files_[i], "undoes a version that is not there");
        } else if (undone->down) {
            loading_.complain(files_[i], fmt::format("undoes what {} undoes", undone->down->file));
        } else {
            std::string checksum;
            undone->down = script(i, contents, checksum);
        }
    }

    Loading& loading_;
    Settings settings_;
    Values values_;
    std::vector<std::string> files_;
    std::vector<Name> names_;
};

void load_flyway(Loading& loading) { Loader(loading).run(); }

Created create_flyway(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    const auto settings = flyway::read_settings(folder);
    std::string newest;
    for (const auto& file : folder.files_within()) {
        const auto name = flyway::parse_name(base_name(file), settings);
        if (name && !name->version.empty() &&
            (newest.empty() || version_before(newest, name->version))) {
            newest = name->version;
        }
    }
    // The first part counts on: 2 follows 1.4, and the present moment a moment.
    const auto first = std::string(leading_digits(newest));
    const auto stem =
        fmt::format("{}{}{}", next_number({first}, "1"), settings.separator, slug(wanted.name));
    const Created created{source.path / (settings.versioned + stem + settings.suffixes.front()),
                          source.path / (settings.undo + stem + settings.suffixes.front()),
                          {}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, "\n");
    return created;
}

}  // namespace

Format flyway_format() {
    return {"flyway", "Flyway", "flyway_schema_history", detect_flyway, load_flyway, create_flyway};
}

}  // namespace caisson::sources
