// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/markers.h"
#include "lifecycle/sources/formats/sampling.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// What follows `-- migrate:up` in its line; nothing when the line is no such mark.
std::optional<std::string_view> options_after(std::string_view line, std::string_view mark) {
    if (!line.starts_with("--")) {
        return std::nullopt;
    }
    const auto content = trim(line.substr(2));
    if (!content.starts_with(mark)) {
        return std::nullopt;
    }
    const auto rest = content.substr(mark.size());
    const bool is_whole_word = rest.empty() || rest.front() == ' ' || rest.front() == '\t';
    return is_whole_word ? std::optional(trim(rest)) : std::nullopt;
}

bool refuses_transaction(std::string_view options) {
    bool refused = false;
    while (!options.empty()) {
        const auto end = std::min(options.find_first_of(" \t"), options.size());
        const auto option = options.substr(0, end);
        if (option.starts_with("transaction:")) {
            refused = option == "transaction:false";
        }
        options = trim(options.substr(end));
    }
    return refused;
}

Claim detect_dbmate(const Folder& folder) {
    return detect_by_mark(folder, "-- migrate:up", [](std::string_view line) {
        return options_after(line, "migrate:up").has_value();
    });
}

void load_dbmate(Loading& loading) {
    std::vector<std::string> names;
    for (const auto& file : loading.folder.files()) {
        if (file.ends_with(".sql") && !leading_digits(file).empty()) {
            names.push_back(file);
        }
    }
    auto contents = loading.read(names, Long::hold);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!contents[i].mistake.empty()) {
            continue;
        }
        const auto text = without_mark(contents[i].text);
        auto migration = migration_of(loading, names[i], text, read_dbmate(text));
        migration.version = leading_digits(names[i]);
        migration.name = names[i].substr(migration.version.size());
        migration.name.resize(migration.name.size() - std::string_view(".sql").size());
        migration.name.erase(
            0, std::min(migration.name.find_first_not_of("_-. "), migration.name.size()));
        loading.migrations.push_back(std::move(migration));
    }
    // In the order of the whole names, as bytes: dbmate compares no numbers. The key of its table
    // is the version, so one may not occur twice, wherever it stands.
    loading.require_distinct_keys();
}

Created create_dbmate(const platform::Source& source, const NewMigration& wanted) {
    const auto number = next_number(numbers_of(Folder(source.path).files()), "");
    const Created created{
        source.path / fmt::format("{}_{}.sql", number, slug(wanted.name)), {}, {}};
    ensure_directory(source.path);
    write_file(created.up, fmt::format("{}-- migrate:up\n\n\n-- migrate:down\n\n",
                                       description_lines(wanted.description)));
    return created;
}

}  // namespace

Sections read_dbmate(std::string_view text) {
    Sections sections;
    std::size_t pairs = 0;
    std::size_t downs = 0;
    std::size_t number = 0;
    std::vector<Range>* open = nullptr;
    bool strays = false;
    const auto complain = [&](std::string message) {
        sections.complaints.push_back({number, std::move(message)});
    };
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t end) {
        ++number;
        if (const auto options = options_after(line, "migrate:up")) {
            if (pairs++ > downs) {
                complain("a second -- migrate:up before the -- migrate:down of the first");
            }
            sections.up.push_back({begin, end});
            sections.no_transaction_up |= refuses_transaction(*options);
            open = &sections.up;
        } else if (const auto back = options_after(line, "migrate:down")) {
            if (++downs > pairs) {
                complain("-- migrate:down without a -- migrate:up before it");
            }
            sections.down.push_back({begin, end});
            sections.has_down = true;
            sections.no_transaction_down |= refuses_transaction(*back);
            open = &sections.down;
        } else if (open) {
            open->back().end = end;
        } else if (!strays && !trim(line).empty() && !trim(line).starts_with("--")) {
            strays = true;
            complain("a statement before -- migrate:up; dbmate refuses it, too");
        }
    });
    if (pairs == 0) {
        number = 0;
        complain("has no line -- migrate:up");
    } else if (downs < pairs) {
        number = 0;
        complain("has no line -- migrate:down (it may be empty below it)");
    }
    return sections;
}

Format dbmate_format() {
    return {"dbmate", "dbmate", "schema_migrations", detect_dbmate, load_dbmate, create_dbmate};
}

}  // namespace caisson::sources
