// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A lease: while somebody reads a set, nobody removes it or what it builds on.
///     <repository>/leases/<id>.<random>    locked as long as its holder lives
///     <repository>/leases/.gate            leases are taken, and sets removed, one at a time

#include <optional>
#include <set>
#include <string>

#include "operations/backups/sets/repository.h"

namespace caisson::backups {

/// Ends with the value, and with the process, however that ends.
class Lease {
 public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

 private:
    friend std::optional<Lease> lease(const Repository&, const std::string&, std::string_view);
    Lease(FileLock lock, fs::path path) : lock_(std::move(lock)), path_(std::move(path)) {}

    FileLock lock_;
    fs::path path_;  ///< Empty once moved from.
};

/// For who restores or drills `id`; several may hold one of the same set. `purpose` is what others
/// are told. Nothing where the repository cannot be written, such as a medium that is read-only:
/// nobody removes there. Errors: backup_missing when the set is not there (any more); locked when
/// the gate stays shut for half a minute.
std::optional<Lease> lease(const Repository& repository, const std::string& id,
                           std::string_view purpose);

/// The sets that somebody reads at the moment.
std::set<std::string> in_use(const Repository& repository);

/// Held by who removes, over the look at in_use() and the removal, so that no lease begins between
/// them. Errors: locked.
FileLock shut_gate(const Repository& repository);

}  // namespace caisson::backups
