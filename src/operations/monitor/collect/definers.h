// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the role of the monitor may know without reading anything: functions of the schema caisson
/// that run with the rights of who made them, and give figures and never values.

#include <string_view>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"

namespace caisson::monitor {

/// Makes them; provisioning gives them to `_monitor` alone, by their names. They could be rights
/// instead: but those on sequences would have to be given anew for each one that no default
/// privilege covers, and the widths of columns are shown only to who may read the columns.
trust::CatalogueStep definers_step();

/// Whether the role of this connection may call a function of the schema caisson.
bool may_call(pg::Connection& connection, std::string_view function);

/// Last values of sequences, in the order of their oids, from behind one, so many at most (each is
/// locked until the transaction ends): `sequence oid, last_value bigint`.
inline constexpr std::string_view sequences_function = "monitor_sequences";
/// What a row takes on average, of tables given as oid[], and of how many columns that is known:
/// `relation oid, width float8, known bigint`.
inline constexpr std::string_view widths_function = "monitor_row_widths";

}  // namespace caisson::monitor
