// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A physical backup, made and described.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operations/backups/physical/catalogue.h"
#include "operations/backups/physical/samples.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups::physical {

struct CreateOptions {
    std::string repository;          ///< Empty: the first one of the manifest.
    bool is_self_contained = false;  ///< Carries its segments, and outlives the archive.
    SampleLimits samples{};
};
struct Created {
    Set set;
    std::string repository;
    bool became_full = false;  ///< There was nothing that it could have built on.
    std::vector<std::string> notes;
};
/// One set, whole and signed, or an Error and nothing that looks like a set. It can be restored
/// when this returns: its restore point has been archived. Begins the archiving where that is
/// missing. Errors: usage for Kind::logical or a repository in an object store; locked while
/// another one is made; as ensure_archiving(); backup_failed; disk_full; interrupted.
Created create(const trust::Run& run, Kind kind, const CreateOptions& options = {},
               const Progress& progress = {});

/// Whether a differential or incremental one would find something to build on: a backup of this
/// cluster in this repository (empty: the first one) with a set of ours. Reads and changes nothing.
/// Errors: usage; where there are sets, as cluster_of() and Engine.
bool has_base(const trust::Run& run, const std::string& repository);

/// The list of the files that pgBackRest keeps for a set: `sha256sum -c` reads it.
inline constexpr std::string_view file_list = "cluster.sha256";
/// Every file of the set in pgBackRest's repository, and of what it builds on, against the lists
/// that were written when they were made. Each is named from the repository on.
std::vector<Damage> cluster_damage_of(const trust::Run& run, const std::string& repository,
                                      const Set& set,
                                      const std::function<void(std::uint64_t)>& progress = {});
/// The sets that such a file is part of, or that build on one of these; by the label in its path.
/// `sets` are a repository's, oldest first. Pure.
std::set<std::string> concerned_by(const std::vector<Damage>& damages,
                                   const std::vector<Found>& sets);
/// What pgBackRest's own `verify` finds: segments and files whose contents are not what they were,
/// each named. Reads the whole stanza. Errors: as Engine.
std::vector<Damage> archive_damage_of(const trust::Run& run, const std::string& repository,
                                      const std::string& system_identifier);

/// Removes the files of a set in pgBackRest's repository, and those of sets that build on it; not
/// the set itself. Fine when they are gone. The caller holds the repository's lock.
void remove_cluster_files(const trust::Run& run, const std::string& repository, const Set& set);

}  // namespace caisson::backups::physical
