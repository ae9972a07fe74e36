// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The steps by which a platform comes up, each usable by itself: `caisson up` runs all of them,
/// `caisson migrate` one. Each does its work, adds its part to the JSON result, and says in a
/// summary what a reader wants to know.

#include <optional>
#include <string>
#include <vector>

#include "app/cli/context.h"
#include "drivers/pg/settings.h"
#include "lifecycle/checks/checks.h"

namespace caisson::cli {

/// What a step says of itself.
struct StepSummary {
    std::string text;                ///< "9 roles, database compliance_db"
    bool changed = false;            ///< Whether anything was done.
    bool holds = true;               ///< Whether what was asked for is so.
    std::vector<std::string> notes;  ///< Shown below the line.
};

/// Starts the private servers; against other environments it only says so.
StepSummary start_servers(Context& context);
StepSummary provision_databases(Context& context, bool adopt);
StepSummary migrate_databases(Context& context);
StepSummary seed_databases(Context& context);
/// Puts triggers on the tables that cached values are made of, and takes them from others, where
/// the environment has a Redis. Tables that are not there yet become notes.
void watch_cached_tables(Context& context, StepSummary& summary);
/// Verifies, and keeps each database's report in the state directory for the daemon.
std::vector<checks::Report> verify_reports(Context& context);
StepSummary verify_databases(Context& context);
/// Starts the daemon in the background unless it answers already.
StepSummary start_daemon(Context& context);

/// postgresql://… with the passfile in place of a password.
std::string url_of(const pg::Settings& settings);

/// What a running daemon wrote down of itself.
struct DaemonRecord {
    pid_t process = -1;
    std::string address;            ///< http://127.0.0.1:4000
    std::string manifest;           ///< As manifest_stamp() was when it started; empty: not known.
    bool is_in_background = false;  ///< `up` started it.
};
/// Another one once caisson.toml or the .env beside it is.
std::string manifest_stamp(const trust::Run& run);
/// Nothing when none runs.
std::optional<DaemonRecord> read_daemon_record(const trust::Run& run);

/// Prints the notes of a step below its line.
void print_notes(Context& context, const StepSummary& summary);

}  // namespace caisson::cli
