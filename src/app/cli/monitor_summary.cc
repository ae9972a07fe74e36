// SPDX-License-Identifier: Apache-2.0
// The verbs that show a sample: monitor summary, replication, redis, host.
#include "app/cli/monitor_summary.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/monitor.h"
#include "base/text.h"
#include "operations/monitor/expose/expose.h"
#include "operations/monitor/history/chart.h"
#include "operations/monitor/sample/catalogue.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;
using monitor::Level;
using monitor::Sample;

using Figures = std::vector<std::pair<std::string, std::string_view>>;

void print_figures(Context& context, const Sample& sample, const std::string& title,
                   const Figures& figures) {
    context.print(context.bold(title));
    for (const auto& [name, metric] : figures) {
        context.print(fmt::format("  {:<28} {}", name, shown(context, sample, metric)));
    }
}

/// A metric with a series for each of several, a line each.
void print_series(Context& context, const Sample& sample, const std::string& title,
                  std::string_view label, const Figures& figures) {
    const auto rows = rows_of(sample, {title, label, figures},
                              [&](std::string_view metric, const monitor::Labels& labels) {
                                  return shown(context, sample, metric, labels);
                              });
    if (!rows.empty()) {
        print_columns(context, rows);
    }
}

void print_gaps(Context& context, const Sample& sample) {
    for (const auto& gap : sample.gaps) {
        context.print(context.dim(fmt::format("gap {}: {}", gap.what, gap.why)));
    }
}

const Figures activity = {
    {"connections", "activity.connections"},
    {"of those allowed", "activity.used_percent"},
    {"active", "activity.active"},
    {"idle in transaction", "activity.idle_in_transaction"},
    {"longest of them", "activity.longest_idle_in_transaction"},
    {"oldest transaction", "activity.oldest_transaction"},
    {"longest statement", "activity.longest_query"},
    {"blocked by others", "locks.blocked"},
    {"longest wait for a lock", "locks.longest_wait"},
};
const Figures databases = {
    {"size", "sizes.database"},
    {"transactions", "databases.transactions_per_second"},
    {"hits", "databases.hit_percent"},
    {"rollbacks", "databases.rollback_percent"},
    {"deadlocks", "databases.deadlocks"},
    {"temp", "databases.temp_bytes"},
    {"xid used", "databases.xid_used_percent"},
};
const Figures log_figures = {
    {"log written", "wal.bytes_per_second"},
    {"size of the log", "wal.size"},
    {"segments to be archived", "archiver.ready"},
    {"archiving fails", "archiver.failing"},
    {"checkpoints asked for", "checkpoints.requested_percent"},
    {"standbys that stream", "replication.senders"},
    {"vacuums at work", "vacuum.running"},
};
const Figures redis_figures = {
    {"up", "redis.up"},
    {"latency", "redis.latency"},
    {"memory", "redis.memory_used"},
    {"of its limit", "redis.memory_used_percent"},
    {"fragmentation", "redis.fragmentation"},
    {"clients", "redis.clients"},
    {"blocked clients", "redis.blocked_clients"},
    {"commands", "redis.commands_per_second"},
    {"hits", "redis.hit_percent"},
    {"keys given up", "redis.evicted"},
    {"keys expired", "redis.expired"},
    {"last snapshot", "redis.last_save"},
    {"it succeeded", "redis.save_ok"},
    {"changes since", "redis.unsaved_changes"},
    {"append-only file is written", "redis.append_ok"},
    {"entries of the slow log", "redis.slow_commands"},
    {"replicas", "redis.replicas"},
};
const Figures host_figures = {
    {"processors", "host.cores"},
    {"busy", "host.cpu_percent"},
    {"waiting for disks", "host.iowait_percent"},
    {"load", "host.load1"},
    {"load for each processor", "host.load_per_core"},
    {"memory", "host.memory_total"},
    {"memory available", "host.memory_available"},
    {"its share", "host.memory_available_percent"},
    {"swapped out", "host.swap_used"},
    {"killed for lack of memory", "host.oom_kills"},
};
const Figures disk_figures = {
    {"size", "disks.size"},         {"free", "disks.free"},
    {"used", "disks.used_percent"}, {"inodes", "disks.inodes_used_percent"},
    {"full in", "disks.full_in"},
};

boost::json::array worries_json(const Sample& sample) {
    boost::json::array worries;
    for (const auto& worry : worries_of(sample)) {
        worries.push_back(boost::json::object{{"metric", worry.reading->metric},
                                              {"labels", monitor::json_of(worry.reading->labels)},
                                              {"value", worry.reading->value},
                                              {"level", monitor::name_of(worry.level)}});
    }
    return worries;
}

Exit finish(Context& context, const Sample& sample, const std::vector<std::string_view>& groups) {
    print_unknowns(context, sample, groups);
    context.result() = monitor::to_json(sample, groups);
    return Exit::fine;
}

Exit run_summary(Context& context) {
    const auto sample = sample_now(context, 1s);
    print_summary(context, sample);
    context.result() = monitor::to_json(sample);
    context.result()["worries"] = worries_json(sample);
    const auto worries = worries_of(sample);
    return std::ranges::any_of(worries,
                               [](const Worry& each) { return each.level == Level::critical; })
               ? Exit::findings
               : Exit::fine;
}

Exit run_replication(Context& context) {
    const auto sample = sample_now(context, 0s);
    print_figures(context, sample, "Replication",
                  {{"standby", "server.standby"},
                   {"standbys that stream", "replication.senders"},
                   {"receiver streams", "replication.receiver_up"},
                   {"behind", "replication.behind"},
                   {"archiving", "archiver.enabled"},
                   {"archiving fails", "archiver.failing"},
                   {"since a segment was archived", "archiver.last_archive_age"},
                   {"segments to be archived", "archiver.ready"}});
    print_series(context, sample, "standby", "application_name",
                 {{"behind", "replication.lag_bytes"}, {"lag", "replication.replay_lag"}});
    print_series(context, sample, "slot", "slot_name",
                 {{"active", "slots.active"},
                  {"retained", "slots.retained"},
                  {"xmin age", "slots.xmin_age"},
                  {"lost", "slots.lost"}});
    return finish(context, sample, {"server", "replication", "slots", "archiver"});
}

Exit run_redis(Context& context) {
    if (!trust::redis_settings(context.run())) {
        context.print("the platform has no Redis in this environment");
        return Exit::fine;
    }
    const auto sample = sample_now(context, 1s);
    print_figures(context, sample, "Redis", redis_figures);
    print_series(context, sample, "database", "db",
                 {{"keys", "redis.keys"},
                  {"expiring", "redis.keys_expiring"},
                  {"without a time to live", "redis.keys_without_ttl"}});
    return finish(context, sample, {"redis"});
}

Exit run_host(Context& context) {
    const auto sample = sample_now(context, 1s);
    print_figures(context, sample, "Host", host_figures);
    print_series(context, sample, "disk", "mountpoint", disk_figures);
    return finish(context, sample, {"host", "disks"});
}

}  // namespace

std::vector<Worry> worries_of(const Sample& sample) {
    std::vector<Worry> worries;
    for (const auto& reading : sample.readings) {
        const auto level = monitor::judge(monitor::metric(reading.metric), reading.value);
        if (level != Level::fine) {
            worries.push_back({level, &reading});
        }
    }
    std::ranges::stable_sort(worries,
                             [](const Worry& a, const Worry& b) { return a.level > b.level; });
    return worries;
}

std::string worry_text(const Worry& worry) {
    const auto& row = monitor::metric(worry.reading->metric);
    const auto whose = monitor::text_of(worry.reading->labels);
    return fmt::format("{:<8} {}{} is {}", monitor::name_of(worry.level), row.name,
                       whose.empty() ? "" : " (" + whose + ")",
                       monitor::figure_text(row, worry.reading->value));
}

std::vector<SummaryPart> summary_parts(const Sample& sample) {
    std::vector<SummaryPart> parts = {{"Sessions", "", activity},
                                      {"database", "datname", databases},
                                      {"Log and replication", "", log_figures}};
    if (monitor::value_of(sample, "redis.up")) {
        parts.push_back({"Redis", "", {redis_figures.begin(), redis_figures.begin() + 9}});
    }
    parts.push_back({"Host", "", {host_figures.begin(), host_figures.begin() + 8}});
    parts.push_back({"disk", "mountpoint", disk_figures});
    return parts;
}

std::vector<std::vector<std::string>> rows_of(
    const Sample& sample, const SummaryPart& part,
    const std::function<std::string(std::string_view, const monitor::Labels&)>& shown) {
    std::vector<std::vector<std::string>> rows{{part.title}};
    for (const auto& [name, metric] : part.figures) {
        rows.front().push_back(name);
    }
    for (const auto* reading : monitor::series_of(sample, part.figures.front().second)) {
        auto& row = rows.emplace_back();
        row.emplace_back(monitor::label_of(reading->labels, part.label));
        for (const auto& [name, metric] : part.figures) {
            row.push_back(shown(metric, reading->labels));
        }
    }
    return rows.size() > 1 ? rows : std::vector<std::vector<std::string>>();
}

void print_summary(Context& context, const Sample& sample) {
    for (const auto& part : summary_parts(sample)) {
        if (part.label.empty()) {
            print_figures(context, sample, part.title, part.figures);
        } else {
            print_series(context, sample, part.title, part.label, part.figures);
        }
    }
    for (const auto& worry : worries_of(sample)) {
        const auto text = worry_text(worry);
        context.print((worry.level == Level::critical ? context.red(text) : context.yellow(text)) +
                      ". " + std::string(monitor::metric(worry.reading->metric).help));
    }
    print_unknowns(context, sample, {});
    print_gaps(context, sample);
}

std::vector<Verb> monitor_summary_verbs() {
    const std::string about =
        "Asks servers and host now, as the role _monitor, twice with a second in between so that "
        "there are rates, too. What could not be read is unknown, with the reason. ";
    return {
        {.name = "monitor summary",
         .summary = "sessions, databases, log, Redis and host on one screen",
         .details = about + "Exit status 7 when a figure is beyond its critical threshold.",
         .options = {},
         .positional = "",
         .examples = "  caisson monitor summary\n  caisson monitor summary --json",
         .run = run_summary},
        {.name = "monitor replication",
         .summary = "standbys, slots, and the archive of the log",
         .details = "",
         .options = {},
         .positional = "",
         .examples = "  caisson monitor replication",
         .run = run_replication},
        {.name = "monitor redis",
         .summary = "memory, hits, persistence and latency of Redis",
         .details = about,
         .options = {},
         .positional = "",
         .examples = "  caisson monitor redis",
         .run = run_redis},
        {.name = "monitor host",
         .summary = "processors, memory, load and disks of this machine",
         .details = "The machine that Caisson runs on, which need not be the servers'. When a disk "
                    "will be full, the daemon knows after ten minutes: see monitor history.",
         .options = {},
         .positional = "",
         .examples = "  caisson monitor host",
         .run = run_host},
    };
}

}  // namespace caisson::cli
