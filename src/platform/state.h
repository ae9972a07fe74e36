// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where the state of a platform lives: paths as values, computed from platform, environment and
/// real path. Nothing is created here.

#include <map>
#include <optional>
#include <string>

#include "base/files.h"
#include "platform/platform.h"

namespace caisson::platform {

/// The paths of one platform in one environment.
struct State {
    fs::path root;     ///< `<base>/<platform>-<environment>-<8 hex digits of the real path>`
    fs::path sockets;  ///< `<root>/run`, or a short directory when the kernel's 107 bytes would not
                       ///< suffice.

    fs::path postgres_data() const { return root / "postgres" / "data"; }
    fs::path postgres_log() const { return root / "postgres" / "postgres.log"; }
    fs::path redis_directory() const { return root / "redis"; }
    fs::path redis_log() const { return root / "redis" / "redis.log"; }
    fs::path redis_socket() const { return sockets / "redis.sock"; }
    fs::path secrets() const { return root / "secrets"; }
    fs::path passfile() const {
        return secrets() / "pgpass";
    }  ///< All roles, libpq's format, 0600.
    fs::path redis_password() const { return secrets() / "redis"; }
    fs::path api_token() const { return secrets() / "api-token"; }
    fs::path daemon_log() const { return root / "daemon.log"; }
    fs::path daemon_record() const {
        return root / "daemon.json";
    }  ///< Process id and address while it runs.
    fs::path verification() const { return root / "verification.json"; }
    /// Backups' repository, key and configuration: beside the root, so that they outlive it.
    fs::path backups() const { return root.parent_path() / "backups" / root.filename(); }
    fs::path lock() const { return root / "lock"; }  ///< FileLock: one `up` or `down` at a time.
};

/// `variables` gives CAISSON_STATE, XDG_STATE_HOME, XDG_RUNTIME_DIR and HOME. From root the base is
/// /var/lib/caisson.
State state_of(const Manifest& manifest, const Environment& environment,
               const std::map<std::string, std::string>& variables, bool is_root);

/// The account private servers and the daemon run as: `caisson` from root, otherwise nobody but the
/// caller (nothing). Errors: account_missing.
std::optional<Account> server_account();

}  // namespace caisson::platform
