// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What verification asks of Redis: has it the settings of the manifest, and may it give up keys
/// that the manifest wants kept?

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drivers/redis/connection.h"
#include "lifecycle/checks/run.h"
#include "serving/cache/outbox.h"
#include "trust/session.h"

namespace caisson::cache {

/// The checks `redis settings` and `redis eviction` of an environment's Redis, and `cache triggers`
/// of all databases, each where the manifest declares what it asks for.
std::vector<checks::OfferedCheck> offered_checks(const trust::Run& run);

/// What a Redis is configured to, as far as it tells.
struct Configuration {
    std::map<std::string, std::string> values;
    std::set<std::string> hidden;  ///< The account may not see them.
};
/// Asks CONFIG GET, and INFO where an account (of a hosted Redis) may not. A setting that Redis
/// does not know is in neither. Errors: as redis::Connection.
Configuration read_configuration(redis::Connection& connection,
                                 const std::vector<std::string>& names);

/// Pure: `written` against what was found, into the verdict. `is_private` decides what the remedy
/// is and how grave a difference.
void compare_settings(const std::map<std::string, std::string>& written, const Configuration& found,
                      bool is_private, checks::Verdict& verdict);
/// Pure: the triggers that `tables` should have against those that the plan misses.
void compare_triggers(const std::vector<WatchedTable>& tables, const TriggerPlan& plan,
                      checks::Verdict& verdict);
/// Pure: keys that must not be evicted against `maxmemory` and `maxmemory-policy`.
void compare_eviction(const std::vector<platform::CacheKey>& keys, const Configuration& found,
                      checks::Verdict& verdict);

}  // namespace caisson::cache
