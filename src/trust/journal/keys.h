// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Who signs. The private key lies in the state directory (secrets/journal-key, 0600), or comes
/// from the variable CAISSON_JOURNAL_KEY. Public keys are listed in journal/keys.ndjson there, each
/// introduced by the one before it, so that what an old key signed stays verifiable.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing.h"
#include "trust/session.h"

namespace caisson::journal {

/// A public key, and the key that vouches for it.
struct Introduction {
    std::string key;         ///< key_id() of `public_key`.
    std::string public_key;  ///< 64 hexadecimal digits.
    std::string previous;    ///< The key that introduces it; empty for the first.
    std::string signature;   ///< By `previous`, over introduction_message().

    bool operator==(const Introduction&) const = default;
};

/// Where public keys and exported heads are kept: `journal` below the state directory.
fs::path directory_of(const trust::Run& run);

/// The bytes that are signed: netstrings of `caisson-journal-key-1` and the public key.
std::string introduction_message(std::string_view public_key);
Introduction introduce(const SigningKey& key);
Introduction introduce(const SigningKey& key, const SigningKey& by);

/// The detail of a `key` entry, and a line of keys.ndjson.
std::string to_json(const Introduction& introduction);
std::optional<Introduction> parse_introduction(std::string_view json);

/// The key of the environment; nothing when none was made yet. Errors: usage for one that is no
/// key.
std::optional<SigningKey> find_key(const trust::Run& run);
/// The same, made when it is missing; nothing where the variable is declared and has no value, and
/// runs go unsigned. Of several processes that find none, one makes it and all get that one.
/// Errors: state_unusable; locked.
std::optional<SigningKey> ensure_key(const trust::Run& run);
/// A new key, introduced by the present one. Errors: usage where the key is the variable's.
SigningKey rotate_key(const trust::Run& run);
/// All that were made here, in their order; that of the variable alone where there is one.
std::vector<Introduction> known_keys(const trust::Run& run);

}  // namespace caisson::journal
