// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What pgBackRest has, joined with the sets that Caisson knows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/backups/physical/engine.h"
#include "operations/backups/physical/segment.h"
#include "operations/backups/sets/repository.h"

namespace caisson::backups::physical {

/// A backup by pgBackRest's word.
struct Entry {
    std::string label;
    std::string type;                     ///< full, diff, incr.
    std::string prior;                    ///< Label; empty for a full one.
    std::vector<std::string> references;  ///< Labels whose files it needs.
    std::int64_t started = 0;             ///< Seconds since 1970.
    std::int64_t stopped = 0;
    std::string lsn_start;
    std::string lsn_stop;
    std::string wal_start;
    std::string wal_stop;
    std::uint64_t bytes = 0;         ///< Of the cluster.
    std::uint64_t stored_bytes = 0;  ///< What this backup added to the repository.
    std::string set;                 ///< Our id, from its annotation.
    bool has_errors = false;         ///< Pages whose checksum was wrong when they were copied.
};

/// One stanza in one repository.
struct Listing {
    int repository = 1;
    std::string stanza;
    std::string system_identifier;
    std::string archive_id;  ///< "15-1": the archive's directory below the stanza's.
    std::string archive_min;
    std::string archive_max;
    std::string problem;         ///< What pgBackRest says is wrong; empty: nothing.
    std::vector<Entry> entries;  ///< Oldest first.
};
/// Of `info --output=json` with one repository. Pure. Errors: backup_failed for another text.
std::vector<Listing> parse_info(std::string_view json);

/// Names of the tablespaces that a backup has, of `info --set`. Pure. Errors: backup_failed for
/// another text.
std::vector<std::string> parse_tablespaces(std::string_view json);
/// Errors: as Engine; backup_failed.
std::vector<std::string> tablespaces_of(const Engine& engine, const std::string& stanza, int depot,
                                        const std::string& label);

/// What stands in one repository for this run, all of its clusters. Errors: as Engine;
/// backup_key; backup_damaged.
std::vector<Listing> listings_of(const trust::Run& run, const Engine& engine, const Depot& depot);

/// A set and its backup, or one of them alone.
struct Joined {
    std::string repository;
    std::string stanza;
    std::optional<Found> set;
    std::optional<Entry> entry;
    /// "": both are there. "its files are gone", "it has no manifest: its maker was killed", …
    std::string mistake;
};
/// Pure.
std::vector<Joined> join_sets(const std::string& repository, const std::vector<Listing>& listings,
                              const std::vector<Found>& sets);
/// All repositories that are directories and there; others are named in `problems`.
struct Information {
    std::vector<Joined> backups;
    std::vector<std::string> problems;
};
Information info(const trust::Run& run);

}  // namespace caisson::backups::physical
