// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A database's contents as they go by: into a file of a set, or to nowhere, to be compared.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "drivers/pg/settings.h"
#include "operations/backups/logical/programs.h"
#include "operations/backups/sets/stored.h"

namespace caisson::backups {

/// Told of bytes that went by since the last time.
using Advance = std::function<void(std::uint64_t)>;

struct Dumped {
    Stored stored;
    std::vector<TableContent> tables;
    std::string program_version;
    std::vector<std::string> notes;  ///< What pg_dump warned of, though it succeeded.
};

struct DumpRequest {
    pg::Settings settings;  ///< As a role that sees every row.
    std::string snapshot;   ///< That another session exported; empty: one of its own.
    Advance advance;
};

/// What a program complained about, in a line or two. Pure.
std::string words_of(const std::string& errors);
/// What it said on its errors though it succeeded, a line each, without end: not more than 21.
/// Pure.
std::vector<std::string> warnings_of(const std::string& errors);

/// The whole database through `keep`. Errors: backup_failed with pg_dump's own words, or when what
/// it wrote is not whole; disk_full; interrupted.
Dumped dump(const DumpPrograms& programs, const DumpRequest& request, Storing& keep);
/// The same to nowhere: the contents of its tables.
std::vector<TableContent> contents_of(const DumpPrograms& programs, const DumpRequest& request);

/// What differs between what a set says and what a database has: sentences, none when all is equal.
/// Tables of which `expected` says nothing are not looked at. Pure.
std::vector<std::string> differences(const std::vector<TableContent>& expected,
                                     const std::vector<TableContent>& found);

}  // namespace caisson::backups
