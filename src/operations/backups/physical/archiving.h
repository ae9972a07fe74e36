// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Archiving of the log: begun so that not one segment fails, and told truly.

#include <cstdint>
#include <string>
#include <vector>

#include "operations/backups/physical/engine.h"

namespace caisson::backups::physical {

/// What was begun, or ran already.
struct Archiving {
    Cluster cluster;
    bool was_changed = false;        ///< Configuration, stanza or command.
    std::vector<std::string> notes;  ///< Sentences, for people.
};
/// Configuration, stanza, then the command and a reload, then a segment that is archived as a
/// proof. Cheap where nothing is missing. Fine to call at any time, and by several at once. Errors:
/// as Engine; cannot_connect; backup_failed when the server does not archive at all or by another
/// command; backup_key; disk_full; locked.
Archiving ensure_archiving(const trust::Run& run, const Progress& progress = {});
/// No command any more: PostgreSQL keeps every segment from then on. Errors: cannot_connect.
void pause_archiving(const trust::Run& run);

/// What the server says of its archive.
struct ArchiverState {
    bool is_ours = false;  ///< The command is that of ensure_archiving().
    std::string command;
    std::string last_archived;     ///< Segment.
    std::string last_archived_at;  ///< RFC 3339.
    std::string last_failed;
    std::string last_failed_at;
    bool is_failing = false;      ///< The last attempt failed.
    std::uint64_t waiting = 0;    ///< Segments that are ready and not archived.
    double waits_seconds = 0;     ///< For how long the oldest of them has been ready.
    std::uint64_t log_bytes = 0;  ///< Of pg_wal.
};
/// Errors: cannot_connect.
ArchiverState archiver_state(const trust::Run& run);

}  // namespace caisson::backups::physical
