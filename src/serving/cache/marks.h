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
inline constexpr const char* halved_key = "caisson:cache:halved";    ///< There until they cool.
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
/// Without an epoch nobody tells changes, and no value with tables is served from Redis: so it is
/// where the marks become too many while nobody tells, who would begin anew.
inline constexpr const char* written_text = R"lua(
redis.call('PUBLISH', ARGV[1], ARGV[2])
if redis.call('HLEN', KEYS[1]) > 200000 then
  redis.call('DEL', KEYS[1])
elseif redis.call('HEXISTS', KEYS[1], 'epoch') == 1 then
  local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
  for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], number) end
end
return 1
)lua";
/// The message of it: `{"written":true,"tags":["…"]}`.
std::string written_message(const std::vector<std::string>& tags);

/// Of who carries changes, in one step: whether it is still ours to tell, the marks, and the word
/// to all. KEYS: marks, alive. ARGV: token, lease in ms, reset ("1") or not, a new epoch, the
/// snapshot that the outbox was read in, the moment, the server's run, the database, the triggers,
/// the channel, the message, then tags. Gives 0 when another one tells.
inline constexpr const char* told_text = R"lua(
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if ARGV[3] == '1' or redis.call('HEXISTS', KEYS[1], 'epoch') == 0
   or redis.call('HLEN', KEYS[1]) > 200000 then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[4])
end
if #ARGV > 11 then
  local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
  for i = 12, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], number) end
end
redis.call('HSET', KEYS[1], 'read', ARGV[5], 'at', ARGV[6], 'server', ARGV[7],
  'database', ARGV[8], 'triggers', ARGV[9])
redis.call('PUBLISH', ARGV[10], ARGV[11])
return 1
)lua";

/// Adds the tags of one change: `rows` as caisson.cache_outbox has it, values by column, nothing
/// when they are not known.
void add_tags(std::vector<std::string>& tags, const std::string& table,
              const std::optional<std::string>& rows);

/// The keys above as patterns, for those who look at everything in Redis.
std::vector<platform::CacheKey> own_patterns();

}  // namespace caisson::cache
