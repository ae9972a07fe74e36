// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A logical set put back: always into a new database, compared with what the set says. exchange.h
/// lets it take another's place.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/logical/logical.h"

namespace caisson::backups {

struct RestoreOptions {
    std::optional<SealingKey> sealing;
    /// `schema.table`: the rows of these alone, in a database of tables without indexes,
    /// constraints and policies. Empty: all.
    std::vector<std::string> tables;
    std::string owner{};  ///< A role of the server; empty: whoever restores.
    std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
};

/// A database that is dropped with the value unless it was kept: also after Ctrl-C. A killed run's
/// is marked, and dropped by drop_leftovers().
class NewDatabase {
 public:
    /// Makes it, for its owner alone: nobody else may connect. Errors: usage when there is one.
    NewDatabase(pg::Settings admin, std::string name, const std::string& owner,
                const std::string& set);
    NewDatabase(const NewDatabase&) = delete;
    NewDatabase& operator=(const NewDatabase&) = delete;
    ~NewDatabase();
    const std::string& name() const { return name_; }
    /// It stays. `admin` is to another database; it may be inside of a transaction.
    void keep(pg::Connection& admin);

 private:
    pg::Settings admin_;
    std::string name_;
    bool is_kept_ = false;
};

struct Restored {
    std::unique_ptr<NewDatabase> database;
    std::uint64_t tables = 0;
    std::uint64_t rows = 0;
    std::vector<std::string> differences;  ///< From what the set says; none when all is equal.
    std::vector<std::string> notes;        ///< Sentences: what it took besides pg_restore.
};

/// Makes the database `name` of the set's part `key` on the server of `admin`, whose role may make
/// databases and act as their owners. Roles that own something in it must be there. Where
/// pg_restore fails because a function finds others by search_path, which pg_restore leaves empty,
/// it is tried once more with functions that have the database's own meanwhile; where the server
/// lacks a tablespace, without tablespaces. Errors:
/// backup_missing, backup_damaged, backup_key, backup_failed with pg_restore's words, usage when
/// such a database exists, disk_full, interrupted.
Restored restore_database(const platform::Variables& variables, const Repository& repository,
                          const Set& set, const std::string& key, const pg::Settings& admin,
                          const std::string& name, const RestoreOptions& options);

/// One restore at a time on a server: held over all of it. Errors: locked.
class RestoreLock {
 public:
    explicit RestoreLock(const pg::Settings& admin);
    RestoreLock(const RestoreLock&) = delete;
    RestoreLock& operator=(const RestoreLock&) = delete;
    ~RestoreLock();
    /// Drops what killed restores left. Their names.
    std::vector<std::string> drop_leftovers();

 private:
    pg::Connection connection_;
};

/// A name that no database of the server has: `stem`, shortened, and `_WORD_xxxx`.
std::string free_name(pg::Connection& admin, const std::string& stem, const std::string& word);

/// Whether every part and table that a restore compares with is in the manifest, for this database.
/// Errors: backup_missing; backup_damaged.
void require_whole(const Set& set, const std::string& key);

/// The set's part that is no database, to `sink`: `redis`, `roles`, `platform`. Errors:
/// backup_missing when it has none; as read_stored().
void read_part(const Repository& repository, const Set& set, const std::string& kind,
               const std::optional<SealingKey>& sealing, const Sink& sink);

}  // namespace caisson::backups
