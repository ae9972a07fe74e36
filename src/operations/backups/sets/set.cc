// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/set.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson::backups {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> kind_names = {"full", "differential", "incremental",
                                                        "logical"};
constexpr std::string_view purpose = "caisson-backup-set-1\n";

/// Members by the same list in both directions: what is written is what is read.
class Writing {
 public:
    explicit Writing(json::object& object) : object_(object) {}
    void member(std::string_view name, const std::string& value) {
        if (!value.empty()) {
            object_[name] = value;
        }
    }
    void member(std::string_view name, std::uint64_t value) { object_[name] = value; }
    void member(std::string_view name, bool value) {
        if (value) {
            object_[name] = true;
        }
    }
    void member(std::string_view name, const std::vector<Parameter>& values) {
        if (!values.empty()) {
            auto& array = object_[name].emplace_array();
            for (const auto& each : values) {
                array.push_back(
                    json::object{{"role", each.role}, {"name", each.name}, {"value", each.value}});
            }
        }
    }
    void member(std::string_view name, const std::vector<std::string>& values) {
        if (!values.empty()) {
            object_[name] = json::array(values.begin(), values.end());
        }
    }

 private:
    json::object& object_;
};

class Reading {
 public:
    explicit Reading(const json::object& object) : object_(object) {}
    void member(std::string_view name, std::string& value) {
        if (const auto* const found = object_.if_contains(name)) {
            value = std::string(found->as_string());
        }
    }
    void member(std::string_view name, std::uint64_t& value) {
        value = object_.at(name).to_number<std::uint64_t>();
    }
    void member(std::string_view name, bool& value) {
        if (const auto* const found = object_.if_contains(name)) {
            value = found->as_bool();
        }
    }
    void member(std::string_view name, std::vector<Parameter>& values) {
        if (const auto* const found = object_.if_contains(name)) {
            for (const auto& entry : found->as_array()) {
                const auto& each = entry.as_object();
                values.push_back({std::string(each.at("role").as_string()),
                                  std::string(each.at("name").as_string()),
                                  std::string(each.at("value").as_string())});
            }
        }
    }
    void member(std::string_view name, std::vector<std::string>& values) {
        if (const auto* const found = object_.if_contains(name)) {
            for (const auto& entry : found->as_array()) {
                values.emplace_back(entry.as_string());
            }
        }
    }

 private:
    const json::object& object_;
};

template <typename Way, typename File>
void file_members(Way& way, File& file) {
    way.member("name", file.name);
    way.member("bytes", file.bytes);
    way.member("sha256", file.sha256);
}

template <typename Way, typename Table>
void table_members(Way& way, Table& table) {
    way.member("database", table.database);
    way.member("schema", table.schema);
    way.member("table", table.table);
    way.member("rows", table.rows);
    way.member("bytes", table.bytes);
    way.member("sha256", table.sha256);
    way.member("sample", table.is_sample);
}

template <typename Way, typename AnyPart>
void part_members(Way& way, AnyPart& part) {
    way.member("kind", part.kind);
    way.member("name", part.name);
    way.member("file", part.file);
    way.member("at", part.at);
    way.member("bytes", part.bytes);
    way.member("sha256", part.sha256);
}

template <typename Way, typename AnyOrigin>
void origin_members(Way& way, AnyOrigin& origin) {
    way.member("key", origin.key);
    way.member("database", origin.database);
    way.member("uuid", origin.uuid);
    way.member("schema_sha256", origin.schema_sha256);
    way.member("migration", origin.migration);
    way.member("parameters", origin.parameters);
}

template <typename Way, typename AnySet>
void set_members(Way& way, AnySet& set) {
    way.member("id", set.id);
    way.member("platform", set.platform);
    way.member("environment", set.environment);
    way.member("server_version", set.server_version);
    way.member("system_identifier", set.system_identifier);
    way.member("timeline", set.timeline);
    way.member("started", set.started);
    way.member("finished", set.finished);
    way.member("lsn_start", set.lsn_start);
    way.member("lsn_stop", set.lsn_stop);
    way.member("wal_start", set.wal_start);
    way.member("wal_stop", set.wal_stop);
    way.member("label", set.label);
    way.member("prior", set.prior);
    way.member("restore_point", set.restore_point);
    way.member("lsn_point", set.lsn_point);
    way.member("self_contained", set.is_self_contained);
    way.member("key", set.key);
    way.member("bytes", set.bytes);
    way.member("stored_bytes", set.stored_bytes);
    way.member("notes", set.notes);
}

template <typename Value, typename Members>
json::array array_of(const std::vector<Value>& values, Members members) {
    json::array array;
    for (const auto& value : values) {
        json::object object;
        Writing writing(object);
        members(writing, value);
        array.push_back(std::move(object));
    }
    return array;
}

template <typename Value, typename Members>
std::vector<Value> values_of(const json::object& object, std::string_view name, Members members) {
    std::vector<Value> values;
    for (const auto& entry : object.at(name).as_array()) {
        Reading reading(entry.as_object());
        members(reading, values.emplace_back());
    }
    return values;
}

constexpr auto as_file = [](auto& way, auto& value) { file_members(way, value); };
constexpr auto as_table = [](auto& way, auto& value) { table_members(way, value); };
constexpr auto as_part = [](auto& way, auto& value) { part_members(way, value); };
constexpr auto as_origin = [](auto& way, auto& value) { origin_members(way, value); };

/// A member a line, and of a list an entry a line: people read and compare it.
std::string lines_of(const json::object& object) {
    std::string text = "{\n";
    for (const auto& member : object) {
        text += fmt::format("  {}: ", json::serialize(json::value(member.key())));
        const auto* const array = member.value().if_array();
        if (array && !array->empty()) {
            text += "[\n";
            for (const auto& entry : *array) {
                text += fmt::format("    {}{}\n", json::serialize(entry),
                                    &entry == &array->back() ? "" : ",");
            }
            text += "  ]";
        } else {
            text += json::serialize(member.value());
        }
        text += &*std::prev(object.end()) == &member ? "\n" : ",\n";
    }
    return text + "}\n";
}

/// A database of which nothing is said compares as equal to whatever is restored.
void check_logical(const Set& set) {
    for (const auto& part : set.parts) {
        if (part.kind != "database") {
            continue;
        }
        const auto origin = std::ranges::find(set.origins, part.name, &Origin::key);
        if (origin == set.origins.end()) {
            throw Error(Code::backup_damaged,
                        fmt::format("the manifest does not say what {} is of", part.name));
        }
        if (std::ranges::find(set.tables, origin->database, &TableContent::database) ==
            set.tables.end()) {
            throw Error(Code::backup_damaged,
                        fmt::format("the manifest names no table of {}", origin->database));
        }
    }
}

Set set_of(const json::object& object) {
    Set set;
    set.format = static_cast<int>(object.at("format").to_number<std::int64_t>());
    if (set.format > Set::newest_format) {
        throw Error(Code::backup_damaged,
                    fmt::format("the manifest has the format {}; expected at most {}", set.format,
                                Set::newest_format),
                    "a newer caisson made it: use that one");
    }
    const auto kind = kind_named(object.at("kind").as_string());
    if (!kind) {
        throw Error(Code::backup_damaged, "the manifest has an unknown kind of set");
    }
    set.kind = *kind;
    Reading reading(object);
    set_members(reading, set);
    set.origins = values_of<Origin>(object, "origins", as_origin);
    set.parts = values_of<Part>(object, "parts", as_part);
    set.files = values_of<StoredFile>(object, "files", as_file);
    for (const auto& file : set.files) {
        // It becomes a path, and the manifest may be anybody's.
        if (file.name.empty() || file.name.front() == '.' ||
            file.name.find('/') != std::string::npos) {
            throw Error(Code::backup_damaged, "the manifest names a file outside of its set");
        }
    }
    set.tables = values_of<TableContent>(object, "tables", as_table);
    for (const auto& tool : object.at("tools").as_object()) {
        set.tools[std::string(tool.key())] = std::string(tool.value().as_string());
    }
    if (!set.is_physical()) {
        check_logical(set);
    }
    return set;
}

}  // namespace

std::string_view name_of(Kind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

std::optional<Kind> kind_named(std::string_view name) {
    const auto* const found = std::ranges::find(kind_names, name);
    return found == kind_names.end() ? std::nullopt
                                     : std::optional(static_cast<Kind>(found - kind_names.begin()));
}

std::tuple<std::string, std::string, std::string> begin_of(const Set& set) {
    return {set.id.substr(0, set.id.find('-')), set.started, set.id};
}

std::string new_id(std::string_view started, Kind kind) {
    std::string digits;
    for (const char c : started.substr(0, 19)) {
        if (c != '-' && c != ':') {
            digits += c;
        }
    }
    return fmt::format("{}Z-{}-{}", digits, name_of(kind), random_uuid().substr(0, 4));
}

/// What an id may be made of: it becomes a path.
bool is_id(std::string_view text) {
    return text.size() >= 8 && text.size() <= 64 && text.front() != '.' &&
           std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-';
           });
}

std::string to_json(const Set& set) {
    json::object object;
    object["format"] = set.format;
    object["kind"] = name_of(set.kind);
    Writing writing(object);
    set_members(writing, set);
    object["tools"] = json::value_from(set.tools);
    object["origins"] = array_of(set.origins, as_origin);
    object["parts"] = array_of(set.parts, as_part);
    object["files"] = array_of(set.files, as_file);
    object["tables"] = array_of(set.tables, as_table);
    return lines_of(object);
}

Set parse_set(std::string_view text) {
    try {
        return set_of(json::parse(text).as_object());
    } catch (const Error&) {
        throw;
    } catch (const std::exception&) {
        throw Error(Code::backup_damaged, "the manifest of the set cannot be read as one");
    }
}

Signature sign_manifest(const SigningKey& key, std::string_view text) {
    return {key.public_key(), key.sign(std::string(purpose) + sha256_hex(text))};
}

std::string to_json(const Signature& signature) {
    return json::serialize(json::object{{"public_key", signature.public_key},
                                        {"signature", signature.signature}}) +
           "\n";
}

std::optional<Signature> parse_signature(std::string_view text) {
    try {
        const auto value = json::parse(text);
        const auto& object = value.as_object();
        return Signature{std::string(object.at("public_key").as_string()),
                         std::string(object.at("signature").as_string())};
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

bool is_signed(const Signature& signature, std::string_view text,
               const std::vector<std::string>& public_keys) {
    return std::ranges::find(public_keys, signature.public_key) != public_keys.end() &&
           is_signed_by(signature.public_key, std::string(purpose) + sha256_hex(text),
                        signature.signature);
}

}  // namespace caisson::backups
