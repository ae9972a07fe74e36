// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where a set is, and whether it may be believed: for `backup restore`, `backup drill`, `up
/// --from`.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/backup.h"
#include "app/cli/recovery_place.h"
#include "app/cli/steps.h"
#include "base/sealing.h"

namespace caisson::cli {

struct SetSource {
    backups::Repository repository;
    backups::Found found;
    std::optional<SealingKey> sealing;
    bool is_of_another = false;              ///< Of another environment than this run's.
    std::shared_ptr<RecoveryPlace> place{};  ///< Where a set that lies outside is looked at.
};

/// `latest`, an id or its beginning; `ENVIRONMENT:` before it for another environment's; or the
/// directory of a set. Its manifest is signed by a key that is known here, or was given as
/// --public-key; otherwise --unsigned must be: what is restored runs as SQL of a superuser. Errors:
/// backup_missing, backup_damaged, backup_key, confirmation_needed, identity_mismatch.
SetSource set_source(Context& context, const std::string& text);

/// Before anything is made for it, whether the key at hand opens a logical set. Errors: backup_key.
void require_right_key(const SetSource& source);

/// What `up --from` makes a copy of, found before anything is made for it: the set, its key, and
/// all of the platform's databases in it. Errors: not_private; as set_source(); backup_missing.
SetSource copy_source(Context& context);
/// The step of `up --from`: the copy, masked as [backups.masks] says, in place of what seeds bring.
StepSummary restore_copy(Context& context, const SetSource& source);

/// Values of before a restore must not be served after it. A Redis that is away is a note.
void forget_cached(Context& context);

/// What belongs to a restore of the server that was killed after its data were put in place: they
/// serve, so the identity begins an epoch and caches are emptied. Sentences about it.
std::vector<std::string> finish_killed_restore(Context& context);

/// `backup restore --part`: roles, Redis or the platform's files, in a directory of their own.
Exit restore_one_part(Context& context);

/// Where --to says, as an absolute path without a slash at its end.
fs::path target_directory(Context& context);
/// Whether personal data of another environment must be masked, as nobody said --unmasked.
bool wants_masks(Context& context, const SetSource& source);

/// The options that set_source() looks at.
std::vector<Option> source_options();

}  // namespace caisson::cli
