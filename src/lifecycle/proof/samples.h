// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Rows put into empty tables, so that a proof sees whether they survive.

#include <map>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/proof/rows.h"

namespace caisson::proof {

/// What was put where.
struct Samples {
    std::vector<std::string> tables;   ///< One row in each, parents before children.
    std::vector<std::string> without;  ///< No row could be made that its constraints accept.
};

/// Puts one row into each table of `rows` that has none, as far as its constraints allow: values by
/// type, those that a check names, keys of the parent's row. No trigger fires where the session may
/// switch them off, and no sequence advances. `connection` may write everywhere.
Samples put_samples(pg::Connection& connection, const std::map<std::string, Rows>& rows);
/// Takes them out of those tables that still exist.
void take_samples(pg::Connection& connection, const Samples& samples);

}  // namespace caisson::proof
