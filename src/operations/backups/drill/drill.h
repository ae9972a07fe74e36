// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A backup restored to be proven, on servers of its own that are gone afterwards. What it finds is
/// a receipt, whether it passed or not.
///     const auto receipt = drill_logical(run, repository, found, options);
///     keep_receipt(repository, receipt, key);

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/sealing.h"
#include "drivers/pg/connection.h"
#include "operations/backups/drill/receipt.h"
#include "trust/catalogue.h"
#include "trust/session.h"

namespace caisson::backups {

/// What the platform's checks said.
struct Checked {
    std::size_t asked = 0;
    std::vector<std::string> failing;  ///< A sentence for each.
    std::vector<std::string> alike{};  ///< Names of what is false in the database of today, too.
};

struct DrillOptions {
    std::optional<SealingKey> sealing;
    std::vector<trust::CatalogueStep> catalogue;
    bool is_small = false;  ///< Pages and indexes are not read.
    std::string program;    ///< Caisson's version.
    /// The checks of the platform against what was restored.
    std::function<Checked(pg::Connection&, const platform::Database&)> checks;
    std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
};

/// Restores each database of a logical set into a server of its own, compares every table with the
/// manifest, reads every heap and index (pg_amcheck), asks the platform's checks, and reads the
/// parts that are no databases to their end. What fails is in the receipt. Errors: interrupted;
/// server_missing, disk_full and others that say nothing about the backup.
Receipt drill_logical(const trust::Run& run, const Repository& repository, const Found& found,
                      const DrillOptions& options);

/// The parts that are no databases (Redis, roles, the platform's files) against their sizes and
/// hashes, opened and expanded: a sentence about what was read. Errors: backup_damaged, backup_key.
std::string read_other_parts(const Repository& repository, const Set& set,
                             const std::optional<SealingKey>& sealing);

/// pg_amcheck over one database: what it found, in its own words; empty when all is sound.
std::string damaged_pages(const fs::path& programs, const pg::Settings& settings);

}  // namespace caisson::backups
