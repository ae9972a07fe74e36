// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What Caisson itself keeps in Redis for the cache, and how changes are told there. A change of
/// rows puts its number beside the tags that it concerns, in one hash; a value carries the number
/// up to which it knows all changes, and is old when a tag of its key has a larger one. Everything
/// stands in one hash with an epoch: should Redis lose it, or give it up, no value is of its epoch.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/platform.h"

namespace caisson::cache {

inline constexpr const char* marks_key = "caisson:cache:marks";
inline constexpr const char* alive_key = "caisson:cache:alive";  ///< There while changes are told.
inline constexpr const char* stats_key = "caisson:cache:stats";
inline constexpr const char* hottest_key = "caisson:cache:hottest";  ///< By how hot they are.
inline constexpr const char* lock_prefix = "caisson:cache:lock:";
inline constexpr const char* channel = "caisson:cache:changes";
inline constexpr const char* epoch_field = "epoch";
inline constexpr const char* number_field = "number";

/// Of a table: any change of it; a change of which the rows are not known.
inline std::string any_tag(std::string_view table) { return "any|" + std::string(table); }
inline std::string all_tag(std::string_view table) { return "all|" + std::string(table); }
/// Of the rows whose column holds the value.
inline std::string row_tag(std::string_view table, std::string_view column,
                           std::string_view value) {
    std::string tag = "row|";
    tag.append(table).append("|").append(column).append("|").append(value);
    return tag;
}

/// Of all keys of a pattern.
inline std::string pattern_tag(std::string_view pattern) {
    return "pattern|" + std::string(pattern);
}
/// Makes what has the tags old, from now on. KEYS: marks. ARGV: the channel, the message, tags.
/// Without an epoch nobody tells changes, and no value with tables is served from Redis.
inline constexpr const char* written_text = R"lua(
redis.call('PUBLISH', ARGV[1], ARGV[2])
if redis.call('HEXISTS', KEYS[1], 'epoch') == 1 then
  local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
  for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], number) end
end
return 1
)lua";
/// The message of it: `{"written":true,"tags":["…"]}`.
std::string written_message(const std::vector<std::string>& tags);

/// Adds the tags of one change: `rows` as caisson.cache_outbox has it, values by column, nothing
/// when they are not known.
void add_tags(std::vector<std::string>& tags, const std::string& table,
              const std::optional<std::string>& rows);

/// The keys above as patterns, for those who look at everything in Redis.
std::vector<platform::CacheKey> own_patterns();

}  // namespace caisson::cache
