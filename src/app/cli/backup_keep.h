// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs of retention and schedule share with the daemon.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/cli/context.h"
#include "operations/backups/retention/apply.h"
#include "operations/backups/retention/calendar.h"
#include "operations/backups/sets/repository.h"
#include "operations/schedule/history.h"

namespace caisson::cli {

/// The history of scheduled jobs: in the first repository that is a directory, so that all hosts
/// that write there share it; else beside the platform's state.
fs::path schedule_file(const trust::Run& run);
/// That the newest attempt at a backup failed, and what ends that, as a sentence; nothing where it
/// did not. `made` is the end of the newest set there is: one that was made by hand is in no
/// history.
std::optional<std::string> failed_backup(const schedule::History& history,
                                         const std::optional<Moment>& made);
/// `backup schedule`, which the table of verbs has from backup_keep_verbs().
std::vector<Verb> backup_schedule_verbs();
/// The verb of each job of [backups.schedule].
const std::map<std::string, std::vector<std::string>>& verbs_of_jobs();

/// An entry of the kind `backup` in the journal of each database of the platform. What was done
/// stands without it: a database that cannot be reached within three seconds is told in a note.
/// Whether all of them have it.
bool remember_backup(Context& context, const std::string& subject,
                     const boost::json::object& detail);

/// Of one repository, whose plan was applied (or, in a dry run, was not): says which part of the
/// archived log nothing needs, and removes it. `row` gets `log`. The caller holds the repository's
/// lock, but in a dry run. Whether there is nothing to complain about.
bool trim_logs(Context& context, const backups::Repository& repository,
               const backups::retention::Plan& plan, boost::json::object& row);

void print_plan(Context& context, const backups::retention::Plan& plan);
void print_calendar(Context& context, const std::vector<backups::retention::CalendarRow>& rows);
boost::json::object to_json(const backups::retention::Plan& plan);
boost::json::array to_json(const std::vector<backups::retention::CalendarRow>& rows);

}  // namespace caisson::cli
