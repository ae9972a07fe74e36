// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/stored.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "platform/key_pattern.h"
#include "serving/cache/envelope.h"
#include "serving/cache/hottest.h"
#include "serving/cache/marks.h"
#include "serving/cache/matcher.h"
#include "serving/cache/registry.h"

namespace caisson::cache {

using platform::KeyPart;
using std::chrono::milliseconds;

namespace {

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// As key_part() made it.
std::string plain(std::string_view part) {
    if (part == "%") {
        return "";
    }
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
        unsigned byte = 0;
        if (part[i] == '%' && i + 2 < part.size() &&
            std::from_chars(part.data() + i + 1, part.data() + i + 3, byte, 16).ptr ==
                part.data() + i + 3) {
            text += static_cast<char>(byte);
            i += 2;
        } else {
            text += part[i];
        }
    }
    return text;
}

using Parts = std::vector<std::pair<std::string, std::string>>;

bool match_from(const std::vector<KeyPart>& parts, std::size_t at, std::string_view key,
                Parts& found) {
    if (at == parts.size()) {
        return key.empty();
    }
    const auto& part = parts[at];
    if (part.kind == KeyPart::Kind::literal) {
        return key.starts_with(part.text) &&
               match_from(parts, at + 1, key.substr(part.text.size()), found);
    }
    for (std::size_t size = 1; size <= key.size(); ++size) {
        if (part.kind == KeyPart::Kind::word && key[size - 1] == ':') {
            break;
        }
        found.emplace_back(part.text, plain(key.substr(0, size)));
        if (match_from(parts, at + 1, key.substr(size), found)) {
            return true;
        }
        found.pop_back();
    }
    return false;
}

std::vector<std::string> tags_of(const platform::CacheKey& key, const Parts& parts) {
    std::vector<std::string> tags{pattern_tag(key.pattern)};
    for (const auto& table : key.tables) {
        if (table.column.empty()) {
            tags.push_back(any_tag(table.table));
            continue;
        }
        tags.push_back(all_tag(table.table));
        for (const auto& [name, value] : parts) {
            if (name == table.placeholder) {
                tags.push_back(row_tag(table.table, table.column, value));
                tags.push_back(row_tag(table.table, table.column, canonical_value(value)));
            }
        }
    }
    return tags;
}

std::string verdict_of(redis::Connection& connection, const platform::CacheKey& key,
                       const Parts& parts, const Value& value) {
    const auto now = Value::Clock::now();
    if (value.expires <= now) {
        return "not served: its time is over";
    }
    if (!key.tables.empty()) {
        const auto tags = tags_of(key, parts);
        std::vector<std::string> command{"HMGET", marks_key, epoch_field};
        command.insert(command.end(), tags.begin(), tags.end());
        const auto marks = connection.command(command).items;
        if (marks.at(0).is_nothing() || number_of(marks[0].value) != value.epoch) {
            return "not served: everything of its time was declared old";
        }
        for (std::size_t i = 1; i < marks.size(); ++i) {
            if (number_of(marks[i].value) > value.position) {
                return i == 1 ? "not served: all of its pattern were flushed"
                              : fmt::format("not served: what it is made of changed ({})",
                                            tags[i - 1]);
            }
        }
        if (connection.command({"GET", alive_key}).is_nothing()) {
            return "served only while loading fails: changes are not told at the moment";
        }
    }
    return value.fresh <= now ? "served while a newer one is loaded" : "served";
}

/// Values are told from what else has such a name by how they begin, in one step with the deed.
constexpr const char* unlink_script =
    "local n = 0 for _, k in ipairs(KEYS) do "
    "if redis.call('TYPE', k).ok == 'string' and redis.call('GETRANGE', k, 0, 2) == 'CC0' then "
    "n = n + 1 if ARGV[1] == '1' then redis.call('UNLINK', k) end end end return n";

void tell_flushed(redis::Connection& connection, const std::vector<std::string>& patterns) {
    std::vector<std::string> tags;
    for (const auto& pattern : patterns) {
        tags.push_back(pattern_tag(pattern));
    }
    std::vector<std::string> command{"EVAL",    written_text, "1",
                                     marks_key, channel,      written_message(tags)};
    command.insert(command.end(), tags.begin(), tags.end());
    connection.command(command);
}

/// Names of keys say whose they are.
void forget_hottest(redis::Connection& connection, const std::vector<platform::CacheKey>& keys) {
    std::vector<std::string> command{"ZREM", hottest_key};
    for (const auto& hot : hottest(connection)) {
        if (std::ranges::find(keys, hot.pattern, &platform::CacheKey::pattern) != keys.end()) {
            command.push_back(to_text(hot));
        }
    }
    if (command.size() > 2) {
        connection.command(command);
    }
}

}  // namespace

double StoredStats::hit_ratio() const {
    return asked() == 0 ? 0 : static_cast<double>(asked() - misses) / static_cast<double>(asked());
}

bool is_cache(const platform::CacheKey& key) {
    bool has_tenant = false;
    bool has_role = false;
    for (const auto& part : platform::parse_key_pattern(key.pattern).parts) {
        has_tenant = has_tenant || (part.kind != KeyPart::Kind::literal && part.text == "tenant");
        has_role = has_role || (part.kind != KeyPart::Kind::literal && part.text == "role");
    }
    return key.ttl && (key.is_shared || (has_tenant && has_role)) &&
           is_unambiguous(platform::parse_key_pattern(key.pattern));
}

std::optional<Parts> parts_of_key(const std::string& pattern, std::string_view key) {
    Parts found;
    if (!match_from(platform::parse_key_pattern(pattern).parts, 0, key, found)) {
        return std::nullopt;
    }
    return found;
}

Overview overview(redis::Connection& connection, const std::vector<platform::CacheKey>& keys) {
    std::map<std::string, std::map<std::string, std::uint64_t>> figures;
    const auto all = connection.command({"HGETALL", stats_key}).items;
    for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
        const auto bar = all[i].value.find('|');
        if (bar != std::string::npos) {
            figures[all[i].value.substr(bar + 1)][all[i].value.substr(0, bar)] =
                number_of(all[i + 1].value);
        }
    }
    Overview overview;
    overview.is_told = !connection.command({"GET", alive_key}).is_nothing();
    overview.changes =
        number_of(connection.command({"HGET", marks_key, number_field}).optional().value_or(""));
    for (const auto& key : keys) {
        const auto place = overview.declared;
        overview.declared += is_cache(key) ? 1 : 0;
        const auto found = figures.find(key.pattern);
        if (found == figures.end()) {
            continue;
        }
        auto& of = found->second;
        StoredStats stats;
        stats.pattern = key.pattern;
        stats.place = place;
        stats.local_hits = of["local_hits"];
        stats.redis_hits = of["redis_hits"];
        stats.misses = of["misses"];
        stats.loads = of["loads"];
        stats.failures = of["failures"];
        stats.waited = of["waited"];
        stats.refreshed = of["refreshed"];
        stats.old_served = of["old_served"];
        stats.bytes = of["bytes"];
        stats.loading = std::chrono::microseconds(of["loading_us"]);
        stats.age = milliseconds(of["age_ms"]);
        overview.patterns.push_back(std::move(stats));
    }
    return overview;
}

Explanation explain(redis::Connection& connection, const std::vector<platform::CacheKey>& keys,
                    const std::string& key) {
    Explanation explained;
    explained.key = key;
    std::vector<std::string> patterns;
    for (const auto& declared : keys) {
        patterns.push_back(declared.pattern);
    }
    const auto number = patterns.empty() ? std::nullopt : Matcher(patterns).match(key);
    Parts parts;
    if (number) {
        explained.pattern = patterns[*number];
        parts = parts_of_key(explained.pattern, key).value_or(Parts());
        for (const auto& table : keys[*number].tables) {
            explained.tables.push_back(table.column.empty()
                                           ? table.table
                                           : fmt::format("{}({})", table.table, table.column));
        }
    }
    explained.parts = parts;
    const auto type = connection.command({"TYPE", key}).text();
    explained.is_kept = type != "none";
    if (const auto ttl = connection.command({"PTTL", key}).integer(); ttl >= 0) {
        explained.ttl = milliseconds(ttl);
    }
    if (!number || !is_cache(keys[*number])) {
        const std::string why = number ? "its pattern is none of the library's cache"
                                       : "no pattern of [cache.keys] has it";
        explained.verdict = why + ": the cache neither loads nor serves it";
        return explained;
    }
    if (!explained.is_kept) {
        explained.verdict = "not there: it would be loaded";
        return explained;
    }
    const auto bytes =
        type == "string" ? connection.command({"GET", key}).optional() : std::nullopt;
    const auto value = bytes ? unseal_any(*bytes) : nullptr;
    if (!value) {
        explained.verdict = "no value of the cache";
        return explained;
    }
    const auto now = Value::Clock::now();
    explained.is_sealed = true;
    explained.bytes = value->bytes.size();
    explained.is_nothing = value->is_nothing;
    explained.age = std::chrono::duration_cast<milliseconds>(now - value->made);
    explained.fresh_for = std::chrono::duration_cast<milliseconds>(value->fresh - now);
    explained.cost = value->cost;
    explained.verdict = verdict_of(connection, keys[*number], parts, *value);
    return explained;
}

Flushed flush(redis::Connection& connection, const std::vector<platform::CacheKey>& keys,
              Scope scope, bool apply) {
    std::vector<std::string> patterns;
    for (const auto& key : keys) {
        patterns.push_back(key.pattern);
    }
    Flushed flushed;
    if (patterns.empty()) {
        return flushed;
    }
    const bool tells = apply && scope == Scope::patterns;
    if (tells) {
        // Before they are taken away: what is being loaded now is not stored after that.
        tell_flushed(connection, patterns);
    }
    Matcher matcher(patterns);
    std::string cursor = "0";
    do {
        const auto step = connection.command({"SCAN", cursor, "COUNT", "500"});
        cursor = step.items.at(0).text();
        std::vector<std::string> command{"EVAL", unlink_script, ""};
        for (const auto& key : step.items.at(1).items) {
            if (matcher.match(key.value)) {
                command.push_back(key.value);
            }
        }
        const auto matched = command.size() - 3;
        if (matched == 0) {
            continue;
        }
        command[2] = std::to_string(matched);
        command.emplace_back(apply ? "1" : "0");
        const auto values = static_cast<std::uint64_t>(connection.command(command).integer());
        flushed.seen += matched;
        flushed.values += values;
        flushed.foreign += matched - values;
    } while (cursor != "0");
    if (tells) {
        // Who was asked meanwhile may have found an old one that was still there, and kept it.
        tell_flushed(connection, patterns);
    }
    if (apply) {
        forget_hottest(connection, keys);
    }
    if (apply && scope == Scope::everything) {
        // A new epoch for values that are being loaded now, and a word to every process.
        connection.command({"HDEL", marks_key, epoch_field});
        connection.command({"PUBLISH", channel, R"({"reset":true,"tags":[]})"});
    }
    return flushed;
}

}  // namespace caisson::cache
