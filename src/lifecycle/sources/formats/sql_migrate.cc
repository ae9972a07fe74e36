// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/markers.h"
#include "lifecycle/sources/formats/sampling.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

constexpr std::string_view mark = "-- +migrate ";

/// The words of `-- +migrate Up notransaction`.
std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    if (line.starts_with(mark)) {
        for (auto rest = trim(line.substr(mark.size())); !rest.empty(); rest = trim(rest)) {
            const auto end = std::min(rest.find_first_of(" \t"), rest.size());
            words.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end);
        }
    }
    return words;
}

Claim detect_sql_migrate(const Folder& folder) {
    return detect_by_mark(folder, "-- +migrate Up", [](std::string_view line) {
        const auto words = words_of(line);
        return !words.empty() && words.front() == "Up";
    });
}

/// By the number at the start, then as text; names without a number come last.
/// Source: rubenv/sql-migrate, Migration.Less.
bool before(const Migration& a, const Migration& b) {
    const auto left = leading_digits(a.version);
    const auto right = leading_digits(b.version);
    if (left.empty() != right.empty()) {
        return !left.empty();
    }
    if (version_before(left, right) != version_before(right, left)) {
        return version_before(left, right);
    }
    return a.version < b.version;
}

void load_sql_migrate(Loading& loading) {
    std::vector<std::string> names;
    for (const auto& file : loading.folder.files()) {
        if (file.ends_with(".sql")) {
            names.push_back(file);
        }
    }
    const auto contents = loading.read(names, Long::hold);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (contents[i].mistake.empty()) {
            const auto text = without_mark(contents[i].text);
            auto migration = migration_of(loading, names[i], text, read_sql_migrate(text));
            // The key of the tool's table is the name of the file.
            migration.version = names[i];
            loading.migrations.push_back(std::move(migration));
        }
    }
    std::stable_sort(loading.migrations.begin(), loading.migrations.end(), before);
}

Created create_sql_migrate(const platform::Source& source, const NewMigration& wanted) {
    const auto number = next_number(numbers_of(Folder(source.path).files()), "");
    const Created created{
        source.path / fmt::format("{}-{}.sql", number, slug(wanted.name)), {}, {}};
    ensure_directory(source.path);
    write_file(created.up, fmt::format("{}\n-- +migrate Up\n\n-- +migrate Down\n",
                                       description_lines(wanted.description)));
    return created;
}

}  // namespace

Sections read_sql_migrate(std::string_view text) {
    Sections sections;
    std::vector<Range>* open = nullptr;
    bool in_statement = false;
    std::size_t number = 0;
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t end) {
        ++number;
        const auto words = words_of(line);
        const auto word = words.empty() ? std::string() : words.front();
        if (word == "Up" || word == "Down") {
            const bool is_up = word == "Up";
            open = is_up ? &sections.up : &sections.down;
            open->push_back({begin, end});
            sections.has_down |= !is_up;
            const bool refuses =
                std::find(words.begin(), words.end(), "notransaction") != words.end();
            (is_up ? sections.no_transaction_up : sections.no_transaction_down) |= refuses;
        } else if (open) {
            open->back().end = end;
        }
        in_statement = word == "StatementBegin" || (in_statement && word != "StatementEnd");
    });
    if (!open) {
        sections.complaints.push_back({0, "has neither -- +migrate Up nor -- +migrate Down"});
    } else if (in_statement) {
        sections.complaints.push_back(
            {0, "has no -- +migrate StatementEnd after its last StatementBegin"});
    }
    return sections;
}

Format sql_migrate_format() {
    return {"sql-migrate",      "sql-migrate",    "gorp_migrations",
            detect_sql_migrate, load_sql_migrate, create_sql_migrate};
}

}  // namespace caisson::sources
