// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/redis/connection.h"

namespace caisson::cache {

/// What a Redis says of itself. Source: Redis, INFO.
struct Instance {
    std::string version;
    std::string policy;             ///< maxmemory-policy
    std::uint64_t used_memory = 0;  ///< Bytes.
    std::uint64_t max_memory = 0;   ///< Bytes; 0: no limit.
    std::uint64_t keys = 0;         ///< In the database we are in.
    bool is_replica = false;
    bool is_cluster = false;
    std::vector<std::string> others;  ///< Other databases with keys, such as `db1`.

    int major() const;  ///< 7 of 7.0.15; 0 when it does not say.
    bool counts_frequency() const;
};

/// `name:value` lines; headings and blank ones left out.
std::map<std::string, std::string> parse_info(std::string_view text);
/// Pure. `database` is the number of the database we are in.
Instance instance_of(const std::map<std::string, std::string>& info, unsigned database);
/// Errors: as redis::Connection.
Instance read_instance(redis::Connection& connection);

}  // namespace caisson::cache
