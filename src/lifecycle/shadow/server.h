// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A PostgreSQL of its own for one shadow: copied from a template, started without durability,
/// ended and removed with the value, by a guard when we are killed, and by the next run when the
/// guard was killed too.

#include <optional>
#include <string>

#include <sys/types.h>

#include "drivers/pg/settings.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::shadow {

class Server {
 public:
    /// Errors: server_missing, server_failed with the last words of the log, account_missing,
    /// disk_full, state_unusable.
    Server(const trust::Run& run, const Options& options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// As this role to this database; nobody needs a password behind our socket.
    pg::Settings settings(const std::string& user, const std::string& database) const;
    /// See Shadow::explain().
    std::optional<Error> explain(const Error& cause) const;

 private:
    void launch(const trust::Run& run, const fs::path& bin);
    void await_readiness();
    void end();

    std::optional<FileLock> lock_;  ///< Tells sweepers that somebody still uses the place.
    fs::path place_;                ///< `<state base>/shadow/run-<id>`
    fs::path sockets_;
    std::optional<Account> owner_;
    pid_t guard_ = 0;
};

/// Ends and removes what killed runs left below `home`.
/// Places of other accounts than `owner` (nothing: ours) stay, and no link is followed.
void sweep(const fs::path& home, const std::optional<Account>& owner);

}  // namespace caisson::shadow
