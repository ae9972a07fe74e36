// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET said, read from one database and
/// said again of another.

#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups {

/// Of the database that the connection is to, by role and name.
std::vector<Parameter> parameters_of(pg::Connection& connection);

/// The value as SQL has it behind SET … TO. Errors: as statement_of(). Pure.
std::string value_of(const Parameter& parameter);

/// The statement that says it of `database`: names are identifiers, values literals. A value of the
/// six that PostgreSQL keeps as lists with quotes of their own (`search_path`) is taken apart, as
/// pg_dump does it: as one literal it would be one name. Errors: backup_damaged when it cannot be.
/// Source: variable_is_guc_list_quote(), SplitGUCList() of PostgreSQL. Pure.
std::string statement_of(const Parameter& parameter, const std::string& database);

}  // namespace caisson::backups
