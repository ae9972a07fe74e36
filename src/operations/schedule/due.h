// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is to be run now, and what next. Pure.

#include <string>
#include <vector>

#include "operations/schedule/history.h"
#include "operations/schedule/jobs.h"

namespace caisson::schedule {

struct Due {
    std::string job;
    Moment occurrence;  ///< As cron has it.
    Moment at;          ///< With its delay, or the back-off of a failed attempt.
    int attempt = 1;
    int missed = 0;  ///< Earlier occurrences that nobody ran, and that this run stands for.
};

/// What is due at `now`, in the order in which it is to be run, one after the other: by the moment
/// it became due, then in the order of `jobs`. The history is settled(). Of all occurrences that
/// were missed only the newest is run. A failed occurrence is tried again after `back_off`, twice
/// that, and so on, `attempts` times in all, or until the next occurrence takes its place.
std::vector<Due> due(const std::vector<Job>& jobs, const History& history, const std::string& host,
                     Moment now);

/// When each job runs next, in the order of `jobs`, `now` or before for what is due.
std::vector<Due> next(const std::vector<Job>& jobs, const History& history, const std::string& host,
                      Moment now);

}  // namespace caisson::schedule
