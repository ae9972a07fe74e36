// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How changes of tables come to be told: triggers on the tables that cached values are made of
/// write, in the transaction that changes them, to caisson.cache_outbox. Source: PostgreSQL,
/// "CREATE TRIGGER" (transition tables).

#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "platform/platform.h"
#include "trust/catalogue.h"

namespace caisson::cache {

/// Makes caisson.cache_outbox and the function of the triggers (step 40).
trust::CatalogueStep outbox_step();

/// What a trigger says of a change, below which name NOTIFY is heard.
inline constexpr const char* outbox_channel = "caisson_cache";

/// A table with the columns whose values tell which rows changed; none: only that some did.
struct WatchedTable {
    std::string table;  ///< As written in the manifest.
    std::vector<std::string> columns;
    bool operator==(const WatchedTable&) const = default;
};
/// Pure. In the order of their names, each once.
std::vector<WatchedTable> watched_tables(const std::vector<platform::CacheKey>& keys);

/// The triggers that a database has and should have.
struct TriggerPlan {
    std::vector<std::string> missing;  ///< Tables that get triggers, or get them anew.
    std::vector<std::string> superfluous;
    std::vector<std::string> statements;
    bool is_empty() const { return statements.empty(); }
};
/// Reads. Tables that the manifest names and the database lacks are errors. Errors:
/// platform_invalid with the table's name; usage where the schema caisson has no outbox.
TriggerPlan plan_triggers(pg::Connection& connection, const std::vector<WatchedTable>& tables);
/// In one transaction. As who owns the tables, or a superuser.
void apply(pg::Connection& connection, const TriggerPlan& plan);

}  // namespace caisson::cache
