// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What goes by in an archive of pg_dump (custom format, not compressed): which tables, how many
/// rows, what hash. So that a dump is known to be whole, and what it holds, without another look.
/// Source: PostgreSQL, src/bin/pg_dump/pg_backup_archiver.c and pg_backup_custom.c, formats 1.14
/// (PostgreSQL 13) to 1.16 (18).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operations/backups/sets/set.h"

namespace caisson::backups {

/// Threads: one at a time. Memory: the table of contents and 256 KiB.
class ArchiveScanner {
 public:
    ArchiveScanner();
    ArchiveScanner(const ArchiveScanner&) = delete;
    ArchiveScanner& operator=(const ArchiveScanner&) = delete;
    ~ArchiveScanner();

    /// Errors: backup_failed for what is no such archive.
    void add(std::string_view bytes);
    /// The tables with their rows, by schema and name; `database` is left empty. Errors:
    /// backup_failed when the archive is not whole, naming the first table whose data are missing.
    std::vector<TableContent> finish();
    /// What pg_dump says it is: `15.18`.
    const std::string& program_version() const;
    std::uint64_t large_objects() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson::backups
