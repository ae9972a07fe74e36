// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How a transaction is run again when the server ended it for the sake of others. transact()
/// itself is in run.h and run_async.h.

#include <chrono>
#include <string>

#include "drivers/pg/error.h"

namespace caisson::pg {

enum class Isolation { read_committed, repeatable_read, serializable };

struct TransactOptions {
    Isolation isolation = Isolation::read_committed;
    bool read_only = false;
    int attempts = 8;                          ///< The first one counts.
    std::chrono::milliseconds first_pause{5};  ///< About; doubled each time, up to the longest.
    std::chrono::milliseconds longest_pause{500};
    /// For coroutines of all attempts together, with their pauses; of each statement for a blocking
    /// connection; zero: their own.
    std::chrono::milliseconds limit{0};
};

/// The fact of a DatabaseError when a prepared statement failed because it is gone, or because its
/// result would have another type.
inline constexpr const char* outdated_fact = "outdated";

/// `begin isolation level serializable read only`.
std::string begin_text(const TransactOptions& options);
/// Whether the same work may succeed when it is run again: serialization failure (40001), deadlock
/// (40P01), and prepared statements that a change of the schema outdated, which are prepared anew.
/// Source: PostgreSQL, "Serialization Failure Handling".
bool may_succeed_again(const DatabaseError& error);
/// How long to wait before the next attempt: between a half and one and a half of what it should
/// be, so that two that met do not meet again.
std::chrono::microseconds pause_after(int attempt, const TransactOptions& options);

}  // namespace caisson::pg
