// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A PostgreSQL on a restored directory: behind a socket of its own, archiving nothing, on no port.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "drivers/pg/settings.h"
#include "trust/session.h"

namespace caisson::backups::physical {

/// Where a restore lies: `data`, the server's log, rules of access and the restore command.
struct Place {
    fs::path directory;
    fs::path data() const { return directory / "data"; }
    fs::path log() const { return directory / "log"; }
    fs::path access() const { return directory / "access.conf"; }
    fs::path restore_command() const { return directory / "restore-command"; }
};

/// Ended with the value; by a guard when we are killed. Its files stay.
class RecoveredServer {
 public:
    /// Starts and waits until the log is replayed and the server promoted. `settings` come before
    /// those of the data's own configuration. Errors: server_missing; server_failed with the last
    /// words of the log; interrupted.
    enum class Until {
        promoted,
        paused,  ///< At a target of the log, for reading; the log goes on after another start.
    };
    RecoveredServer(const trust::Run& run, Place place,
                    const std::map<std::string, std::string>& settings,
                    Until until = Until::promoted);
    RecoveredServer(const RecoveredServer&) = delete;
    RecoveredServer& operator=(const RecoveredServer&) = delete;
    ~RecoveredServer();

    /// As this role to this database; nobody needs a password behind our socket.
    pg::Settings settings(const std::string& user = "postgres",
                          const std::string& database = "postgres") const;
    const Place& place() const { return place_; }
    /// In order, with a checkpoint: the directory is then one that any server starts on. Fine to
    /// call twice. Errors: server_failed.
    void stop();

 private:
    void await_readiness(Until until);
    bool is_paused() const;
    void end();

    Place place_;
    fs::path sockets_;
    std::optional<Account> owner_;
    pid_t guard_ = 0;
};

}  // namespace caisson::backups::physical
