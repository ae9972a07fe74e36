// SPDX-License-Identifier: Apache-2.0
#include "app/cli/recovery_place.h"

#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/error.h"

namespace caisson::cli {
namespace {

constexpr std::string_view stem = "recovery-";

fs::path lock_of(const fs::path& directory) { return directory.string() + ".lock"; }

void remove_leftovers(const fs::path& base) {
    std::vector<fs::path> locks;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(base, ignored)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(stem) && name.ends_with(".lock")) {
            locks.push_back(entry.path());
        }
    }
    for (const auto& path : locks) {
        if (FileLock::try_lock(path, "removal")) {
            remove_tree(fs::path(path).replace_extension());
            remove_tree(path);
        }
    }
}

}  // namespace

RecoveryPlace::RecoveryPlace(const fs::path& base, std::string_view purpose) {
    remove_leftovers(base);
    directory_ = base / (std::string(stem) + random_uuid().substr(0, 8));
    lock_ = FileLock::try_lock(lock_of(directory_), std::string(purpose));
}

RecoveryPlace::~RecoveryPlace() {
    try {
        remove_tree(directory_);
        remove_tree(lock_of(directory_));
    } catch (const Error&) {
        // The next run tries again.
    }
}

}  // namespace caisson::cli
