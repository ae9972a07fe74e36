// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/stateful.h"

#include <algorithm>
#include <array>

namespace caisson::redis {
namespace {

/// `word` is in capitals.
bool is(std::string_view text, std::string_view word) {
    return text.size() == word.size() && std::ranges::equal(text, word, [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
           });
}

constexpr std::array changing = {"AUTH",    "HELLO",    "SELECT",    "RESET", "QUIT",
                                 "ASKING",  "READONLY", "READWRITE", "MULTI", "EXEC",
                                 "DISCARD", "WATCH",    "UNWATCH"};
constexpr std::array talking = {"SUBSCRIBE",   "PSUBSCRIBE",   "SSUBSCRIBE",
                                "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
                                "MONITOR",     "SYNC",         "PSYNC"};
constexpr std::array waiting = {"BLPOP",    "BRPOP",    "BRPOPLPUSH", "BLMOVE", "BLMPOP",
                                "BZPOPMIN", "BZPOPMAX", "BZMPOP",     "WAIT"};

template <typename Words>
bool is_one_of(std::string_view text, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return is(text, word); });
}

}  // namespace

std::string_view needs_own_connection(const Command& command) {
    const std::string_view name = command.empty() ? std::string_view() : command.front();
    if (is_one_of(name, changing) ||
        (is(name, "CLIENT") && command.size() > 1 &&
         (is(command[1], "REPLY") || is(command[1], "TRACKING") || is(command[1], "CACHING")))) {
        return "it would change the connection of others";
    }
    if (is_one_of(name, talking)) {
        return "it answers more often than once";
    }
    const bool reads_stream = is(name, "XREAD") || is(name, "XREADGROUP");
    if (is_one_of(name, waiting) ||
        (reads_stream &&
         std::ranges::any_of(command, [](std::string_view word) { return is(word, "BLOCK"); }))) {
        return "others would wait behind it";
    }
    return {};
}

}  // namespace caisson::redis
