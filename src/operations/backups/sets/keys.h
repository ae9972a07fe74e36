// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The key that backups are sealed with, and the repositories, as the run at hand has them.

#include <optional>
#include <string>
#include <vector>

#include "base/sealing.h"
#include "operations/backups/sets/repository.h"
#include "trust/session.h"

namespace caisson::backups {

/// The passphrase: that of the variable the manifest names, else the text of `key` in
/// State::backups(), 0600. Nothing where the manifest says `encrypt = false`.
struct Passphrase {
    Secret text;
    bool is_made = false;  ///< Just now, for want of one: it must be kept elsewhere, too.
    fs::path file;         ///< Where it lies; empty where the variable has it.
};
/// Errors: variable_invalid; state_unusable.
std::optional<Passphrase> ensure_passphrase(const trust::Run& run);
/// The same, but never made. Errors: backup_key when there is none.
std::optional<Passphrase> find_passphrase(const trust::Run& run);
std::optional<SealingKey> sealing_key(const std::optional<Passphrase>& passphrase);

/// The repositories of the manifest that are directories, in its order. Errors: variable_invalid.
std::vector<Repository> repositories_of(const trust::Run& run);
/// Who owns what lies in them: the account of private servers, when root works for it.
std::optional<Account> owner_of(const trust::Run& run);

/// Keeps the public key beside the backups, so that they stay verifiable when the state is gone.
void remember_signer(const trust::Run& run, const SigningKey& key);
/// The public keys that may have signed: those of the journal here, and those remembered.
std::vector<std::string> trusted_keys(const trust::Run& run);

}  // namespace caisson::backups
