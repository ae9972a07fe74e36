// SPDX-License-Identifier: Apache-2.0
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
