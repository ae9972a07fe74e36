// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How old the newest success of each job is, and whether that is too old. Pure.

#include <optional>
#include <string>
#include <vector>

#include "operations/schedule/history.h"
#include "operations/schedule/jobs.h"

namespace caisson::schedule {

/// "36 hours", "5 days": as people say it.
std::string age_text(std::chrono::seconds age);

struct Age {
    std::string job;
    std::optional<std::chrono::seconds> success;  ///< Since the newest one; nothing: never.
    std::optional<std::chrono::seconds> failure;
    bool is_failing = false;      ///< The newest attempt failed.
    std::string mistake;          ///< What it said.
    std::string alarm;            ///< A sentence; empty where all is well.
    std::uint64_t succeeded = 0;  ///< Runs, since the job became known.
    std::uint64_t failed = 0;
    std::optional<std::chrono::seconds> took;  ///< The newest success.
};

/// In the order of `jobs`. There is an alarm where no run succeeded although one should have: the
/// next occurrence after the newest success (or after the job became known, so also for what never
/// succeeded) has passed by its jitter and half of the time between occurrences, an hour at least.
/// A daily job is too old after a day and a half. There is one, too, where the newest success left
/// a complaint.
std::vector<Age> ages(const std::vector<Job>& jobs, const History& history, Moment now);

}  // namespace caisson::schedule
