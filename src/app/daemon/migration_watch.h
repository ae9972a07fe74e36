// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "app/daemon/daemon.h"

namespace caisson::daemon {

/// The migrations of a database, asked for again when they are a second old, over a blocking
/// connection of its own, because histories are read over such ones. Threads: one at a time.
class MigrationWatch {
 public:
    explicit MigrationWatch(Database database) : database_(std::move(database)) {}

    /// Nothing while they are not known, which the log tells the reason of, once.
    std::optional<MigrationState> look();
    /// The database went away.
    void forget();

 private:
    MigrationState ask();

    Database database_;
    std::optional<pg::Connection> connection_;
    std::chrono::steady_clock::time_point next_{};
    std::optional<MigrationState> state_;
    bool has_failed_ = false;
};

}  // namespace caisson::daemon
