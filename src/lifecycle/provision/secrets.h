// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lifecycle/provision/plan.h"
#include "trust/passfile.h"
#include "trust/session.h"

namespace caisson::provision {

/// Secrets that this run makes, kept in the passfile before a role gets them: a role without a
/// known secret is mended by the next run, a secret without its role is simply used. Held together
/// with the server's lock for provisioning: two runs would give one role two secrets, and keep the
/// one that the server does not have. Threads: any.
class Secrets {
 public:
    explicit Secrets(const trust::Run& run);

    std::set<std::string> roles_with_secret(const std::map<std::string, RoleState>& wanted,
                                            const platform::Database& database) const;
    /// The password a role is to get: the environment's, the one we kept, or a new one.
    Secret password_of(const std::string& role, const platform::Database& database);
    /// A new secret in any case, for rotation. Errors: usage where the environment gives it.
    Secret renew(const std::string& role, const platform::Database& database);
    /// Adds what is new to the passfile.
    void keep();

    /// From before the secrets are kept until the server has them.
    void mark_rotation(const platform::Database& database) const;
    void clear_rotation(const platform::Database& database) const;

 private:
    pg::Settings settings_of(const std::string& role, const platform::Database& database) const;
    std::optional<Secret> find(const pg::Settings& settings) const;
    void set(const pg::Settings& settings, const Secret& secret);
    fs::path rotation_mark(const platform::Database& database) const;

    const trust::Run& run_;
    mutable std::mutex mutex_;
    trust::Passfile passfile_;
    std::vector<trust::Passfile::Entry> made_;  ///< Not kept yet.
};

/// On the maintenance database, and so one for the whole server, as roles are.
inline constexpr const char* server_lock = "provision";
inline constexpr std::chrono::seconds lock_limit{60};

}  // namespace caisson::provision
