// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How the server would execute a statement of pg_stat_statements, whose constants are gone: the
/// generic plan, for no values in particular. Nothing is executed.

#include <cstdint>
#include <optional>
#include <string>

#include "drivers/pg/connection.h"

namespace caisson::monitor {

/// The whole text of a statement, as pg_stat_statements has it; nothing when it has none (any
/// more). Errors: DatabaseError; database_rejected where the extension is missing.
std::optional<std::string> statement_text(pg::Connection& connection, std::int64_t id);

/// The plan as text, for a statement with $1, $2, …, typed literals (`interval $1`) included. As a
/// role that may read the tables; the connection needs a statement_timeout of its own. Errors:
/// DatabaseError, such as for what is no query. Source: PostgreSQL 15, PREPARE, plan_cache_mode.
std::string generic_plan(pg::Connection& connection, const std::string& text);

}  // namespace caisson::monitor
