// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/files.h"

namespace caisson::cli {

/// A directory in which a cluster is recovered for the moment; it goes with the value. What a
/// killed run left is removed by the next one; one that is still at work holds the lock beside its
/// directory.
class RecoveryPlace {
 public:
    /// Below `base`, which is there. Errors: state_unusable.
    RecoveryPlace(const fs::path& base, std::string_view purpose);
    RecoveryPlace(const RecoveryPlace&) = delete;
    RecoveryPlace& operator=(const RecoveryPlace&) = delete;
    ~RecoveryPlace();
    const fs::path& directory() const { return directory_; }

 private:
    fs::path directory_;
    std::optional<FileLock> lock_;
};

}  // namespace caisson::cli
