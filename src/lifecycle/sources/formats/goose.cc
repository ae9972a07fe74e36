// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/markers.h"
#include "lifecycle/sources/formats/sampling.h"
#include "lifecycle/sources/formats/substitution.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

const std::array<std::string, 7> annotations = {
    "up", "down", "statementbegin", "statementend", "no transaction", "envsub on", "envsub off"};

/// What a line says to goose, in lower case; nothing when it says nothing.
std::optional<std::string> annotation_of(std::string_view line) {
    if (!line.starts_with("--")) {
        return std::nullopt;
    }
    const auto content = trim(line.substr(2));
    if (!content.starts_with("+goose")) {
        return std::nullopt;
    }
    return lower(trim(content.substr(std::string_view("+goose").size())));
}

Claim detect_goose(const Folder& folder) {
    auto claim = detect_by_mark(folder, "-- +goose Up",
                                [](std::string_view line) { return annotation_of(line) == "up"; });
    if (claim.certainty > 0) {
        return claim;
    }
    for (const auto& file : folder.files()) {
        if (file.ends_with(".go") && folder.head(file).find("pressly/goose") != std::string::npos) {
            return {85, {fmt::format("{} registers itself with goose", file)}};
        }
    }
    return {};
}

/// The digits before the first underscore, as goose's table keeps them: a number.
std::optional<std::string> version_of(const std::string& file) {
    const auto digits = leading_digits(file);
    const bool is_named =
        !digits.empty() && file[digits.size()] == '_' && canonical_version(digits) != "0";
    return is_named ? std::optional(canonical_version(digits)) : std::nullopt;
}

void load_file(Loading& loading, const std::string& name, const Contents& contents) {
    const auto text = without_mark(contents.text);
    std::vector<Range> substituted;
    const auto sections = read_goose(text, substituted);
    std::string whole(text);
    if (!substituted.empty()) {
        whole = substitute(text, substituted, loading.source.placeholders,
                           [&](std::size_t offset, std::string message) {
                               loading.complain(name, std::move(message), line_of(text, offset));
                           });
    }
    // The values may have changed the lengths, never the lines.
    std::vector<Range> ignored;
    auto migration = migration_of(loading, name, whole,
                                  substituted.empty() ? sections : read_goose(whole, ignored));
    migration.version = *version_of(name);
    migration.name = name.substr(name.find('_') + 1);
    migration.name.resize(migration.name.size() - std::string_view(".sql").size());
    loading.migrations.push_back(std::move(migration));
}

void load_goose(Loading& loading) {
    std::vector<std::string> names;
    for (const auto& file : loading.folder.files()) {
        const bool is_go = file.ends_with(".go") && !file.ends_with("_test.go");
        const auto version = version_of(file);
        if (is_go && version) {
            loading.add_program(file, *version, file.substr(file.find('_') + 1));
        } else if (file.ends_with(".sql") && version) {
            names.push_back(file);
        } else if (file.ends_with(".sql")) {
            loading.note(file, "is not named NNN_name.sql, and goose leaves it out");
        }
    }
    const auto contents = loading.read(names, Long::hold);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (contents[i].mistake.empty()) {
            load_file(loading, names[i], contents[i]);
        }
    }
    std::stable_sort(
        loading.migrations.begin(), loading.migrations.end(),
        [](const auto& a, const auto& b) { return version_before(a.version, b.version); });
    loading.require_distinct_keys();
}

Created create_goose(const platform::Source& source, const NewMigration& wanted) {
    const auto numbers = numbers_of(Folder(source.path).files());
    const Created created{
        source.path / fmt::format("{}_{}.sql", next_number(numbers, ""), slug(wanted.name)),
        {},
        {}};
    ensure_directory(source.path);
    write_file(created.up, fmt::format("{}-- +goose Up\n\n\n-- +goose Down\n\n",
                                       description_lines(wanted.description)));
    return created;
}

/// Where a file stands while it is read.
struct Reader {
    Sections sections;
    std::vector<Range>& substituted;
    std::size_t number = 0;
    bool is_up = false;
    bool is_down = false;
    bool in_statement = false;
    bool substitutes = false;
    bool strays = false;
    bool refuses_transaction = false;

    void complain(std::string message) {
        sections.complaints.push_back({number, std::move(message)});
    }

    void obey(const std::string& annotation, std::size_t begin, std::size_t end) {
        if (annotation == "up") {
            if (is_up || is_down) {
                complain("a second -- +goose Up");
            }
            is_up = true;
            sections.up.push_back({begin, end});
        } else if (annotation == "down") {
            if (!is_up || is_down) {
                complain(is_down ? "a second -- +goose Down"
                                 : "-- +goose Down before -- +goose Up");
            }
            is_down = true;
            sections.has_down = true;
            sections.down.push_back({begin, end});
        } else if (annotation == "statementbegin" || annotation == "statementend") {
            const bool begins = annotation == "statementbegin";
            if (in_statement == begins || !is_up) {
                complain(fmt::format("-- +goose {} without {}",
                                     begins ? "StatementBegin" : "StatementEnd",
                                     begins ? "the end of the one before it, or before Up"
                                            : "-- +goose StatementBegin"));
            }
            in_statement = begins;
        } else if (annotation == "no transaction") {
            refuses_transaction = true;
        } else if (annotation == "envsub on" || annotation == "envsub off") {
            substitutes = annotation == "envsub on";
        } else {
            const auto near = nearest(annotation, annotations);
            complain(fmt::format("unknown annotation \"+goose {}\"; {}", annotation,
                                 near.empty() ? "goose knows Up, Down, StatementBegin, "
                                                "StatementEnd, NO TRANSACTION, ENVSUB ON and OFF"
                                              : fmt::format("did you mean {}?", near)));
        }
    }

    void keep(std::string_view line, std::size_t begin, std::size_t end) {
        if (is_down) {
            sections.down.back().end = end;
        } else if (is_up) {
            sections.up.back().end = end;
        } else if (!strays && !trim(line).empty() && !trim(line).starts_with("--")) {
            strays = true;
            complain("a statement before -- +goose Up; goose refuses it, too");
        }
        if (substitutes) {
            substituted.push_back({begin, end});
        }
    }
};

}  // namespace

Sections read_goose(std::string_view text, std::vector<Range>& substituted) {
    Reader reader{{}, substituted};
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t end) {
        ++reader.number;
        if (const auto annotation = annotation_of(line)) {
            reader.obey(*annotation, begin, end);
        }
        reader.keep(line, begin, end);
    });
    reader.number = 0;
    if (!reader.is_up) {
        reader.complain("has no line -- +goose Up");
    }
    if (reader.in_statement) {
        reader.complain("has no -- +goose StatementEnd after its last StatementBegin");
    }
    // It speaks for both directions, wherever it stands.
    reader.sections.no_transaction_up = reader.refuses_transaction;
    reader.sections.no_transaction_down = reader.refuses_transaction;
    return std::move(reader.sections);
}

Format goose_format() {
    return {"goose", "goose", "goose_db_version", detect_goose, load_goose, create_goose};
}

}  // namespace caisson::sources
