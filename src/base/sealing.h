// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Streams that are encrypted and authenticated piece by piece: AES-256-GCM in chunks of 64 KiB,
/// each under a number of its own and told whether it is the last, so that none can be altered,
/// exchanged, repeated or cut off unnoticed. Every stream has a key of its own, derived from the
/// key given. Source: NIST SP 800-38D; RFC 5869; the STREAM construction of Hoang, Reyhanitabar,
/// Rogaway and Vizár (CRYPTO 2015).
///
/// Layout: "CSNSEAL1", 8 bytes that name the key, 16 random bytes, then chunks of ciphertext and a
/// tag of 16 bytes. All but the last chunk are full.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace caisson {

class SealingKey {
 public:
    /// What the text of a key begins with that make_text() made.
    static constexpr std::string_view made_prefix = "caisson-key-";
    /// The text of a new key: the prefix and 256 random bits.
    static Secret make_text();
    /// The same key for the same text. A text is a passphrase, and stretched (scrypt, 64 MiB),
    /// however long it is; but for one of make_text(), which nobody guesses. Errors: usage for
    /// fewer than 16 characters.
    static SealingKey of(const Secret& text);
    /// 16 hexadecimal digits that tell keys apart and nothing about them.
    std::string id() const;
    const std::array<unsigned char, 32>& bytes() const { return bytes_; }

 private:
    std::array<unsigned char, 32> bytes_{};
};

using Sink = std::function<void(std::string_view)>;

class Sealer {
 public:
    Sealer(const SealingKey& key, Sink sink);
    Sealer(const Sealer&) = delete;
    Sealer& operator=(const Sealer&) = delete;
    ~Sealer();
    void add(std::string_view bytes);
    /// The last chunk. A stream without it is not whole.
    void finish();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

class Opener {
 public:
    Opener(const SealingKey& key, Sink sink);
    Opener(const Opener&) = delete;
    Opener& operator=(const Opener&) = delete;
    ~Opener();
    /// Hands on only what was proven to be as it was sealed. Errors: backup_key when another key
    /// sealed it; backup_damaged, with the offset of the chunk, for what was altered.
    void add(std::string_view bytes);
    /// Errors: backup_damaged when the end is missing.
    void finish();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson
