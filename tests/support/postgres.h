// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/files.h"
#include "drivers/pg/settings.h"

namespace caisson::test {

/// A private PostgreSQL for this test program: made and started at the first use, stopped and
/// removed when the program ends, however it ends. On a Unix socket in a directory of its own;
/// durability is switched off.
class Postgres {
 public:
    static Postgres& shared();
    /// As the superuser, to the database `postgres`.
    pg::Settings settings() const;

    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;
    ~Postgres();

 private:
    Postgres();
    fs::path directory_;
    pid_t process_ = -1;
};

/// An empty database of the shared server, dropped with the value. Its name is unique in the
/// server.
class Database {
 public:
    Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();
    const std::string& name() const { return name_; }
    /// As the superuser.
    pg::Settings settings() const;

 private:
    std::string name_;
};

/// A directory below the system's temporary one, removed with the value.
class Directory {
 public:
    Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory();
    const fs::path& path() const { return path_; }
    /// Writes a file below it, with its parents; gives back its path.
    fs::path write(const fs::path& name, std::string_view contents) const;

 private:
    fs::path path_;
};

}  // namespace caisson::test
