// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// SQLite, as much of it as the history needs. Private to this module.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

struct sqlite3;
struct sqlite3_stmt;

namespace caisson::monitor {

/// The file is not what SQLite wrote: it must be put aside.
class Damaged : public Error {
 public:
    using Error::Error;
};

class Statement;

/// A database file. Errors of all: Damaged; disk_full; state_unusable. Threads: one at a time.
class Sqlite {
 public:
    enum class Mode { read_only, read_write };
    Sqlite(const fs::path& file, Mode mode);
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;
    ~Sqlite();

    /// Statements that give no rows.
    void run(const char* sql);
    Statement prepare(std::string_view sql);
    std::int64_t last_id() const;
    [[noreturn]] void fail() const;

 private:
    friend class Statement;
    fs::path file_;
    sqlite3* handle_ = nullptr;
};

/// A statement with its parameters bound in turn. Lives no longer than its database.
class Statement {
 public:
    Statement(Sqlite& database, std::string_view sql);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement(Statement&& other) noexcept;
    ~Statement();

    Statement& bind(std::int64_t value);
    Statement& bind(std::string_view text);
    Statement& bind_bytes(std::string_view bytes);
    /// The next row; false at the end, when it may be bound and stepped anew.
    bool step();
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    std::string_view bytes(int column) const;  ///< Until the next step.

 private:
    Sqlite* database_;
    sqlite3_stmt* handle_ = nullptr;
    int next_ = 1;
};

}  // namespace caisson::monitor
