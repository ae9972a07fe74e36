// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs about backups share.

#include <optional>
#include <string>
#include <vector>

#include "app/cli/context.h"
#include "operations/backups/sets/keys.h"
#include "operations/backups/sets/repository.h"

namespace caisson::cli {

/// Sets of all repositories that are there, each once, oldest first.
struct KnownSet {
    backups::Found found;
    /// That have it with this very manifest: only there its files may be looked for.
    std::vector<std::string> repositories;
    std::vector<std::string> others;  ///< That have another or no manifest under its id.
};
std::vector<KnownSet> known_sets(const std::vector<backups::Repository>& repositories);
/// The set by its id, a beginning of it that only one has, or `latest`, which with `is_logical` is
/// the newest of databases. Errors: backup_missing.
KnownSet the_set(const std::vector<backups::Repository>& repositories, const std::string& name,
                 bool is_logical = false);
const backups::Repository& repository_named(const std::vector<backups::Repository>& repositories,
                                            const std::string& name);
/// The repository of this name, which must have the set with this manifest. Errors: usage;
/// backup_missing.
const backups::Repository& copy_named(const std::vector<backups::Repository>& repositories,
                                      const KnownSet& known, const std::string& name);
/// The copy to restore from: the one in the repository `name`, else the first that is whole. Where
/// there are several, each file is read first, and a copy that is damaged is told in a note.
/// Errors: as copy_named(); backup_damaged when none is whole.
const backups::Repository& whole_copy(Context& context,
                                      const std::vector<backups::Repository>& repositories,
                                      const KnownSet& known, const std::string& name);
/// Repositories that are there; a note for each that is not. Errors: state_unusable when none is
/// there although one was, or when one cannot be read: that is not the same as that no backup was
/// made.
std::vector<backups::Repository> present_repositories(Context& context);
/// The same of another environment's.
std::vector<backups::Repository> present_repositories(Context& context, const trust::Run& run);

/// "signed", "not signed", "signed by a key that is not known here", "altered since it was signed".
std::string signature_text(Context& context, const backups::Found& found);
boost::json::object to_json(const KnownSet& set);

}  // namespace caisson::cli
