// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

constexpr std::size_t longest_identifier = 63;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Stricter than PostgreSQL: the name also stands in URLs, file names and the names of roles.
bool is_database_name(std::string_view name) {
    return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '$';
    });
}

std::size_t longest_role_suffix() {
    std::size_t longest = 0;
    for (const auto& role : built_in_roles()) {
        longest = std::max(longest, role.size() + 1);
    }
    return longest;
}

void check_name(Reading& reading, const Node& node) {
    constexpr std::array<std::string_view, 3> taken = {"postgres", "template0", "template1"};
    if (!is_database_name(node.text)) {
        reading.mistake(
            node.place,
            fmt::format(
                "the database's name is \"{}\"; expected letters, digits, - and _, starting with "
                "a letter",
                node.text));
    } else if (node.text.size() + longest_role_suffix() > longest_identifier) {
        reading.mistake(
            node.place,
            fmt::format(
                "the database's name has {} bytes; expected at most {}, because the names of its "
                "roles begin with it and PostgreSQL cuts names after {}",
                node.text.size(), longest_identifier - longest_role_suffix(), longest_identifier));
    } else if (std::find(taken.begin(), taken.end(), node.text) != taken.end()) {
        reading.mistake(
            node.place,
            fmt::format("the database's name is \"{}\", which every server has already; "
                        "expected a name of the platform's own",
                        node.text));
    }
}

void add_source(Reading& reading, Database& database, Source source, const Place& place) {
    while (source.name.size() > 1 && source.name.ends_with('/')) {
        source.name.pop_back();
    }
    source.path = (reading.directory / source.name).lexically_normal();
    std::error_code ignored;
    if (!fs::exists(source.path, ignored)) {
        reading.mistake(
            place,
            fmt::format("the folder of migrations \"{}\" does not exist; expected it at {}",
                        source.name, source.path.string()),
            "make it, or correct the path, which is taken relative to caisson.toml");
    } else if (!fs::is_directory(source.path, ignored)) {
        reading.mistake(
            place, fmt::format("\"{}\" is a file; expected a folder of migrations", source.name));
    }
    for (const auto& other : database.migrations) {
        if (other.path == source.path) {
            reading.mistake(
                place, fmt::format("the folder \"{}\" is named twice; expected each source once",
                                   source.name));
            return;
        }
    }
    database.migrations.push_back(std::move(source));
}

void read_source(Reading& reading, Database& database, const Node& item) {
    Source source;
    if (item.is(NodeType::text)) {
        source.name = item.text;
        add_source(reading, database, std::move(source), item.place);
        return;
    }
    source.format = text_of(item, "format");
    if (const Node* history = item.find("history")) {
        // `history = true` says what is so anyway.
        if (!history->is(NodeType::boolean)) {
            source.history = history->text;
        } else if (!boolean_of(item, "history", true)) {
            source.history = "";
        }
    }
    for (const auto& placeholder : members_of(item, "placeholders")) {
        source.placeholders[placeholder.key] = placeholder.value.text;
    }
    source.as_admin = text_of(item, "migrate_as") == "admin";
    if (const Node* path = item.find("path")) {
        source.name = path->text;
        add_source(reading, database, std::move(source), path->place);
    }
}

bool is_extension_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_identifier && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

void read_extension(Reading& reading, Database& database, const Node& item) {
    const Node* name = item.is(NodeType::section) ? item.find("name") : &item;
    if (!name) {
        return;
    }
    if (!is_extension_name(name->text)) {
        reading.mistake(name->place,
                        fmt::format("the extension is \"{}\"; expected an extension's name such as "
                                    "pgcrypto or uuid-ossp",
                                    name->text));
    }
    const bool is_known =
        std::any_of(database.extensions.begin(), database.extensions.end(),
                    [&](const Extension& other) { return other.name == name->text; });
    if (is_known) {
        reading.mistake(
            name->place,
            fmt::format("the extension \"{}\" is named twice; expected it once", name->text));
        return;
    }
    database.extensions.push_back({name->text, boolean_of(item, "optional", false)});
}

void read_pool(Reading& reading, Pool& pool, const Node& section) {
    pool.min = referring_text(reading, section, "min");
    pool.max = referring_text(reading, section, "max");
    pool.acquire = referring_text(reading, section, "acquire");
    pool.idle = referring_text(reading, section, "idle");
    pool.lifetime = referring_text(reading, section, "lifetime");
    pool.reap = referring_text(reading, section, "reap");
    pool.retry = referring_text(reading, section, "retry");
    pool.fail_at_once = referring_text(reading, section, "fail_at_once");
    pool.place = section.place;
    const auto least = parse_integer(pool.min);
    const auto most = parse_integer(pool.max);
    if (least && most && *least > *most) {
        reading.mistake(section.find("min")->place,
                        fmt::format("the pool keeps {} connections open and has at most {}; "
                                    "expected min to be no more than max",
                                    *least, *most));
    }
    for (const std::string_view key : {"acquire", "idle", "lifetime", "reap", "retry"}) {
        const Node* node = section.find(key);
        const auto time = node ? parse_duration(node->text) : std::nullopt;
        if (time && time->count() < 1) {
            reading.mistake(node->place, fmt::format("pool.{} is \"{}\"; expected a duration of "
                                                     "at least 1ms",
                                                     key, node->text));
        }
    }
}

void read_database(Reading& reading, const Member& member) {
    Database database;
    database.key = member.key;
    database.place = member.place;
    if (!is_name(member.key)) {
        reading.mistake(
            member.place,
            fmt::format("the database's key is \"{}\"; expected lower-case letters, digits, "
                        "- and _",
                        member.key));
    }
    const Node& section = member.value;
    if (const Node* name = section.find("name")) {
        database.name = name->text;
        check_name(reading, *name);
        for (const auto& other : reading.manifest.databases) {
            if (other.name == database.name) {
                reading.mistake(
                    name->place,
                    fmt::format("the database's name \"{}\" is taken by [databases.{}]; "
                                "expected a name for each",
                                database.name, other.key));
            }
        }
    }
    std::error_code ignored;
    if (const Node* sources = section.find("migrations")) {
        for (const auto& item : sources->items) {
            read_source(reading, database, item);
        }
    } else if (members_of(reading.written, "databases").size() == 1 &&
               fs::is_directory(reading.directory / "migrations", ignored)) {
        database.migrations.push_back({"migrations", reading.directory / "migrations"});
    }
    if (const Node* extensions = section.find("extensions")) {
        for (const auto& item : extensions->items) {
            read_extension(reading, database, item);
        }
    }
    if (const Node* pool = section.find("pool")) {
        read_pool(reading, database.pool, *pool);
    }
    reading.manifest.databases.push_back(std::move(database));
}

}  // namespace

void read_databases(Reading& reading) {
    for (const auto& member : members_of(reading.document, "databases")) {
        read_database(reading, member);
    }
    if (const Node* section = reading.written.find("databases");
        section && section->is(NodeType::section) && section->members.empty()) {
        reading.mistake(section->place, "the platform has no database; expected one or more",
                        "declare one, such as [databases.main]");
    }
}

}  // namespace caisson::platform
