// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What lies in pgBackRest's directories, looked at by ourselves.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/physical/configuration.h"
#include "operations/backups/physical/segment.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups::physical {

/// A segment as it lies in the archive.
struct ArchivedSegment {
    Segment segment;
    fs::path path;
    std::string sha1;            ///< Of its contents, by its name.
    std::uint64_t bytes = 0;     ///< As stored.
    std::int64_t stored_at = 0;  ///< Seconds since 1970.
};
struct Archive {
    std::vector<ArchivedSegment> segments;  ///< In order.
    std::vector<std::uint32_t> histories;   ///< Timelines whose history file is there.
    std::string id;                         ///< "15-1".
};
/// Empty for a stanza that is not there. Errors: state_unusable when it cannot be read.
Archive archive_of(const Depot& depot, const std::string& stanza, std::uint64_t segment_bytes);
bool is_archived(const Depot& depot, const std::string& stanza, const std::string& segment);

/// The largest label that pgBackRest ever gave in the stanza; those of removed backups count.
std::string newest_label(const Depot& depot, const std::string& stanza);

/// Hashes every file of a backup and writes the list, flushed, into the set that is being made.
StoredFile write_file_list(const fs::path& part, const Depot& depot, const std::string& stanza,
                           const std::string& label, const std::optional<Account>& owner);

/// SHA-256 of a file, read in pieces. Errors: state_unusable.
std::string sha256_of_file(const fs::path& path,
                           const std::function<void(std::uint64_t)>& progress = {});

}  // namespace caisson::backups::physical
