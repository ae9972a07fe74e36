// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Jobs of [backups.schedule] as processes of this program: for the daemon and for timers.

#include <functional>
#include <string>
#include <string_view>

#include "operations/schedule/runner.h"
#include "trust/session.h"

namespace caisson::cli {

/// The job that begins a new stretch behind a gap of the log; in no schedule.
inline constexpr std::string_view gap_job = "gap";
/// That job for one repository, as it stands in the history: each has its own failures.
std::string gap_job_of(const std::string& repository);
/// Whether it is one of those.
bool is_gap_job(std::string_view job);

std::string host_name();
/// Runs the verb of the job to its end. What it gives is a complaint: a backup was made, and a copy
/// of it was not. Errors: backup_failed with its last words.
std::string run_job(const trust::Run& run, const schedule::Due& due);
/// Over schedule_file(), with the lease of this platform's hosts. Makes the directories.
schedule::Runner::Options runner_options(const trust::Run& run,
                                         std::function<void(const std::string&)> say);

}  // namespace caisson::cli
