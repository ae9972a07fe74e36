// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was run, and how it ended: a value, and the file that it is kept in. One file serves all
/// hosts that share a repository.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "operations/schedule/jobs.h"

namespace caisson::schedule {

/// Of one job.
struct Record {
    Moment since{};                    ///< Known from then on: what was due before is not missed.
    std::optional<Moment> occurrence;  ///< The newest one that was begun.
    std::optional<Moment> running;     ///< When a run began that has not told its end.
    std::optional<Moment> success;     ///< The end of the newest run that succeeded.
    std::optional<Moment> failure;     ///< The end of the newest one that failed.
    int failures = 0;                  ///< In a row, of this occurrence.
    std::string mistake;               ///< What the newest failure said.
    std::string host;                  ///< Who began the newest run.
    std::string complaint{};           ///< What the newest success left to be seen to.
    std::uint64_t succeeded = 0;       ///< Runs, since the job became known.
    std::uint64_t failed = 0;
    std::chrono::seconds took{0};  ///< The newest success.

    bool operator==(const Record&) const = default;
};

struct History {
    std::map<std::string, Record> jobs;
    bool operator==(const History&) const = default;
};

/// Makes a history fit to be asked at `now`: jobs that are new get a record that begins now, and
/// where the clock went back by more than an hour, what it says of the future is brought to now, so
/// that nothing is run twice and nothing waits for years. Pure. What was found goes to `notes`.
History settled(History history, const std::vector<Job>& jobs, Moment now,
                std::vector<std::string>& notes);

History begun(History history, const std::string& job, Moment occurrence, Moment now,
              const std::string& host);
/// `mistake` is empty for a success, which may have a `complaint`.
History ended(History history, const std::string& job, Moment now, const std::string& mistake,
              const std::string& complaint = {});
/// Of runs that never told their end, by who now holds the lease, so that nobody runs them.
History interrupted(History history, Moment now, std::vector<std::string>& notes);

std::string to_json(const History& history);
/// Reads the file; an empty history where there is none. One that cannot be read is told in
/// `notes`, and counts as none: nothing is due because of that.
History load(const fs::path& file, std::vector<std::string>& notes);
/// Keeps a file that cannot be read as `<file>.broken`, before it is written anew.
void set_aside(const fs::path& file);
/// Errors: disk_full, state_unusable.
void save(const fs::path& file, const History& history, const std::optional<Account>& owner);

}  // namespace caisson::schedule
