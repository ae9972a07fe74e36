// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A stream as it lies in a set: compressed with zstd, sealed where there is a key, counted and
/// hashed on the way, so that nothing is read twice.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/sealing.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups {

struct Stored {
    StoredFile file;
    std::uint64_t plain_bytes = 0;
    std::string plain_sha256;  ///< Empty where it was not asked for.
};

struct StoringOptions {
    int level = 3;
    bool hashes_plain = true;  ///< Whether the stream's own hash is wanted beside the file's.
    std::optional<Account> owner;
};

/// Makes a new file, 0600. Without finish() it is removed again.
class Storing {
 public:
    /// `name` is relative to `directory`, and ends in .zst or .zst.sealed by what `key` says.
    /// Errors: disk_full, state_unusable.
    Storing(const fs::path& directory, const std::string& name,
            const std::optional<SealingKey>& key, const StoringOptions& options);
    Storing(const Storing&) = delete;
    Storing& operator=(const Storing&) = delete;
    ~Storing();
    void add(std::string_view bytes);
    /// Flushed to the disk when it returns.
    Stored finish();
    std::uint64_t stored_bytes() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The name that Storing gives a file.
std::string stored_name(const std::string& name, bool is_sealed);

/// Reads a stored file to its end and hands on what was stored. `expected` is what the manifest
/// says: a file of another size or hash is an error before the last bytes are handed on.
/// Errors: backup_damaged, backup_key, with the file's name.
void read_stored(const fs::path& directory, const StoredFile& expected,
                 const std::optional<SealingKey>& key, const Sink& sink);

}  // namespace caisson::backups
