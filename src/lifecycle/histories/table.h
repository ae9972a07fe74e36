// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/quote.h"
#include "lifecycle/histories/history.h"

namespace caisson::histories {

/// Columns of a table by name, with their types as PostgreSQL names them (`character varying`).
using Columns = std::map<std::string, std::string>;

/// A table as it was found, for telling tools of one table name apart.
struct Found {
    Columns columns;        ///< Empty: there is no such table.
    bool is_rails = false;  ///< Rails keeps ar_internal_metadata beside it.
    bool exists() const { return !columns.empty(); }
    bool has(const std::string& column) const { return columns.contains(column); }
    bool has(const std::string& column, const std::string& type) const {
        const auto at = columns.find(column);
        return at != columns.end() && at->second == type;
    }
};

/// Whose table it is, by its columns: `golang-migrate`, `Rails`, …; `an unknown tool`.
std::string tool_of(const Found& found);

/// What one tool's table is like.
struct Trait {
    std::string tool;
    std::string default_table;           ///< `schema_migrations` or `schema.table`.
    std::vector<std::string> columns;    ///< Without these it is not the tool's.
    std::optional<std::int64_t> lock{};  ///< The key of the tool's advisory lock.
    std::string remedy{};                ///< What its users do about a failed entry.
};

/// What the tables of all tools have in common: name, columns, lock, and the way from the tool's
/// key of a migration to its version.
class TableHistory : public ToolHistory {
 public:
    std::string table() const override { return name_.quoted(); }
    std::string tool() const override { return trait_.tool; }
    bool matches(const sources::Migration& migration, const Entry& entry) const override;
    std::string baseline_sql(const std::vector<const sources::Migration*>& migrations,
                             const Occasion& occasion) const override;
    bool try_lock(pg::Connection& connection) const override;
    void unlock(pg::Connection& connection) const override;
    std::string transaction_lock_sql(pg::Connection& connection) const override;
    std::string lock_name() const override;
    std::optional<std::vector<Entry>> read(pg::Connection& connection) const final;
    std::string remedy() const override { return trait_.remedy; }

 protected:
    TableHistory(Trait trait, const platform::Source& source,
                 const std::vector<sources::Migration>& files);

    /// The rows of a table that is there and the tool's own.
    virtual std::vector<Entry> rows(pg::Connection& connection, const Found& found) const = 0;
    /// Whether a table with these columns is the tool's own.
    virtual bool is_own(const Found& found) const;
    /// The keys of the tool's advisory locks.
    virtual std::vector<std::int64_t> lock_keys(pg::Connection& connection) const;

    const pg::QualifiedName& name() const { return name_; }
    const std::vector<sources::Migration>& files() const { return files_; }
    /// The file with this key; null when there is none. By default the key is the version, numbers
    /// without leading zeros.
    const sources::Migration* file_of(const std::string& key) const;
    virtual std::string key_of(const sources::Migration& migration) const;
    /// An entry for a key, spelled as its file spells it.
    Entry entry_of(const std::string& key) const;

    /// DDL that runs only where the table is not there. Its schema is made too.
    std::string where_missing(const std::string& ddl) const;

 private:
    Trait trait_;
    pg::QualifiedName name_;
    std::vector<sources::Migration> files_;              ///< Of the source, without their texts.
    mutable std::map<std::string, std::size_t> by_key_;  ///< Made at the first question.
};

/// `2026-03-03T08:00:00.123Z` of a timestamp with time zone; a select-list item.
std::string utc(const std::string& expression);
/// Milliseconds that a file took, as an SQL expression.
std::string milliseconds_sql(const Occasion& occasion);

using MakeHistory = std::unique_ptr<ToolHistory>(const platform::Source& source,
                                                 const std::vector<sources::Migration>& files);
MakeHistory make_alembic;
MakeHistory make_atlas;
MakeHistory make_dbmate;
MakeHistory make_diesel;
MakeHistory make_flyway;
MakeHistory make_golang_migrate;
MakeHistory make_goose;
MakeHistory make_graphile_migrate;
MakeHistory make_node_pg_migrate;
MakeHistory make_popx;
MakeHistory make_prisma;
MakeHistory make_sql_migrate;
MakeHistory make_sqitch;
MakeHistory make_supabase;

}  // namespace caisson::histories
