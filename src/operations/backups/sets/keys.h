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
/// Of two that make one at a time, both get the first one's. Where a repository has encrypted sets,
/// another one is made only when `anew` says so. Errors: backup_key; variable_invalid;
/// state_unusable.
std::optional<Passphrase> ensure_passphrase(const trust::Run& run, bool anew = false);
/// What whoever has just got a new key must be told.
std::string note_of_new_key(const Passphrase& passphrase);
/// As ensure_passphrase(), but never made, and whatever `encrypt` says: sets of before may be
/// sealed. Errors: backup_key when there is none.
std::optional<Passphrase> find_passphrase(const trust::Run& run);
std::optional<SealingKey> sealing_key(const std::optional<Passphrase>& passphrase);
/// The key that the set was sealed with: of the variable and of the file that whose name the set
/// has, else the first there is. Nothing for a set that is not sealed. Errors: backup_key.
std::optional<SealingKey> key_of(const trust::Run& run, const Set& set);

/// The repositories of the manifest that are directories, in its order. Errors: variable_invalid.
std::vector<Repository> repositories_of(const trust::Run& run);
/// Whether something is wrong when it is not there: it was made here once, at the place that it has
/// now; its declared directory is missing; or it cannot be read.
bool is_expected(const trust::Run& run, const Repository& repository);
/// Makes its directories, and remembers that it did. What was there once and is not any more is not
/// made again unless `anew` says so: its disk is more likely to be away. Errors: state_unusable,
/// disk_full.
void make_repository(const trust::Run& run, const Repository& repository, bool anew);
/// Makes State::backups() where it is missing: 0700, the servers' account's.
void prepare_state(const trust::Run& run);
/// Who owns what lies in them: the account of private servers, when root works for it.
std::optional<Account> owner_of(const trust::Run& run);

/// Keeps the public key beside the backups, so that they stay verifiable when the state is gone.
void remember_signer(const trust::Run& run, const SigningKey& key);
/// The public keys that may have signed: those of the journal here, and those remembered.
std::vector<std::string> trusted_keys(const trust::Run& run);

}  // namespace caisson::backups
