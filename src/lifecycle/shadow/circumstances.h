// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a shadow at an address changes about the database besides its contents: rights on it, its
/// schema public with owner and rights, its settings. Remembered before, put back afterwards.

#include <string>

#include "drivers/pg/connection.h"

namespace caisson::shadow {

/// All of it as JSON, which the mark of a shadow keeps for the run after a killed one.
std::string circumstances(pg::Connection& connection);
/// Puts back what is not as it was, and nothing else. Each statement stands alone: what is refused
/// stays as it is.
void restore(pg::Connection& connection, const std::string& before);
/// Whether the server did it; a refusal is none of the caller's business.
bool attempt(pg::Connection& connection, const std::string& sql);

}  // namespace caisson::shadow
