// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::sql {

/// What running a statement brings with it, as far as its text tells.
struct Effects {
    /// It builds or drops without holding up others (CONCURRENTLY): a lock_timeout would leave an
    /// invalid index or a half detached partition.
    bool concurrently = false;
    /// It takes a lock on a table that is in use, for which others wait: ALTER, DROP, CREATE INDEX,
    /// CREATE TRIGGER, TRUNCATE, REFRESH, LOCK, …
    bool locks_tables = false;
    /// It may end the transaction by itself, which the server alone knows: CALL, DO.
    bool may_commit = false;
    /// Refused outside of a transaction block: SAVEPOINT, LOCK, DECLARE without HOLD.
    bool needs_transaction = false;
};
/// Of the text of one statement. Threads: any.
/// Source: PostgreSQL, "Explicit Locking" and the pages of the commands.
Effects effects_of(std::string_view statement);

/// ALTER TYPE … ADD VALUE: the value cannot be used before the transaction that adds it has ended
/// (SQLSTATE 55P04).
struct AddedEnumValue {
    std::string type;   ///< As written: quotes and schema included.
    std::string value;  ///< Without quotes.
};
/// Nothing for other statements.
std::optional<AddedEnumValue> added_enum_value(std::string_view statement);
/// Whether a text has this value as a string constant, in a function body as well: the place before
/// which a transaction that added it is to be cut.
bool uses_string(std::string_view text, std::string_view value);

}  // namespace caisson::sql
