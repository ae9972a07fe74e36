// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A repository: a directory in which sets lie, each whole or not at all.
///     <path>/sets/<id>/set.json, set.sig, files of the set
///     <path>/sets/.<id>.part/       one that is being made, or was when its maker was killed
///     <path>/receipts/<id>.json     what drills proved, signed
///     <path>/leases/                which sets are being read, see lease.h
///     <path>/holds.json             what must not be removed, and why
///     <path>/pgbackrest/            pgBackRest's own
///     <path>/lock                   one who makes, copies or removes at a time
///     <path>/removed                ids of sets that were removed on purpose, a line each

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups {

/// A set as it was found.
struct Found {
    Set set;
    std::string json;  ///< The manifest's text, which is signed.
    std::optional<Signature> signature;
    std::string mistake;  ///< Why the manifest cannot be used; `set.id` is all that is known then.
};

/// A reason why a set is kept whatever the tiers say.
struct Hold {
    std::string set;
    std::string reason;
    std::string by;
    std::string at;     ///< RFC 3339.
    std::string until;  ///< RFC 3339; empty: until it is released.
    bool operator==(const Hold&) const = default;
};

/// That a repository's sets cannot be looked at.
struct Absence {
    std::string text;            ///< A sentence with the path.
    bool is_unreadable = false;  ///< Something is there, which is not to be taken for nothing.
};

class Repository {
 public:
    /// `name` is that of the manifest; nothing is made yet. `declared` is the directory that must
    /// be there before anything is made below it: an empty mount point's disk is away.
    Repository(std::string name, fs::path path, std::optional<Account> owner = {},
               fs::path declared = {});

    const std::string& name() const { return name_; }
    const fs::path& path() const { return path_; }
    fs::path directory_of(const std::string& id) const { return path_ / "sets" / id; }
    const std::optional<Account>& owner() const { return owner_; }
    const fs::path& declared() const { return declared_; }

    /// Makes the directories, 0700. Errors: state_unusable, also when the declared one is not
    /// there; disk_full.
    void prepare() const;
    /// Whether it is there at all: one on another disk may be away.
    bool is_there() const { return !absence(); }
    /// Why nothing can be read from it; nothing when it is there.
    std::optional<Absence> absence() const;
    /// Errors: locked, naming the holder.
    FileLock lock(std::string_view purpose) const;

    /// All sets, oldest first; what cannot be read is among them, with its mistake. Errors:
    /// state_unusable when the directory itself cannot be read.
    std::vector<Found> sets() const;
    std::optional<Found> find(const std::string& id) const;
    /// Whether any set is of a whole server, by their names alone: cheap. Errors: as sets().
    bool has_physical() const;

    /// A directory for a set that is being made. The caller holds the lock.
    fs::path begin(const std::string& id) const;
    /// Writes manifest and signature, flushes everything to the disk, and gives the set its name.
    void finish(const Set& set, const std::optional<SigningKey>& key) const;
    /// Takes a whole set of another repository over, file by file, each compared with its hash.
    /// `progress` is told of bytes. Errors: backup_damaged, disk_full.
    void copy_from(const Repository& other, const Found& found,
                   const std::function<void(std::uint64_t)>& progress) const;
    /// First the name, then the files: a killed removal leaves nothing that looks whole. That it
    /// was meant is remembered: removed() tells, so that no copy comes back from elsewhere.
    void remove(const std::string& id) const;
    std::set<std::string> removed() const;
    /// Sets that are being made, or whose makers were killed.
    std::vector<std::string> unfinished() const;
    /// Removes what killed makers left. Names of what was removed. The caller holds the lock.
    std::vector<std::string> remove_unfinished() const;

    std::vector<Hold> holds() const;
    void set_holds(const std::vector<Hold>& holds) const;

 private:
    fs::path part_of(const std::string& id) const { return path_ / "sets" / ("." + id + ".part"); }

    std::string name_;
    fs::path path_;
    std::optional<Account> owner_;
    fs::path declared_;
};

/// A file that does not match its manifest.
struct Damage {
    std::string file;
    std::string what;  ///< "is missing", "has 12 bytes instead of 14", "has other contents".
};
/// Every file of the set against its size and hash. `progress` is told of bytes.
std::vector<Damage> damage_of(const Repository& repository, const Set& set,
                              const std::function<void(std::uint64_t)>& progress = {});

}  // namespace caisson::backups
