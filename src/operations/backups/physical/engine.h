// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// pgBackRest as a program that is run for one cluster, and that cluster as it reaches it.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"
#include "drivers/pg/connection.h"
#include "operations/backups/physical/configuration.h"
#include "operations/backups/sets/keys.h"
#include "trust/session.h"

namespace caisson::backups::physical {

/// How far something is. `total` is 0 where it is not known.
struct Step {
    std::string what;  ///< "copying the cluster".
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< Bytes.
};
/// Threads: calls never overlap. It must not throw.
using Progress = std::function<void(const Step&)>;

/// Platform, environment and system identifier: a new cluster of the same platform has another one,
/// so that two clusters are never mixed in a repository.
std::string stanza_prefix(const trust::Run& run);
std::string stanza_name(const trust::Run& run, std::string_view system_identifier);

Home home_of(const trust::Run& run);
/// The repositories of the manifest, numbered. Errors: variable_invalid.
std::vector<Depot> depots_of(const trust::Run& run);
/// Errors: usage, with the names that there are. Empty: the first one.
Depot depot_named(const trust::Run& run, const std::string& name);

/// The server as it answers now.
struct Cluster {
    Stanza stanza;
    std::string system_identifier;
    std::string server_version;  ///< 15.20.
    int major = 0;
    std::uint32_t timeline = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t bytes = 0;    ///< Of all databases.
    bool is_archiving = false;  ///< archive_mode.
};
/// To the server as a whole, as the superuser or the administrator.
pg::Connection connect(const trust::Run& run);
/// Errors: cannot_connect; backup_failed for an environment that is not private and does not name
/// the server's directory on this machine, or one of another account.
Cluster cluster_of(const trust::Run& run);

/// What a run of it gave.
struct Answer {
    std::string output;
    std::string errors;
};

class Engine {
 public:
    /// Errors: server_missing, with the package to install, also for one that is too old.
    explicit Engine(const trust::Run& run);

    /// The same with another configuration.
    Engine with(const fs::path& configuration) const {
        auto other = *this;
        other.configuration_ = configuration;
        return other;
    }
    const Version& version() const { return version_; }
    const fs::path& program() const { return program_; }
    const fs::path& configuration() const { return configuration_; }
    const std::optional<Account>& account() const { return account_; }
    std::map<std::string, std::string> environment() const;

    /// Runs `pgbackrest --config=… --stanza=STANZA COMMAND ARGUMENTS`. `tell` gets each line of its
    /// output as it comes. Errors: the cause, by failures.h; interrupted.
    Answer run(const std::string& stanza, const std::string& command,
               const std::vector<std::string>& arguments = {},
               const std::function<void(std::string_view)>& tell = {}) const;
    /// Ends backups, restores or whatever `command` is, of this configuration: those of a maker
    /// that was killed. The caller holds the lock that makes them orphans. Whether there were any.
    bool end_orphans(const std::string& command) const;

 private:
    fs::path program_;
    Version version_;
    fs::path configuration_;
    std::optional<Account> account_;
    std::string passfile_;
    Secret password_;
    bool has_key_ = false;
};

}  // namespace caisson::backups::physical
