// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::histories {

/// What the tool's own table says of one migration.
struct Entry {
    std::string version;  ///< As Migration::version.
    std::string name;
    std::string checksum;    ///< As Migration::tool_checksum; empty where the tool keeps none.
    bool failed = false;     ///< The tool says it began and did not finish.
    std::string applied_at;  ///< RFC 3339 in UTC; empty where the tool keeps none.
    std::string applied_by;
    std::chrono::milliseconds duration{0};
};

/// What a run tells the table beside the migration itself.
struct Occasion {
    std::string by;  ///< The person, as `name <mail>`; empty: the role of the session.
    /// Nothing: as long as the transaction is open.
    std::optional<std::chrono::milliseconds> duration{};
};

/// The history table that another tool keeps for one source: read, and written as the tool itself
/// would, byte for byte. One implementation a tool. Threads: one at a time.
class ToolHistory {
 public:
    virtual ~ToolHistory() = default;

    /// `public.flyway_schema_history`, quoted where SQL needs it.
    virtual std::string table() const = 0;
    /// `dbmate`: for messages.
    virtual std::string tool() const = 0;
    /// What it says is applied, in the order of the tool, versions spelled as those of the files.
    /// Nothing where the table is not there.
    /// Errors: migration_order when the table is another tool's; database_rejected.
    virtual std::optional<std::vector<Entry>> read(pg::Connection& connection) const = 0;
    /// What to do about a failed entry: `flyway repair`.
    virtual std::string remedy() const = 0;
    /// Whether an entry's checksum is that of the migration, by the tool's own rule (line ends and
    /// other spellings that the tool itself accepts included).
    virtual bool matches(const sources::Migration& migration, const Entry& entry) const = 0;

    /// SQL, values as literals and ending in `;`, that makes the table as the tool would where it
    /// is not there. Harmless where it is.
    virtual std::string create_sql() const = 0;
    /// SQL that takes writing from all but the table's owner: a history that an application could
    /// write would be none.
    std::string protect_sql() const;
    /// create_sql(), and what default privileges gave is taken back.
    std::string protected_create_sql() const { return create_sql() + protect_sql(); }
    /// SQL that records the migration as applied or as reverted; it goes into the transaction of
    /// the file and works whatever search_path and role the file has left.
    virtual std::string applied_sql(const sources::Migration& migration,
                                    const Occasion& occasion) const = 0;
    virtual std::string reverted_sql(const sources::Migration& migration,
                                     const Occasion& occasion) const = 0;
    /// SQL that marks migrations as applied which were not run, as the tool's own baseline does.
    /// They are the first of the source in its order, up to the baseline's version.
    virtual std::string baseline_sql(const std::vector<const sources::Migration*>& migrations,
                                     const Occasion& occasion) const = 0;

    /// Tries to take the lock that the tool itself holds while it runs, without waiting, on this
    /// session. True when it was taken, or the tool has none.
    virtual bool try_lock(pg::Connection& connection) const = 0;
    /// Gives it back.
    virtual void unlock(pg::Connection& connection) const = 0;
    /// SQL for the beginning of a transaction through a pooler, where a session is nobody's own:
    /// takes the same lock until its end, and fails with 55P03 while another holds it. Empty where
    /// the tool has none.
    virtual std::string transaction_lock_sql(pg::Connection& connection) const = 0;
    /// For whoever waits: `Flyway's lock`.
    virtual std::string lock_name() const = 0;
};

/// The history of a source's tool; nothing where the source has none but ours (plain files, or
/// `history = false`). `files` are those of load(), of which it keeps what it needs.
std::unique_ptr<ToolHistory> history_of(const platform::Source& source,
                                        const std::vector<sources::Migration>& files);

}  // namespace caisson::histories
