// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/migration_watch.h"

#include <utility>

#include "base/log.h"

namespace caisson::daemon {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// Files that are no migrations are no fault of the connection.
bool is_of_files(const std::exception& failure) {
    const auto* const error = dynamic_cast<const Error*>(&failure);
    return error &&
           (error->code() == Code::migration_invalid || error->code() == Code::platform_invalid);
}

}  // namespace

std::optional<MigrationState> MigrationWatch::look() {
    if (!database_.migrations || steady_clock::now() < next_) {
        return state_;
    }
    next_ = steady_clock::now() + 1s;
    try {
        state_ = ask();
        has_failed_ = false;
    } catch (const std::exception& failure) {
        state_.reset();
        if (!is_of_files(failure)) {
            connection_.reset();
        }
        if (!std::exchange(has_failed_, true)) {
            log::warning("migrations_unknown",
                         {{"name", database_.name}, {"error", failure.what()}});
        }
    }
    return state_;
}

MigrationState MigrationWatch::ask() {
    if (connection_ && connection_->has_ended()) {
        // The server was started again between two looks.
        connection_.reset();
    }
    if (!connection_) {
        auto settings = database_.settings;
        settings.connect_limit = 1s;
        connection_.emplace(settings);
        connection_->limit_waits(1s);
    }
    return database_.migrations(*connection_);
}

void MigrationWatch::forget() {
    next_ = {};
    state_.reset();
    connection_.reset();
}

}  // namespace caisson::daemon
