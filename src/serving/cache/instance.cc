// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/instance.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cache {
namespace {

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The number of keys in `keys=12,expires=3,avg_ttl=0`.
std::uint64_t keys_of(std::string_view text) {
    constexpr std::string_view mark = "keys=";
    return text.starts_with(mark) ? number(text.substr(mark.size())) : 0;
}

bool is_database(std::string_view name) {
    return name.size() > 2 && name.starts_with("db") &&
           name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

}  // namespace

int Instance::major() const { return static_cast<int>(number(version)); }

bool Instance::counts_frequency() const { return policy.ends_with("lfu"); }

std::map<std::string, std::string> parse_info(std::string_view text) {
    std::map<std::string, std::string> info;
    for (const auto& line : split(text, '\n')) {
        const auto colon = line.find(':');
        if (colon != std::string::npos && !line.starts_with('#')) {
            info[line.substr(0, colon)] = trim(std::string_view(line).substr(colon + 1));
        }
    }
    return info;
}

Instance instance_of(const std::map<std::string, std::string>& info, unsigned database) {
    const auto value = [&](const std::string& name) {
        const auto found = info.find(name);
        return found == info.end() ? std::string() : found->second;
    };
    Instance instance;
    instance.version = value("redis_version");
    instance.policy = value("maxmemory_policy");
    instance.used_memory = number(value("used_memory"));
    instance.max_memory = number(value("maxmemory"));
    instance.is_replica = value("role") == "slave";
    instance.is_cluster = value("cluster_enabled") == "1";
    const auto own = fmt::format("db{}", database);
    instance.keys = keys_of(value(own));
    for (const auto& [name, text] : info) {
        if (is_database(name) && name != own && keys_of(text) > 0) {
            instance.others.push_back(name);
        }
    }
    return instance;
}

Instance read_instance(redis::Connection& connection) {
    return instance_of(parse_info(connection.command({"INFO"}).text()),
                       connection.settings().database);
}

}  // namespace caisson::cache
