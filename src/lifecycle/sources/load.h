// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lifecycle/sources/format.h"
#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::sources {

/// Every migration of these sources, in the order in which they apply: source by source, then by
/// the rule of the source's format, which is found out where none is declared. `features` are those
/// the platform declares; a file that names another is a mistake. `notes` gets what somebody should
/// know and what is no mistake: files that are left out, bytes that are not UTF-8.
/// Errors: migration_invalid, one error that lists every mistake with its place: names that the
/// format does not know, versions that occur twice, a down file without its migration, directives,
/// annotations, placeholders without values; or a folder that mixes two formats.
std::vector<Migration> load(const std::vector<platform::Source>& sources,
                            const std::map<std::string, bool>& features,
                            std::vector<Mistake>* notes = nullptr);

/// One source as it was read, mistakes and all.
struct Reading {
    const Format* format = nullptr;
    std::vector<Migration> migrations;
    std::vector<Mistake> mistakes;
    std::vector<Mistake> notes;
};
/// Reads a source without an end at its mistakes; `index` is its place in the declared order.
/// Errors: as format_of(); platform_invalid when the folder cannot be read.
Reading read_source(const platform::Source& source, std::size_t index = 0);

/// The format that is declared, else the one that is found out; plain for a folder without files.
/// Errors: migration_invalid when it is not known, or the folder mixes two.
const Format& format_of(const platform::Source& source, const Folder& folder);

/// Throws the one migration_invalid that lists them, when there are any.
void require_none(const std::vector<Mistake>& mistakes);

}  // namespace caisson::sources
