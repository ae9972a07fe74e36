// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The keys that are asked for most, as they stand in Redis for the next run and for people: names
/// of keys, which say whose they are, and never a value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/redis/connection.h"

namespace caisson::cache {

struct HotKey {
    std::string pattern;
    std::uint64_t version = 0;  ///< Of its answers.
    std::string name;           ///< In Redis.
};

constexpr std::size_t most_hot_keys = 1'000;
constexpr std::size_t longest_hot_key = 512;  ///< Bytes of its name; longer ones are left out.

/// `["pattern","version","name"]`. Pure.
std::string to_text(const HotKey& key);
/// Nothing for what is no such text. Pure.
std::optional<HotKey> hot_key_of(std::string_view text);
/// The command that lists them, the hottest first.
std::vector<std::string> hottest_command(std::size_t most);

/// For people. The hottest first.
std::vector<HotKey> hottest(redis::Connection& connection);
/// Asks every process that caches to load what it offers. How many hear it.
std::int64_t ask_to_warm(redis::Connection& connection);

}  // namespace caisson::cache
