// SPDX-License-Identifier: Apache-2.0
// What the verbs about the monitor share.
#include "app/cli/monitor.h"

#include <algorithm>

#include <fmt/format.h>
#include <poll.h>

#include "app/cli/screen_text.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "operations/monitor/history/chart.h"
#include "operations/monitor/sample/catalogue.h"
#include "platform/values.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

/// Where the application connects somewhere else than the monitor, a pooler stands in between.
std::optional<pg::Settings> pooler_of(const trust::Run& run) {
    const auto& first = run.manifest.databases.front();
    auto direct = trust::role_settings(run, first, trust::Role::monitor);
    const auto app = trust::role_settings(run, first, trust::Role::app);
    if (run.is_private() || (app.host == direct.host && app.port == direct.port)) {
        return std::nullopt;
    }
    direct.host = app.host;
    direct.address = app.address;
    direct.port = app.port;
    return direct;
}

}  // namespace

void pause_for(std::chrono::milliseconds pause) {
    pollfd waits{interrupt::descriptor(), POLLIN, 0};
    ::poll(&waits, 1, static_cast<int>(pause.count()));
    interrupt::check();
}

platform::MonitorSettings monitor_settings(const trust::Run& run) {
    return platform::monitor_settings(run.manifest, run.environment, run.variables);
}

monitor::Targets monitor_targets(const trust::Run& run) {
    monitor::Targets targets;
    for (const auto& database : run.manifest.databases) {
        targets.databases.push_back({trust::database_name(run, database),
                                     trust::role_settings(run, database, trust::Role::monitor),
                                     trust::role_name(database, trust::Role::backup)});
    }
    targets.redis = trust::redis_client(run);
    targets.pgbouncer = pooler_of(run);
    auto state = run.state.root;
    while (!fs::exists(state) && state.has_relative_path()) {
        state = state.parent_path();  // Nothing was put there yet.
    }
    targets.host.disks.push_back(state);
    if (run.is_private()) {
        targets.host.disks.push_back(run.state.postgres_data());
    }
    if (fs::exists(run.state.backups())) {
        targets.host.disks.push_back(run.state.backups());
    }
    if (const auto proc = run.variables.find("CAISSON_PROC"); proc != run.variables.end()) {
        targets.host.proc = proc->second;  // Stories play a host with it.
    }
    return targets;
}

monitor::Limits monitor_limits(const platform::MonitorSettings& settings) {
    monitor::Limits limits;
    limits.interval = settings.interval;
    limits.expensive = settings.expensive;
    limits.timeout = settings.timeout;
    limits.slow_query = settings.slow_query;
    limits.tables = settings.tables;
    limits.indexes = settings.indexes;
    limits.queries = settings.queries;
    return limits;
}

monitor::HistoryLimits history_limits(const platform::MonitorSettings& settings) {
    return {.samples = settings.stored,
            .minutes = settings.minutes,
            .hours = settings.hours,
            .bytes = settings.history_bytes};
}

fs::path history_file(const trust::Run& run) {
    return run.state.root / "monitor" / "history.sqlite";
}

monitor::Sample sample_now(Context& context, std::chrono::milliseconds pause) {
    auto limits = monitor_limits(monitor_settings(context.run()));
    limits.interval = std::max<std::chrono::milliseconds>(pause, std::chrono::seconds(1));
    monitor::Collector collector(monitor_targets(context.run()), limits);
    context.busy("asking the servers");
    auto sample = collector.collect(true);
    if (pause.count() > 0) {
        pause_for(pause);
        sample = collector.collect();
    }
    return sample;
}

void print_unknowns(Context& context, const monitor::Sample& sample,
                    const std::vector<std::string_view>& groups) {
    const auto concerns = [&](const std::string& what) {
        const auto group = std::string_view(what).substr(0, what.find_first_of(". "));
        return groups.empty() || std::ranges::count(groups, group) > 0;
    };
    for (const auto& unknown : sample.unknowns) {
        if (concerns(unknown.what)) {
            const auto whose = monitor::text_of(unknown.labels);
            context.print(fmt::format("{} {}{}: {}", context.yellow("unknown"), unknown.what,
                                      whose.empty() ? "" : " (" + whose + ")", unknown.why));
        }
    }
    for (const auto& each : sample.unmeasured) {
        if (concerns(each.what)) {
            context.print(context.dim(fmt::format("not measured {}: {}", each.what, each.why)));
        }
    }
}

void print_columns(Context& context, const std::vector<std::vector<std::string>>& rows) {
    bool is_head = true;
    for (const auto& line : columns_of(rows)) {
        context.print(is_head ? context.bold(line) : line);
        is_head = false;
    }
}

ShownFigure figure_of(const monitor::Sample& sample, std::string_view name,
                      const monitor::Labels& labels) {
    const auto value = monitor::value_of(sample, name, labels);
    if (!value && monitor::unmeasured_of(sample, name)) {
        return {"not measured", monitor::Level::fine};
    }
    if (!value) {
        const bool is_unknown = monitor::unknown_of(sample, name, labels) != nullptr;
        return {is_unknown ? "unknown" : "–",
                is_unknown ? monitor::Level::warning : monitor::Level::fine};
    }
    const auto& row = monitor::metric(name);
    // A counter as it stands is no rate.
    auto as_gauge = row;
    as_gauge.kind = monitor::Kind::gauge;
    return {monitor::figure_text(as_gauge, *value), monitor::judge(row, *value)};
}

std::string shown(Context& context, const monitor::Sample& sample, std::string_view name,
                  const monitor::Labels& labels) {
    const auto figure = figure_of(sample, name, labels);
    return figure.level == monitor::Level::critical  ? context.red(figure.text)
           : figure.level == monitor::Level::warning ? context.yellow(figure.text)
                                                     : figure.text;
}

std::chrono::milliseconds duration_of(Context& context, const std::string& option,
                                      const std::string& fallback) {
    const auto text = context.arguments().value(option, fallback);
    const auto value = platform::parse_duration(text);
    if (!value || value->count() <= 0) {
        throw Error(Code::usage, fmt::format("{} is \"{}\"; expected a duration", option, text),
                    "such as 30s, 10m, 12h or 7d");
    }
    return *value;
}

}  // namespace caisson::cli
