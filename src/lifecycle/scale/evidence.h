// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "drivers/pg/connection.h"
#include "lifecycle/scale/layout.h"
#include "lifecycle/seeds/target.h"

namespace caisson::scale {

/// How it is told that nobody has touched a row since it was made: by the transaction that wrote it
/// last, which belongs to a run that made rows of its table (triggers of tables filled later in the
/// run may have written it, too); else by its values. Transactions mean nothing in another server
/// or database (after a dump and its restore), nor when so many have passed that their numbers come
/// again.
struct Evidence {
    std::string transactions;  ///< `{12,13}`: as xid[]; empty where they mean nothing.
    std::string times;         ///< As timestamptz[]: when they began, what now() gave in them.

    /// SQL: whether the row of this alias was written last by one of the transactions.
    std::string written_by_us(const std::string& alias) const;
    /// SQL: whether the row `found` is as `made` says, and in every other column as the database
    /// fills it by itself. Of a column where that cannot be told: no.
    std::string same_row(const seeds::Table& table, const Layout& layout, const std::string& found,
                         const std::string& made) const;
};
/// For the rows of one table in tracking.
Evidence read_evidence(pg::Connection& connection, std::int64_t table);

/// Whether a default is a constant as PostgreSQL writes them: '{}'::jsonb, 0, false. Pure.
bool is_constant(const std::string& expression);

}  // namespace caisson::scale
