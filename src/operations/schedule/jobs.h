// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is done again and again, and when. Pure.

#include <chrono>
#include <string>
#include <vector>

#include "base/moment.h"
#include "platform/backups.h"
#include "platform/cron.h"

namespace caisson::schedule {

struct Job {
    std::string name;
    platform::Cron cron;
    std::chrono::seconds jitter{0};  ///< At most so much later it begins.
    int attempts = 4;                ///< For one occurrence, the first one included.
    std::chrono::seconds back_off = std::chrono::minutes(5);  ///< Before the second; then doubled.
};

/// Those of [backups.schedule], in the order in which they are done where several are due: backups
/// before what looks at them, and what removes last. A job that was removed from the schedule and
/// one that was never in it are alike.
std::vector<Job> jobs_of(const platform::Backups& backups);

/// By how much an occurrence is put off: less than `job.jitter`, another amount for each job, host
/// and occurrence, and always the same for the same ones.
std::chrono::seconds delay_of(const Job& job, const std::string& host, Moment occurrence);

}  // namespace caisson::schedule
