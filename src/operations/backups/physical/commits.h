// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When transactions were committed, by the log itself (pg_waldump).

#include <optional>
#include <string>

#include "operations/backups/physical/engine.h"
#include "operations/backups/physical/files.h"

namespace caisson::backups::physical {

/// Errors: server_missing.
fs::path waldump_program(const trust::Run& run);

/// The moment (RFC 3339) of the last commit in a segment of the archive; nothing when it has none.
/// Errors: backup_damaged for one whose contents are not what its name says.
std::optional<std::string> last_commit_in(const Engine& engine, const Depot& depot,
                                          const std::string& stanza, const ArchivedSegment& segment,
                                          std::uint64_t segment_bytes, const fs::path& pg_waldump);

struct FirstCommit {
    bool is_known = false;          ///< The log from there on could be read.
    std::optional<std::string> at;  ///< Nothing: there is none.
};
/// Of the log that a server has written and not archived yet.
FirstCommit first_commit_after(const Engine& engine, const fs::path& data, std::uint32_t timeline,
                               Lsn lsn, const fs::path& pg_waldump);

}  // namespace caisson::backups::physical
