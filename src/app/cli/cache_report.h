// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs of the cache found and did, as text and JSON. Pure but for the lines that are
/// printed. Names of keys may hold personal data: without `names` none is shown.

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "app/cli/context.h"
#include "serving/cache/cache.h"

namespace caisson::cli {

/// `7d`, `1h30m`, or `none`: as the manifest writes it.
std::string ttl_text(const std::optional<std::chrono::seconds>& ttl);
/// A key as people can read it: what is not UTF-8 or would move the cursor is `\xNN`.
std::string key_text(std::string_view key);

/// `redis.sock/0 (local): Redis 7.0.15, allkeys-lru, 1.1 MB of 256 MB, 12 keys`.
std::string headline(const std::string& name, const std::string& environment,
                     const cache::Instance& instance);
/// What a reader must know to judge the figures, a sentence each.
std::vector<std::string> caveats(const cache::Report& report);

void print_audit(Context& context, const cache::Report& report, bool names);
void print_cleaning(Context& context, const cache::Report& report, bool applied);
/// One key, as `--verbose` shows it.
std::string note_text(const cache::KeyNote& note, const cache::Options& options);
boost::json::object note_json(const cache::KeyNote& note, bool applied);

boost::json::object to_json(const cache::Report& report, bool names);
/// "31 set, 5 shortened, 7 deleted", of what was done or would be.
std::string cleaning_text(const cache::Report& report, bool applied);
/// How many keys remedies met or would meet.
std::uint64_t remedied(const cache::Report& report, bool applied);

}  // namespace caisson::cli
