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
    std::vector<std::string> repositories;  ///< That have it.
};
std::vector<KnownSet> known_sets(const std::vector<backups::Repository>& repositories);
/// The set by its id, a beginning of it that only one has, or `latest`. Errors: backup_missing.
KnownSet the_set(const std::vector<backups::Repository>& repositories, const std::string& name);
const backups::Repository& repository_named(const std::vector<backups::Repository>& repositories,
                                            const std::string& name);
/// Repositories that are there; a note for each that is not.
std::vector<backups::Repository> present_repositories(Context& context);

/// "signed", "not signed", "signed by a key that is not known here", "altered since it was signed".
std::string signature_text(Context& context, const backups::Found& found);
boost::json::object to_json(const KnownSet& set);

}  // namespace caisson::cli
