// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How changes of tables come to be told: triggers on the tables that cached values are made of
/// write, in the transaction that changes them, to caisson.cache_outbox. Source: PostgreSQL,
/// "CREATE TRIGGER" (transition tables).

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "platform/platform.h"
#include "trust/catalogue.h"

namespace caisson::cache {

/// Makes caisson.cache_outbox and the function of the triggers (step 40).
trust::CatalogueStep outbox_step();
/// Replaces that function where the step before was done by an earlier build (step 41).
trust::CatalogueStep note_step();

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

/// Of one table, together in one transaction.
struct TriggerStep {
    std::string table;
    std::vector<std::string> statements;
};
/// The triggers that a database has and should have.
struct TriggerPlan {
    /// Tables that get triggers, or get them anew: without them, with others, or disabled.
    std::vector<std::string> missing;
    std::vector<std::string> superfluous;
    std::vector<std::string> absent;  ///< Tables that the database does not have.
    /// Tables whose rows cannot be told by its columns, and why. Each change of them is watched as
    /// one of all rows: they are another database's table of that name, or columns changed.
    std::map<std::string, Error> mistaken;
    std::vector<TriggerStep> steps;
    std::string fingerprint;  ///< Another one once a trigger was made anew, disabled or enabled.
    bool is_empty() const { return steps.empty(); }
    bool has_none_of(const std::vector<WatchedTable>& tables) const {
        return !tables.empty() && absent.size() == tables.size();
    }
    std::vector<std::string> statements() const;
};
/// What becomes of tables that the database does not have.
enum class Absent { refused, left_out };
/// A question that gives one text for triggers_of(); its only argument is triggers_argument().
extern const char* const triggers_query;
std::string triggers_argument(const std::vector<WatchedTable>& tables);
/// Pure. Errors as plan_triggers().
TriggerPlan triggers_of(const std::vector<WatchedTable>& tables, std::string_view answer,
                        Absent absent = Absent::refused);
/// Errors: platform_invalid for a table of which none of the databases has the columns.
void require_columns(const std::vector<TriggerPlan>& plans);
/// Errors: platform_invalid for a table that none of the databases has, or not with its columns.
void require_tables(const std::vector<TriggerPlan>& plans);
/// Reads. Columns may hold integers, uuids, or texts of a deterministic collation: of other types
/// a value can be written in several ways, and its row would not be found by it. Errors:
/// platform_invalid for a table that the database lacks, and for other columns (both: `refused`);
/// usage where the schema caisson has no outbox and the database a table.
TriggerPlan plan_triggers(pg::Connection& connection, const std::vector<WatchedTable>& tables,
                          Absent absent = Absent::refused);
/// A transaction for each table, which waits so long for its lock; run again, it goes on where it
/// failed. As who owns the tables, or a superuser.
void apply(pg::Connection& connection, const TriggerPlan& plan,
           std::chrono::milliseconds lock_timeout = std::chrono::milliseconds(500));

}  // namespace caisson::cache
