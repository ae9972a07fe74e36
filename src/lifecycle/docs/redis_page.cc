// SPDX-License-Identifier: Apache-2.0
/// REDIS_KEY_PATTERNS.md: what [cache.keys] and [server.redis] say.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "platform/key_pattern.h"

namespace caisson::docs {
namespace {

using platform::CacheKey;
using platform::Manifest;

/// In the largest unit that leaves nothing over: `7 days`.
std::string human_life(std::chrono::seconds life) {
    struct Unit {
        long seconds;
        std::string_view name;
    };
    constexpr std::array units = {Unit{86400, "day"}, Unit{3600, "hour"}, Unit{60, "minute"}};
    for (const auto& unit : units) {
        if (life.count() >= unit.seconds && life.count() % unit.seconds == 0) {
            return counted(static_cast<std::size_t>(life.count() / unit.seconds), unit.name);
        }
    }
    return counted(static_cast<std::size_t>(life.count()), "second");
}

using platform::KeyPart;

/// As SCAN takes it: what means something there is escaped.
std::string glob_of(const std::vector<KeyPart>& parts) {
    std::string glob;
    for (const auto& part : parts) {
        if (part.kind != KeyPart::Kind::literal) {
            glob += '*';
            continue;
        }
        for (const char c : part.text) {
            glob += std::string_view("*?[]\\^").find(c) == std::string_view::npos ? "" : "\\";
            glob += c;
        }
    }
    return glob;
}

/// A key of the pattern, with its placeholders named.
std::string sample_of(const std::vector<KeyPart>& parts) {
    std::string sample;
    for (const auto& part : parts) {
        sample += part.kind == KeyPart::Kind::literal ? part.text : "<" + part.text + ">";
    }
    return sample;
}

std::string shell_quoted(const std::string& text) {
    return "'" + replace_all(text, "'", "'\\''") + "'";
}

std::string pattern_section(const CacheKey& key) {
    const auto parts = platform::parse_key_pattern(key.pattern).parts;
    auto text = heading(3, key.pattern);
    if (!key.description.empty()) {
        text += paragraphs(key.description) + '\n';
    }
    const auto life = key.ttl;
    text += life ? fmt::format("Lives {} from when it is written: {} s.", human_life(*life),
                               life->count())
                 : "Lives for ever.";
    std::vector<std::string> names;
    for (const auto& part : parts) {
        if (part.kind != KeyPart::Kind::literal) {
            names.push_back(
                code("{" + part.text + (part.kind == KeyPart::Kind::rest ? "*}" : "}")));
        }
    }
    if (!names.empty()) {
        text += fmt::format(" {} {} from key to key.", enumeration(names),
                            names.size() == 1 ? "differs" : "differ");
    }
    const auto sample = shell_quoted(sample_of(parts));
    auto commands = fmt::format("redis-cli --scan --pattern {}   # all of them\n",
                                shell_quoted(glob_of(parts)));
    if (life) {
        commands += fmt::format(
            "redis-cli ttl {}   # seconds left; -1: it never goes, which is a mistake\n"
            "redis-cli expire {} {}   # with everything that writes it anew\n",
            sample, sample, life->count());
    }
    return text + "\n\n" + code_block("sh", commands);
}

std::string setting(const Manifest& manifest, const std::string& name) {
    const auto found = manifest.server.redis.find(name);
    return found == manifest.server.redis.end() ? std::string() : found->second;
}

/// Source: Redis, "Key eviction".
std::string eviction_text(const std::string& policy) {
    struct Policy {
        std::string_view name;
        std::string_view meaning;
    };
    constexpr std::array policies = {
        Policy{"noeviction", "nothing goes: what needs more memory is refused"},
        Policy{"allkeys-lru",
               "the keys go that were not used for longest, before their time and "
               "without one: nothing here may be the only copy"},
        Policy{"allkeys-lfu",
               "the keys go that are used least, before their time and without one: "
               "nothing here may be the only copy"},
        Policy{"allkeys-random",
               "any keys go, before their time and without one: nothing here may "
               "be the only copy"},
        Policy{"volatile-lru",
               "of the keys with a time to live those go that were not used for longest"},
        Policy{"volatile-lfu", "of the keys with a time to live those go that are used least"},
        Policy{"volatile-random", "any of the keys with a time to live go"},
        Policy{"volatile-ttl", "of the keys with a time to live those go that have least left"}};
    const auto* const found = std::ranges::find(policies, policy, &Policy::name);
    return found == policies.end() ? "" : std::string(found->meaning);
}

std::string persistence_text(const Manifest& manifest) {
    std::vector<std::string> ways;
    // A private server keeps the log unless it is told otherwise; of others nothing is known then.
    const auto log = setting(manifest, "appendonly");
    if (log != "no") {
        const auto flush = setting(manifest, "appendfsync");
        ways.push_back(fmt::format("{}every write goes to the append-only file ({})",
                                   log.empty() ? "of private servers: " : "",
                                   flush == "always" ? "on the disk before it is answered"
                                   : flush == "no"   ? "on the disk when the system likes"
                                                     : "on the disk within a second"));
    }
    if (const auto save = setting(manifest, "save"); !save.empty()) {
        std::vector<std::string> points;
        const auto words = split(save, ' ');
        for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
            points.push_back(fmt::format("{} s with {}", words[i],
                                         counted(std::stoul("0" + words[i + 1]), "change")));
        }
        ways.push_back("snapshots after " + enumeration(points));
    }
    return ways.empty() ? "nothing" : enumeration(ways);
}

std::string facts_grid(const Manifest& manifest) {
    Grid grid({"", ""});
    const auto memory = setting(manifest, "maxmemory");
    grid.add({"memory", memory.empty() ? "no limit is declared" : code(memory) + " at most"});
    const auto policy = setting(manifest, "maxmemory-policy");
    const auto meaning = eviction_text(policy.empty() ? "noeviction" : policy);
    grid.add({"when it is full",
              policy.empty() ? meaning : code(policy) + (meaning.empty() ? "" : ": " + meaning)});
    grid.add({"survives a restart", persistence_text(manifest)});
    for (const auto& [name, value] : manifest.server.redis) {
        const bool is_told = name == "maxmemory" || name == "maxmemory-policy" ||
                             name == "appendonly" || name == "appendfsync" || name == "save";
        if (!is_told) {
            grid.add({code(name), code(value)});
        }
    }
    return grid.text();
}

/// An address as it is declared, without what could be a secret.
std::string place_of(const Manifest& manifest, const platform::Environment& environment) {
    if (environment.is_private) {
        const auto port = manifest.server.redis_port;
        return port ? fmt::format("a private server, port {} of the loopback address", *port)
                    : "a private server, behind a Unix socket";
    }
    const auto& address = environment.redis;
    if (!address.url.empty()) {
        const bool is_reference = address.url.starts_with("${") && address.url.ends_with("}") &&
                                  std::ranges::count(address.url, '}') == 1;
        return is_reference ? code(address.url) : "a URL in caisson.toml";
    }
    if (address.host.empty()) {
        return "none";
    }
    auto text = code(address.host + (address.port.empty() ? "" : ":" + address.port));
    if (!address.database.empty()) {
        text += ", database " + code(address.database);
    }
    return address.tls.empty() ? text : text + ", TLS " + code(address.tls);
}

}  // namespace

std::string redis_page(const Manifest& manifest) {
    auto text = first_line("caisson.toml");
    text += fmt::format("# Redis key patterns\n\n{}.\n\n",
                        inline_text(manifest.title.empty() ? manifest.name : manifest.title));
    if (!manifest.server.has_redis) {
        return text + "This platform has no Redis.\n";
    }
    text += facts_grid(manifest);
    text += heading(2, "Patterns");
    Grid grid({"pattern", "lives", "a key without it is", "eviction", "what is kept there"});
    for (const auto& key : manifest.cache_keys) {
        const bool is_deleted = key.on_missing == CacheKey::OnMissing::remove;
        grid.add({code(key.pattern), key.ttl ? human_life(*key.ttl) : "for ever",
                  !key.ttl     ? ""
                  : is_deleted ? "deleted"
                               : "given it",
                  key.evictable ? "" : "must not", cell_text(key.description)});
    }
    if (grid.empty()) {
        text += "caisson.toml declares none.\n";
    } else {
        text += grid.text() +
                "\nEach key is of one of these patterns; a key of none of them belongs to nobody. "
                "Whoever writes a key gives it its\ntime to live in the same step, or in the same "
                "transaction: a key without one stays until somebody finds it.\n\n" +
                code_block("sh",
                           "caisson cache audit             # keys that are not as declared, "
                           "memory by pattern\n"
                           "caisson cache clean --dry-run   # what would be done about them\n");
    }
    for (const auto& key : manifest.cache_keys) {
        text += pattern_section(key);
    }
    text += heading(2, "Where Redis is");
    Grid places({"environment", "address"});
    for (const auto& environment : manifest.environments) {
        places.add({code(environment.name), place_of(manifest, environment)});
    }
    return text + places.text();
}

}  // namespace caisson::docs
