// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Logical backups: each database by pg_dump, roles, Redis and the platform's files, as one set.
/// Portable between machines and to newer versions of PostgreSQL; a table can be restored alone.
///     auto found = create_logical(run, databases, repository, options);
///     restore.h puts it back.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/logical/dump.h"
#include "operations/backups/sets/keys.h"
#include "operations/backups/sets/repository.h"

namespace caisson::backups {

struct LogicalOptions {
    std::optional<SealingKey> sealing;
    std::optional<SigningKey> signing;
    /// Told what is done at the moment, how much of how much went by (bytes, before compression).
    std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
    /// Where a database is, and as whom it is read; nothing: as the role of backups where the
    /// environment has it. Of another place only databases and roles are taken.
    std::function<pg::Settings(const platform::Database&)> elsewhere{};
};

/// Makes a set in the repository, whose lock the caller holds. Nothing of it counts until it is
/// whole. Errors: backup_failed, cannot_connect, disk_full, server_missing, interrupted.
Found create_logical(const trust::Run& run, const std::vector<platform::Database>& databases,
                     const Repository& repository, const LogicalOptions& options);

/// What the database says of itself: identity, last migration, structure. As a role that may read
/// the schema `caisson`.
Origin origin_of(pg::Connection& connection);

}  // namespace caisson::backups
