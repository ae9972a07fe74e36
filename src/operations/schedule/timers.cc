// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/timers.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::schedule {
namespace {

using platform::Cron;

/// `*`, or the values from `first` on: single ones, and runs of three and more as a range.
template <std::size_t Size>
std::string values_text(const std::bitset<Size>& values, std::size_t first) {
    if (values.count() == Size - first) {
        return "*";
    }
    std::vector<std::string> parts;
    for (std::size_t value = first; value < Size; ++value) {
        if (!values[value]) {
            continue;
        }
        auto last = value;
        while (last + 1 < Size && values[last + 1]) {
            ++last;
        }
        if (last > value + 1) {
            parts.push_back(fmt::format("{:02}..{:02}", value, last));
            value = last;
        } else {
            parts.push_back(fmt::format("{:02}", value));
        }
    }
    return join(parts, ",");
}

/// "Mon,Wed "; nothing for all of them.
std::string weekdays_text(const std::bitset<7>& weekdays) {
    constexpr std::array<std::string_view, 7> names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
    std::vector<std::string> parts;
    for (std::size_t day = 1; day <= 7; ++day) {
        if (weekdays[day % 7]) {
            parts.emplace_back(names.at(day % 7));
        }
    }
    return parts.size() == 7 ? "" : join(parts, ",") + " ";
}

/// As ExecStart= reads a word: no specifier, no variable, one word.
std::string word(const std::string& text) {
    std::string quoted;
    for (const char c : text) {
        quoted += c == '"' || c == '\\' ? std::string{'\\', c}
                  : c == '%'            ? "%%"
                  : c == '$'            ? "$$"
                                        : std::string(1, c);
    }
    return text.find_first_of(" \t'\"\\;") == std::string::npos && !text.empty()
               ? quoted
               : fmt::format("\"{}\"", quoted);
}

std::string environment_text(const TimerOptions& options) {
    std::string text;
    if (!options.state.empty()) {
        text += fmt::format("Environment={}\n", word("CAISSON_STATE=" + options.state));
    }
    if (!options.variables.empty()) {
        text += fmt::format("EnvironmentFile=-{}\n", options.variables);
    }
    return text;
}

std::string service_text(const Job& job, const TimerOptions& options) {
    auto words = options.command;
    const auto& verb = options.verbs.at(job.name);
    words.insert(words.end(), verb.begin(), verb.end());
    std::ranges::transform(words, words.begin(), word);
    return fmt::format(
        R"([Unit]
Description=Caisson: {job} of {platform}, environment {of}
After=network-online.target postgresql.service
Wants=network-online.target
StartLimitIntervalSec=1d
StartLimitBurst={attempts}

[Service]
Type=oneshot
ExecStart={command}
{account}{environment}Restart=on-failure
RestartPreventExitStatus=2 3 7 9
RestartSec={back_off}
TimeoutStartSec=infinity
KillMode=mixed
Nice=10
IOSchedulingPriority=7
UMask=0077
NoNewPrivileges=yes
ProtectSystem=full
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
)",
        fmt::arg("job", job.name), fmt::arg("platform", options.platform),
        fmt::arg("of", options.environment), fmt::arg("attempts", job.attempts),
        fmt::arg("command", join(words, " ")),
        fmt::arg("account",
                 options.account.empty() ? "" : fmt::format("User={}\n", options.account)),
        fmt::arg("environment", environment_text(options)),
        fmt::arg("back_off", job.back_off.count()));
}

std::string timer_text(const Job& job, const TimerOptions& options) {
    std::string events;
    for (const auto& event : calendar_events(job.cron)) {
        events += fmt::format("OnCalendar={}\n", event);
    }
    return fmt::format(R"([Unit]
Description=Caisson: when {} of {}, environment {}, is due ({})

[Timer]
{}RandomizedDelaySec={}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
)",
                       job.name, options.platform, options.environment, job.cron.text(), events,
                       job.jitter.count());
}

}  // namespace

std::vector<std::string> calendar_events(const Cron& cron) {
    const auto time = fmt::format("{}:{}:00 UTC", values_text(cron.at_hours(), 0),
                                  values_text(cron.at_minutes(), 0));
    const auto months = values_text(cron.in_months(), 1);
    const auto days = values_text(cron.on_days(), 1);
    const auto weekdays = weekdays_text(cron.on_weekdays());
    if (cron.is_either_day()) {
        return {fmt::format("*-{}-{} {}", months, days, time),
                fmt::format("{}*-{}-* {}", weekdays, months, time)};
    }
    return {fmt::format("{}*-{}-{} {}", weekdays, months, days, time)};
}

std::vector<Unit> timers(const std::vector<Job>& jobs, const TimerOptions& options) {
    std::vector<Unit> units;
    for (const auto& job : jobs) {
        if (options.verbs.contains(job.name)) {
            const auto name =
                fmt::format("caisson-{}-{}-{}", options.platform, options.environment, job.name);
            units.push_back({name + ".service", service_text(job, options)});
            units.push_back({name + ".timer", timer_text(job, options)});
        }
    }
    return units;
}

}  // namespace caisson::schedule
