// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/markers.h"
#include "lifecycle/sources/formats/sampling.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

/// Whether the line is `-- Up Migration`, as the tool reads it: `^\s*--[\s-]*up\s+migration`.
bool is_mark(std::string_view line, std::string_view direction) {
    auto rest = trim(line);
    if (!rest.starts_with("--")) {
        return false;
    }
    rest.remove_prefix(std::min(rest.find_first_not_of("- \t"), rest.size()));
    const auto words = lower(rest.substr(0, 80));
    if (!words.starts_with(direction)) {
        return false;
    }
    const auto after = std::string_view(words).substr(direction.size());
    return !after.empty() && trim(after).starts_with("migration") && trim(after) != after;
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
std::int64_t days_since_epoch(std::int64_t year, std::int64_t month, std::int64_t day) {
    const auto shifted = year - (month <= 2 ? 1 : 0);
    const auto era = shifted / 400;
    const auto of_era = shifted - era * 400;
    const auto day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const auto day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

std::int64_t number_of(std::string_view digits) {
    std::int64_t number = 0;
    for (const char c : digits.substr(0, 18)) {
        number = number * 10 + (c - '0');
    }
    return number;
}

/// What the tool sorts by: the number at the start; 17 digits are a moment in UTC, and count as its
/// milliseconds. As text, because numbers may be of any length.
std::string sort_key(std::string_view file) {
    const auto digits = leading_digits(file);
    if (digits.size() != 17) {
        return canonical_version(digits.empty() ? "0" : digits);
    }
    const auto part = [&](std::size_t at, std::size_t size) {
        return number_of(digits.substr(at, size));
    };
    const auto seconds = days_since_epoch(part(0, 4), part(4, 2), part(6, 2)) * 86400 +
                         part(8, 2) * 3600 + part(10, 2) * 60 + part(12, 2);
    return std::to_string(std::max<std::int64_t>(seconds * 1000 + part(14, 3), 0));
}

/// As localeCompare with numeric and ignorePunctuation: letters and numbers, case last.
bool name_before(std::string_view a, std::string_view b) {
    const auto words = [](std::string_view text) {
        std::string kept;
        for (const char c : lower(text)) {
            if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                static_cast<unsigned char>(c) >= 128) {
                kept += c;
            }
        }
        return kept;
    };
    const auto left = words(a);
    const auto right = words(b);
    if (version_before(left, right) != version_before(right, left)) {
        return version_before(left, right);
    }
    // Lower case comes first.
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return x > y; });
}

constexpr std::array<std::string_view, 7> program_ends = {".js",  ".ts",  ".mjs", ".cjs",
                                                          ".mts", ".cts", ".jsx"};

bool is_program(const std::string& file) {
    return std::find(program_ends.begin(), program_ends.end(), extension_of(file)) !=
               program_ends.end() &&
           !file.ends_with(".d.ts");
}

Claim detect_node_pg_migrate(const Folder& folder) {
    auto claim = detect_by_mark(folder, "-- Up Migration",
                                [](std::string_view line) { return is_mark(line, "up"); });
    std::vector<std::string> programs;
    for (const auto& file : folder.files()) {
        if (is_program(file) && !leading_digits(file).empty()) {
            programs.push_back(file);
        }
    }
    for (const auto& file : sample(programs)) {
        const auto head = folder.head(file);
        if (head.find("node-pg-migrate") != std::string::npos ||
            head.find("pgm.") != std::string::npos || head.find("(pgm") != std::string::npos) {
            claim.certainty = std::max(claim.certainty, 85);
            claim.evidence.push_back(fmt::format("{} uses node-pg-migrate's builder (pgm)", file));
            break;
        }
    }
    return claim;
}

void load_node_pg_migrate(Loading& loading) {
    std::vector<std::string> names;
    for (const auto& file : loading.folder.files()) {
        if (extension_of(file) != ".sql" && !is_program(file)) {
            continue;
        }
        if (leading_digits(file).empty()) {
            loading.note(file, "has no number, and is not taken for a migration");
        } else {
            names.push_back(file);
        }
    }
    std::vector<std::pair<std::string, std::string>> keyed;
    for (auto& name : names) {
        keyed.emplace_back(sort_key(name), std::move(name));
    }
    std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? version_before(a.first, b.first)
                                  : name_before(a.second, b.second);
    });
    names.clear();
    std::vector<std::string> scripts;
    for (auto& [key, name] : keyed) {
        if (extension_of(name) == ".sql") {
            scripts.push_back(name);
        }
        names.push_back(std::move(name));
    }
    const auto contents = loading.read(scripts, Long::hold);
    std::size_t next = 0;
    for (const auto& name : names) {
        // The key of the tool's table: the name without its extension.
        auto key = name.substr(0, name.rfind('.'));
        if (is_program(name)) {
            loading.add_program(name, std::move(key), "");
            continue;
        }
        const auto text = without_mark(contents[next++].text);
        auto migration = migration_of(loading, name, text, read_node_pg_migrate(text));
        migration.version = std::move(key);
        loading.migrations.push_back(std::move(migration));
    }
    loading.require_distinct_keys();
}

Created create_node_pg_migrate(const platform::Source& source, const NewMigration& wanted) {
    const auto numbers = numbers_of(Folder(source.path).files());
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    auto number = next_number(numbers, std::to_string(milliseconds.count()));
    const bool counts_milliseconds = !numbers.empty() && number.size() == 13;
    if (counts_milliseconds && version_before(number, std::to_string(milliseconds.count()))) {
        number = std::to_string(milliseconds.count());
    }
    const Created created{
        source.path / fmt::format("{}_{}.sql", number, slug(wanted.name, '-')), {}, {}};
    ensure_directory(source.path);
    write_file(created.up, fmt::format("{}-- Up Migration\n\n\n-- Down Migration\n\n",
                                       description_lines(wanted.description)));
    return created;
}

}  // namespace

Sections read_node_pg_migrate(std::string_view text) {
    constexpr auto nowhere = std::string_view::npos;
    std::size_t up = nowhere;
    std::size_t down = nowhere;
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t) {
        up = up == nowhere && is_mark(line, "up") ? begin : up;
        down = down == nowhere && is_mark(line, "down") ? begin : down;
    });
    Sections sections;
    // Without a mark for the way up all of the file is it, the way down included: so does the tool.
    sections.up.push_back(up == nowhere
                              ? Range{0, text.size()}
                              : Range{up, down != nowhere && down > up ? down : text.size()});
    if (down != nowhere) {
        sections.has_down = true;
        sections.down.push_back({down, up != nowhere && up > down ? up : text.size()});
    }
    return sections;
}

Format node_pg_migrate_format() {
    return {"node-pg-migrate",      "node-pg-migrate",    "pgmigrations",
            detect_node_pg_migrate, load_node_pg_migrate, create_node_pg_migrate};
}

}  // namespace caisson::sources
