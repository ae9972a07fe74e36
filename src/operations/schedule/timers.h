// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The schedule as timers of systemd, for who runs no daemon. Pure.
/// Source: systemd.timer(5), systemd.time(7), systemd.service(5), systemd.exec(5).

#include <map>
#include <string>
#include <vector>

#include "operations/schedule/jobs.h"

namespace caisson::schedule {

struct Unit {
    std::string name;  ///< Of the file.
    std::string text;
};

struct TimerOptions {
    std::string platform;
    std::string environment;
    std::vector<std::string> command;  ///< The program and what comes before the verb.
    std::map<std::string, std::vector<std::string>> verbs;  ///< Of each job.
    std::string account;                                    ///< Empty: root.
    std::string state{};  ///< $CAISSON_STATE that the jobs have, too; empty: as they find it.
    /// A file of the manifest's variables that a job reads where it is there: systemd hands on
    /// nothing of a shell.
    std::string variables{};
};

/// A service and a timer for each job that has a verb: `caisson-<platform>-<environment>-<job>`,
/// `.service` and `.timer`. What was missed is run once; failures are tried again as often as the
/// daemon would.
std::vector<Unit> timers(const std::vector<Job>& jobs, const TimerOptions& options);

/// The expression as calendar events, in UTC: one, or two where one of day and weekday suffices.
std::vector<std::string> calendar_events(const platform::Cron& cron);

}  // namespace caisson::schedule
