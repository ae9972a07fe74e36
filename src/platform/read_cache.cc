// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "platform/key_pattern.h"
#include "platform/reading.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// `seen` holds the meaning of each pattern so far.
void check_pattern(Reading& reading, const Member& member,
                   std::map<std::string, std::string>& seen) {
    const auto pattern = parse_key_pattern(member.key);
    if (!pattern.mistake.empty()) {
        reading.mistake(member.place,
                        fmt::format("the pattern of keys is \"{}\", and {}; expected one such as "
                                    "\"session:{{id}}\"",
                                    member.key, pattern.mistake));
        return;
    }
    const auto [other, is_new] = seen.emplace(pattern.meaning(), member.key);
    if (!is_new) {
        reading.mistake(member.place,
                        fmt::format("the patterns \"{}\" and \"{}\" mean the same keys; expected "
                                    "one of them",
                                    other->second, member.key));
    }
}

/// `businesses(id)`: which placeholder the column fills is said by its name, or there is but one.
void read_table(Reading& reading, const Node& entry, CacheKey& key) {
    const auto& text = entry.text;
    const auto open = text.find('(');
    CacheTable table;
    table.table = text.substr(0, open);
    const bool is_closed = open == std::string::npos || (text.back() == ')' && open > 0);
    if (open != std::string::npos && is_closed) {
        table.column = text.substr(open + 1, text.size() - open - 2);
    }
    if (table.table.empty() || !is_closed || (open != std::string::npos && table.column.empty())) {
        reading.mistake(entry.place,
                        fmt::format("a table is \"{}\"; expected one such as \"businesses\" or "
                                    "\"businesses(id)\"",
                                    text));
        return;
    }
    if (!table.column.empty()) {
        std::vector<std::string> names;
        for (const auto& part : parse_key_pattern(key.pattern).parts) {
            if (part.kind != KeyPart::Kind::literal && part.text != "tenant" &&
                part.text != "role") {
                names.push_back(part.text);
            }
        }
        if (std::find(names.begin(), names.end(), table.column) != names.end()) {
            table.placeholder = table.column;
        } else if (names.size() == 1) {
            table.placeholder = names.front();
        } else {
            reading.mistake(entry.place,
                            fmt::format("the column of \"{}\" is no placeholder of \"{}\"; "
                                        "expected one of that name, or a pattern with only one",
                                        text, key.pattern));
            return;
        }
    }
    key.tables.push_back(std::move(table));
}

CacheKey read_cache_key(Reading& reading, const Member& member) {
    const Node& section = member.value;
    CacheKey key;
    key.pattern = member.key;
    key.description = text_of(section, "description");
    key.evictable = boolean_of(section, "evictable", true);
    key.place = member.place;
    if (const auto ttl = parse_duration(text_of(section, "ttl"))) {
        key.ttl = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
    }
    if (const auto fresh = parse_duration(text_of(section, "fresh"))) {
        key.fresh = std::chrono::duration_cast<std::chrono::seconds>(*fresh);
        if (key.ttl && *key.fresh > *key.ttl) {
            reading.mistake(section.find("fresh")->place,
                            "fresh is longer than ttl; expected at most as long");
        }
    }
    key.is_shared = boolean_of(section, "shared", false);
    if (const Node* tables = section.find("tables")) {
        for (const auto& entry : tables->items) {
            read_table(reading, entry, key);
        }
    }
    if (const Node* on_missing = section.find("on_missing")) {
        key.on_missing =
            on_missing->text == "delete" ? CacheKey::OnMissing::remove : CacheKey::OnMissing::set;
        if (text_of(section, "ttl") == "none") {
            reading.mistake(on_missing->place,
                            fmt::format("on_missing is \"{}\" where ttl is \"none\"; expected a "
                                        "ttl that a key can lack",
                                        on_missing->text),
                            "leave one of them out");
        }
    }
    return key;
}

}  // namespace

void read_cache_keys(Reading& reading) {
    const Node* cache = reading.document.find("cache");
    if (!cache) {
        return;
    }
    std::map<std::string, std::string> seen;
    for (const auto& member : members_of(*cache, "keys")) {
        check_pattern(reading, member, seen);
        reading.manifest.cache_keys.push_back(read_cache_key(reading, member));
    }
}

}  // namespace caisson::platform
