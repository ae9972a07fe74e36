// SPDX-License-Identifier: Apache-2.0
#include "app/cli/migration_files.h"

#include <utility>

#include "lifecycle/migrations/migrations.h"
#include "lifecycle/sources/load.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// Files that are no migrations may be so for a moment only: somebody is writing them.
constexpr auto pause_after_failure = 5s;
/// A folder that changed so lately may change once more within the same tick of its clock.
constexpr auto settles_after = 2s;
/// Other than that of any folder: it is read again.
constexpr auto not_settled = fs::file_time_type::min();

}  // namespace

MigrationFiles::MigrationFiles(std::vector<platform::Source> sources,
                               std::map<std::string, bool> features, Files files)
    : sources_(std::move(sources)),
      features_(std::move(features)),
      files_(std::move(files)),
      stamps_(stamps()) {
    // What was added since the files were read would not be seen.
    for (auto& [folder, stamp] : stamps_) {
        stamp = not_settled;
    }
}

const std::vector<sources::Migration>& MigrationFiles::now() {
    const auto present = std::chrono::steady_clock::now();
    if (failure_ && present < again_) {
        throw Error(*failure_);
    }
    if (failure_ || is_changed()) {
        try {
            // Looked at before they are read: what is added meanwhile is a change later on.
            auto seen = stamps();
            files_ = std::make_shared<const std::vector<sources::Migration>>(
                sources::load(sources_, features_));
            stamps_ = std::move(seen);
            failure_.reset();
        } catch (const Error& error) {
            failure_ = error;
            again_ = present + pause_after_failure;
            throw;
        }
    }
    return *files_;
}

daemon::MigrationState MigrationFiles::state(pg::Connection& connection) {
    const auto& files = now();
    const auto history = migrations::read_history(connection);
    daemon::MigrationState state;
    for (const auto& status : migrations::status(files, history, features_)) {
        state.applied += status.record ? 1 : 0;
        state.unfinished += status.state == migrations::State::partial ? 1 : 0;
        state.pending += status.state == migrations::State::pending ? 1 : 0;
    }
    state.version = history.empty() ? "" : history.back().version;
    return state;
}

/// Only which files there are tells what is pending; that one was written over changes no folder.
void MigrationFiles::walk(const fs::path& folder, Stamps& stamps) {
    std::error_code failure;
    stamps[folder] = fs::last_write_time(folder, failure);
    for (auto each = fs::recursive_directory_iterator(
             folder, fs::directory_options::skip_permission_denied, failure);
         !failure && each != fs::recursive_directory_iterator(); each.increment(failure)) {
        std::error_code unknown;
        if (each->is_directory(unknown)) {
            stamps[each->path()] = each->last_write_time(unknown);
        }
    }
}

bool MigrationFiles::is_changed() const {
    for (const auto& [folder, before] : stamps_) {
        std::error_code failure;
        const auto now = fs::last_write_time(folder, failure);
        if (failure == std::errc::permission_denied) {
            continue;
        }
        if (failure || now != before) {
            return true;
        }
    }
    return false;
}

MigrationFiles::Stamps MigrationFiles::stamps() const {
    Stamps stamps;
    for (const auto& source : sources_) {
        walk(source.path, stamps);
    }
    const auto settled = fs::file_time_type::clock::now() - settles_after;
    for (auto& [folder, stamp] : stamps) {
        stamp = stamp < settled ? stamp : not_settled;
    }
    return stamps;
}

}  // namespace caisson::cli
