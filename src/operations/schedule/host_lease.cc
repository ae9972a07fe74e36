// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/host_lease.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "trust/run_lock.h"

namespace caisson::schedule {
namespace {

struct Held {
    explicit Held(FileLock taken) : file(std::move(taken)) {}

    FileLock file;
    std::unique_ptr<pg::Connection> connection;
    std::unique_ptr<trust::RunLock> lock;  ///< Below the connection, released before it.
};

/// Whether nobody else has the lock there.
bool take_there(Held& held, const LeasePlaces& places) {
    auto settings = *places.database;
    settings.connect_limit = std::chrono::seconds(3);
    try {
        held.connection = std::make_unique<pg::Connection>(settings);
        held.lock = std::make_unique<trust::RunLock>(*held.connection, "schedule",
                                                     std::chrono::milliseconds(0));
    } catch (const Error& error) {
        if (error.code() == Code::locked) {
            return false;
        }
        if (error.code() == Code::interrupted) {
            throw;
        }
        // Backups are made most of all when the database is in trouble.
        held.connection.reset();
        if (places.say) {
            places.say(
                fmt::format("the lease of jobs is held by a file only: {}", error.message()));
        }
    }
    return true;
}

}  // namespace

std::shared_ptr<void> host_lease(const LeasePlaces& places) {
    auto lock = FileLock::try_lock(places.file, "scheduled jobs");
    if (!lock) {
        return nullptr;
    }
    if (places.owner && ::geteuid() == 0 &&
        ::lchown(places.file.c_str(), places.owner->user, places.owner->group) != 0) {
        throw_file_error("change the owner of", places.file, errno);
    }
    auto held = std::make_shared<Held>(std::move(*lock));
    return !places.database || take_there(*held, places) ? held : nullptr;
}

}  // namespace caisson::schedule
