// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace caisson::pg {

/// What the server said of a command that it refused (Code::database_rejected), as facts.
/// Source: PostgreSQL, "Error and Notice Message Fields" and appendix A (SQLSTATE).
class DatabaseError : public Error {
 public:
    using Error::Error;

    std::string sqlstate;  ///< Five characters.
    std::string detail;
    std::string schema;
    std::string table;
    std::string column;  ///< Of NOT NULL alone.
    std::string constraint;
    std::string context;  ///< Where inside functions it happened; may be empty.
    std::optional<std::size_t>
        position;  ///< Character (from 0) in the text that was sent, when the server knows it.
    std::size_t statement = 0;  ///< How many statements of the text had succeeded before.

    /// Whether the SQLSTATE begins so: is("23") is any integrity violation.
    bool is(std::string_view prefix) const { return sqlstate.rfind(prefix, 0) == 0; }
};

namespace sqlstate {
constexpr std::string_view duplicate_database = "42P04";
constexpr std::string_view duplicate_object = "42710";
constexpr std::string_view undefined_table = "42P01";
constexpr std::string_view insufficient_privilege = "42501";
constexpr std::string_view foreign_key_violation = "23503";
constexpr std::string_view unique_violation = "23505";
constexpr std::string_view lock_not_available = "55P03";
constexpr std::string_view active_transaction = "25001";
constexpr std::string_view query_canceled = "57014";
constexpr std::string_view cannot_connect_now = "57P03";
constexpr std::string_view invalid_catalog_name = "3D000";
constexpr std::string_view invalid_password = "28P01";
constexpr std::string_view disk_full = "53100";
}  // namespace sqlstate

}  // namespace caisson::pg
