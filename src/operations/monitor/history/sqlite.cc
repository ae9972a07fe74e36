// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace caisson::monitor {

Sqlite::Sqlite(const fs::path& file, Mode mode) : file_(file) {
    const int flags =
        mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (::sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
        const auto reason = std::string(handle_ ? ::sqlite3_errmsg(handle_) : "no memory");
        const int code = handle_ ? ::sqlite3_errcode(handle_) : SQLITE_NOMEM;
        ::sqlite3_close(handle_);
        const auto message = fmt::format("{} cannot be opened: {}", file.string(), reason);
        if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
            throw Damaged(Code::state_unusable, message);
        }
        throw Error(Code::state_unusable, message);
    }
    ::sqlite3_extended_result_codes(handle_, 1);
    ::sqlite3_busy_timeout(handle_, 5'000);
}

Sqlite::~Sqlite() { ::sqlite3_close_v2(handle_); }

void Sqlite::fail() const {
    const int code = ::sqlite3_errcode(handle_) & 0xFF;
    const auto message = fmt::format("{}: {}", file_.string(), ::sqlite3_errmsg(handle_));
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        throw Damaged(Code::state_unusable, message);
    }
    throw Error(code == SQLITE_FULL ? Code::disk_full : Code::state_unusable, message);
}

void Sqlite::run(const char* sql) {
    if (::sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail();
    }
}

Statement Sqlite::prepare(std::string_view sql) { return Statement(*this, sql); }

std::int64_t Sqlite::last_id() const { return ::sqlite3_last_insert_rowid(handle_); }

Statement::Statement(Sqlite& database, std::string_view sql) : database_(&database) {
    if (::sqlite3_prepare_v2(database.handle_, sql.data(), static_cast<int>(sql.size()), &handle_,
                             nullptr) != SQLITE_OK) {
        database.fail();
    }
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), handle_(other.handle_), next_(other.next_) {
    other.handle_ = nullptr;
}

Statement::~Statement() { ::sqlite3_finalize(handle_); }

Statement& Statement::bind(std::int64_t value) {
    ::sqlite3_bind_int64(handle_, next_++, value);
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    ::sqlite3_bind_text(handle_, next_++, text.data(), static_cast<int>(text.size()),
                        SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
    ::sqlite3_bind_blob(handle_, next_++, bytes.data(), static_cast<int>(bytes.size()),
                        SQLITE_TRANSIENT);
    return *this;
}

bool Statement::step() {
    const int code = ::sqlite3_step(handle_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        ::sqlite3_reset(handle_);
        next_ = 1;
        database_->fail();
    }
    ::sqlite3_reset(handle_);
    next_ = 1;
    return false;
}

std::int64_t Statement::integer(int column) const {
    return ::sqlite3_column_int64(handle_, column);
}

std::string Statement::text(int column) const {
    const auto* const text = ::sqlite3_column_text(handle_, column);
    return text ? reinterpret_cast<const char*>(text) : "";
}

std::string_view Statement::bytes(int column) const {
    const auto* const data = static_cast<const char*>(::sqlite3_column_blob(handle_, column));
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(handle_, column));
    return data ? std::string_view(data, size) : std::string_view();
}

}  // namespace caisson::monitor
