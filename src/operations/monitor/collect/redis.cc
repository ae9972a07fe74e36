// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/redis.h"

#include <charconv>
#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;

std::optional<double> number(const std::map<std::string, std::string>& info,
                             const std::string& name) {
    const auto found = info.find(name);
    double value = 0;
    if (found == info.end()) {
        return std::nullopt;
    }
    const auto& text = found->second;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() ? std::optional(value) : std::nullopt;
}

/// `keys=3,expires=1,avg_ttl=0`
void add_database(const std::string& name, std::string_view text, Sample& sample) {
    std::map<std::string, std::string> parts;
    for (const auto& part : split(text, ',')) {
        if (const auto equals = part.find('='); equals != std::string::npos) {
            parts[part.substr(0, equals)] = part.substr(equals + 1);
        }
    }
    const auto keys = number(parts, "keys");
    const auto expiring = number(parts, "expires");
    if (keys && expiring) {
        const Labels labels = {{"db", name}};
        sample.add("redis.keys", *keys, labels);
        sample.add("redis.keys_expiring", *expiring, labels);
        sample.add("redis.keys_without_ttl", *keys - *expiring, labels);
    }
}

}  // namespace

std::map<std::string, std::string> parse_info(std::string_view text) {
    std::map<std::string, std::string> info;
    for (const auto& line : split(text, '\n')) {
        const auto trimmed = trim(line);
        const auto colon = trimmed.find(':');
        if (!trimmed.starts_with('#') && colon != std::string_view::npos) {
            info.emplace(trimmed.substr(0, colon), trimmed.substr(colon + 1));
        }
    }
    return info;
}

void add_info(const std::map<std::string, std::string>& info, Sample& sample) {
    const auto add = [&](std::string_view metric, const std::string& name) {
        if (const auto value = number(info, name)) {
            sample.add(metric, *value);
        }
    };
    add("redis.memory_used", "used_memory");
    add("redis.memory_max", "maxmemory");
    const auto used = number(info, "used_memory");
    const auto most = number(info, "maxmemory");
    // A cache that may drop any key is full as a rule, and nothing is the matter.
    const auto policy = info.find("maxmemory_policy");
    const bool drops_any = policy != info.end() && policy->second.starts_with("allkeys-");
    if (used && most && *most > 0 && !drops_any) {
        sample.add("redis.memory_used_percent", 100 * *used / *most);
    }
    add("redis.fragmentation", "mem_fragmentation_ratio");
    add("redis.clients", "connected_clients");
    add("redis.blocked_clients", "blocked_clients");
    add("redis.rejected", "rejected_connections");
    add("redis.commands", "total_commands_processed");
    add("redis.hits", "keyspace_hits");
    add("redis.misses", "keyspace_misses");
    add("redis.evicted", "evicted_keys");
    add("redis.expired", "expired_keys");
    add("redis.last_save", "rdb_last_save_time");
    add("redis.unsaved_changes", "rdb_changes_since_last_save");
    add("redis.replicas", "connected_slaves");
    const auto add_status = [&](std::string_view metric, const std::string& name) {
        if (const auto found = info.find(name); found != info.end()) {
            sample.add(metric, found->second == "ok" ? 1 : 0);
        }
    };
    add_status("redis.save_ok", "rdb_last_bgsave_status");
    if (number(info, "aof_enabled") == 1.0) {
        add_status("redis.append_ok", "aof_last_write_status");
    }
    if (const auto uptime = number(info, "uptime_in_seconds")) {
        sample.add("redis.started_at",
                   std::chrono::duration<double>(sample.at.time_since_epoch()).count() - *uptime);
    }
    for (const auto& [name, text] : info) {
        if (name.starts_with("db") && text.starts_with("keys=")) {
            add_database(name, text, sample);
        }
    }
}

RedisCollector::RedisCollector(redis::Settings settings) : settings_(std::move(settings)) {
    settings_.application = "caisson-monitor";
    settings_.connect_limit = 2s;
    settings_.answer_limit = 2s;
}

void RedisCollector::ask(Sample& sample) {
    if (!connection_ || connection_->is_broken()) {
        connection_ = std::make_unique<redis::Connection>(settings_);
    }
    const Stopwatch watch;
    connection_->command({"PING"});
    const auto took = std::chrono::duration<double>(watch.elapsed()).count();
    add_info(parse_info(connection_->command({"INFO"}).text()), sample);
    sample.add("redis.slow_commands",
               static_cast<double>(connection_->command({"SLOWLOG", "LEN"}).integer()));
    sample.add("redis.latency", took);
    sample.add("redis.up", 1);
    sample.read_at["redis"] = sample.at;
}

void RedisCollector::read(Sample& sample) {
    const auto before = sample.readings.size();
    const Stopwatch watch;
    try {
        ask(sample);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        // It was restarted since: a connection that broke is made anew once. One that hangs would
        // only hang again.
        const bool was_broken =
            connection_ && connection_->is_broken() && watch.elapsed() < settings_.answer_limit;
        connection_.reset();
        sample.readings.resize(before);
        if (was_broken) {
            try {
                return ask(sample);
            } catch (const Error&) {
                sample.readings.resize(before);
            }
        }
        sample.add("redis.up", 0);
        sample.unknowns.push_back({"redis", {}, error.message()});
    }
}

}  // namespace caisson::monitor
