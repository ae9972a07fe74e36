// SPDX-License-Identifier: Apache-2.0
/// The host, its disks, Redis, backups.
#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"
#include "drivers/redis/connection.h"
#include "operations/monitor/sample/catalogue.h"
#include "operations/monitor/selftest/provocation.h"

namespace caisson::selftest {
namespace {

/// Another value for a line such as `MemAvailable:  123 kB` or `oom_kill 0`.
std::string with_line(const std::string& text, const std::string& name, const std::string& value) {
    std::string changed;
    bool found = false;
    for (const auto& line : split(text, '\n')) {
        const bool is_it = line.starts_with(name);
        found = found || is_it;
        changed += (is_it ? name + " " + value : line) + "\n";
    }
    return found ? changed : changed + name + " " + value + "\n";
}

/// Busy for so many ticks more, since the sample before.
std::string busy_cpu(Stage& stage) {
    stage.reset_proc();
    stage.sample();
    auto lines = split(stage.proc("stat"), '\n');
    auto fields = split(lines.front(), ' ');
    std::erase(fields, "");
    fields.at(1) = std::to_string(std::stoull(fields.at(1)) + 100'000);
    lines.front() = join(fields, " ");
    stage.set_proc("stat", join(lines, "\n") + "\n");
    return {};
}

std::string high_load(Stage& stage) {
    stage.set_proc("loadavg", "900.00 900.00 900.00 900/1000 4242\n");
    return {};
}

std::string no_memory(Stage& stage) {
    stage.set_proc("meminfo", with_line(stage.proc("meminfo"), "MemAvailable:", "1000 kB"));
    return {};
}

std::string out_of_memory(Stage& stage) {
    stage.reset_proc();
    stage.set_proc("vmstat", with_line(stage.proc("vmstat"), "oom_kill", "10"));
    stage.sample();
    stage.set_proc("vmstat", with_line(stage.proc("vmstat"), "oom_kill", "13"));
    return {};
}

void reset_proc(Stage& stage) {
    stage.reset_proc();
    stage.sample();
}

std::string fill_disk(Stage& stage) {
    const auto place = stage.small_disk(1'024, 64);
    if (place.empty()) {
        return "only root may mount a small disk";
    }
    write_file(place / "full", std::string(1'000 * 1'024, 'x'));
    return {};
}

std::string use_inodes(Stage& stage) {
    const auto place = stage.small_disk(1'024, 20);
    if (place.empty()) {
        return "only root may mount a small disk";
    }
    for (int i = 0; i < 18; ++i) {
        write_file(place / std::to_string(i), "");
    }
    return {};
}

void empty_disk(Stage& stage) {
    for (const auto& entry : fs::directory_iterator(stage.directory() / "disk")) {
        fs::remove(entry.path());
    }
}

std::string stop_redis(Stage& stage) {
    stage.kill_redis();
    return {};
}

std::string fill_redis(Stage& stage) {
    redis::Connection connection(stage.redis_settings());
    connection.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    // Made by the server itself: what a client sends takes room of its own for a while.
    connection.command({"SETRANGE", "ballast", "8000000", "x"});
    const auto info = connection.command({"INFO", "memory"}).text();
    const auto at = info.find("used_memory:");
    const auto used = std::stoull(info.substr(at + std::string("used_memory:").size()));
    connection.command({"CONFIG", "SET", "maxmemory", std::to_string(used * 100 / 95)});
    return {};
}

void empty_redis(Stage& stage) {
    redis::Connection connection(stage.redis_settings());
    connection.command({"CONFIG", "SET", "maxmemory", "0"});
    connection.command({"DEL", "ballast"});
    connection.command({"CONFIG", "SET", "maxmemory", "100mb"});
}

std::string refuse_clients(Stage& stage) {
    stage.sample();
    const auto settings = stage.redis_settings();
    redis::Connection connection(settings);
    connection.command({"CONFIG", "SET", "maxclients", "1"});
    for (int i = 0; i < 5; ++i) {
        try {
            redis::Connection refused(settings);
            refused.command({"PING"});
        } catch (const Error&) {
            // As it should be.
        }
    }
    connection.command({"CONFIG", "SET", "maxclients", "1000"});
    return {};
}

std::string fail_to_save(Stage& stage) {
    redis::Connection connection(stage.redis_settings());
    connection.command({"SET", "x", "1"});
    // Redis writes a file of its own name and renames it: a directory in its place stops that.
    ::chmod(stage.run().state.redis_directory().c_str(), 0500);
    connection.command({"CONFIG", "SET", "stop-writes-on-bgsave-error", "no"});
    connection.command({"BGSAVE"});
    return {};
}

void save(Stage& stage) {
    ::chmod(stage.run().state.redis_directory().c_str(), 0700);
    redis::Connection connection(stage.redis_settings());
    connection.command({"BGSAVE"});
}

void take_back(Stage& stage) { stage.take_back(); }

}  // namespace

Provocation by_reading(const alerts::Rule& rule, double value, const std::string& note) {
    return {.rule = rule.name,
            .how = How::simulated,
            .note = note,
            .provoke =
                [metric = rule.metric, wanted = rule.labels, value](Stage& stage) {
                    monitor::Labels labels;
                    for (const auto& name : monitor::label_names(monitor::metric(metric))) {
                        const auto found = wanted.find(std::string(name));
                        labels.emplace_back(name,
                                            found == wanted.end() ? "selftest" : found->second);
                    }
                    stage.inject(metric, value, std::move(labels));
                    return std::string();
                },
            .mend = take_back};
}

std::vector<Provocation> other_provocations() {
    return {
        {.rule = "host_cpu_percent",
         .how = How::simulated,
         .note = "another /proc/stat",
         .provoke = busy_cpu,
         .mend = reset_proc},
        {.rule = "host_load_per_core",
         .how = How::simulated,
         .note = "another /proc/loadavg",
         .provoke = high_load,
         .mend = reset_proc},
        {.rule = "host_memory_available_percent",
         .how = How::simulated,
         .note = "another /proc/meminfo",
         .provoke = no_memory,
         .mend = reset_proc},
        {.rule = "host_new_oom_kills",
         .how = How::simulated,
         .note = "another /proc/vmstat",
         .provoke = out_of_memory,
         .mend = reset_proc},
        {.rule = "disks_used_percent",
         .note = "a disk of 1 MB is filled",
         .provoke = fill_disk,
         .mend = empty_disk},
        {.rule = "disks_inodes_used_percent",
         .note = "a disk for 20 files is filled",
         .provoke = use_inodes,
         .mend = empty_disk},
        {.rule = "redis_memory_used_percent",
         .note = "Redis is filled to 95 % of its memory",
         .provoke = fill_redis,
         .mend = empty_redis},
        {.rule = "redis_new_rejected",
         .note = "Redis refuses connections",
         .provoke = refuse_clients,
         .mend = [](Stage&) {}},
        {.rule = "redis_save_ok",
         .note = "Redis may not write its snapshot",
         .provoke = fail_to_save,
         .mend = save},
        {.rule = "redis_up",
         .note = "Redis is killed",
         .provoke = stop_redis,
         .mend = [](Stage& stage) { stage.start_redis(); }},
    };
}

}  // namespace caisson::selftest
