// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/redis/connection.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// What INFO says: `used_memory` to `1048576`. Pure. Source: Redis, INFO.
std::map<std::string, std::string> parse_info(std::string_view text);
/// Adds the readings of INFO. Pure.
void add_info(const std::map<std::string, std::string>& info, Sample& sample);

/// Reads a Redis over one connection that is kept. Threads: one at a time.
class RedisCollector {
 public:
    explicit RedisCollector(redis::Settings settings);
    /// Adds the group `redis`. Throws nothing but interrupted.
    void read(Sample& sample);

 private:
    void ask(Sample& sample);
    redis::Settings settings_;
    std::unique_ptr<redis::Connection> connection_;
};

}  // namespace caisson::monitor
