// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/reading.h"
#include "platform/shape.h"

namespace caisson::platform {
namespace {

/// `table` or `schema.table`.
bool names_a_table(const std::string& text) {
    const auto parts = split(text, '.');
    return (parts.size() == 1 || parts.size() == 2) &&
           std::all_of(parts.begin(), parts.end(), [](const auto& part) {
               return !part.empty() && part.size() <= 63 && trim(part) == part;
           });
}

void check_columns(Reading& reading, const Node& columns) {
    const std::vector<std::string> sources = {"$value", "$file", "$line"};
    for (const auto& column : columns.members) {
        const auto& text = column.value.text;
        if (text.starts_with('$') &&
            std::find(sources.begin(), sources.end(), text) == sources.end()) {
            reading.mistake(
                column.value.place,
                fmt::format(
                    "the column {} comes from \"{}\"; expected the name of a field, $value, $file "
                    "or $line",
                    column.key, text),
                suggestion(text, sources));
        }
    }
}

void check_key(Reading& reading, const SeedTable& table, const Node& key) {
    std::set<std::string> seen;
    for (const auto& column : table.key) {
        if (!seen.insert(column).second) {
            reading.mistake(key.place,
                            fmt::format("the key of {} names {} twice; expected each column once",
                                        table.table, column));
        }
    }
    if (table.key.empty()) {
        reading.mistake(
            key.place,
            fmt::format("the key of {} is empty; expected one or more columns", table.table),
            "leave it out to use the primary key");
    }
}

}  // namespace

void read_seeds(Reading& reading) {
    const auto databases = keys_of(reading.written, "databases");
    for (const auto& member : members_of(reading.document, "seeds")) {
        const Node& section = member.value;
        SeedTable table;
        table.table = member.key;
        table.key = texts_of(section, "key");
        table.database = text_of(section, "database");
        table.place = member.place;
        if (!names_a_table(member.key)) {
            reading.mistake(member.place,
                            fmt::format("[{}] names no table; expected [seeds.TABLE] or "
                                        "[seeds.\"SCHEMA.TABLE\"]",
                                        path_text("seeds", member.key)));
        }
        if (const Node* key = section.find("key")) {
            check_key(reading, table, *key);
        }
        if (const Node* columns = section.find("columns")) {
            check_columns(reading, *columns);
            for (const auto& column : columns->members) {
                table.columns[column.key] = column.value.text;
            }
        }
        if (const Node* database = section.find("database");
            database &&
            std::find(databases.begin(), databases.end(), database->text) == databases.end()) {
            reading.mistake(database->place,
                            fmt::format("the seeds of {} name the database \"{}\", which is not "
                                        "declared; expected the key of one of [databases]",
                                        member.key, database->text),
                            suggestion(database->text, databases));
        }
        reading.manifest.seeds.push_back(std::move(table));
    }
}

}  // namespace caisson::platform
