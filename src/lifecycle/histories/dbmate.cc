// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// schema_migrations: a row a version, which is the digits that a file's name begins with, as they
/// are written. dbmate has neither a checksum nor a lock.
/// Source: dbmate's pkg/driver/postgres/postgres.go.
class Dbmate final : public TableHistory {
 public:
    Dbmate(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"dbmate", "schema_migrations", {"version"}}, source, files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (version varchar primary key);", table()));
    }

    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format("insert into {} (version) values ({}) on conflict do nothing;", table(),
                           pg::literal(migration.version));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where version = {};", table(),
                           pg::literal(migration.version));
    }

 private:
    /// Versions are texts for dbmate: 001 and 1 are two.
    std::string key_of(const sources::Migration& migration) const override {
        return migration.version;
    }

    bool is_own(const Found& found) const override {
        return found.has("version", "character varying") && !found.has("dirty") &&
               !found.has("statements") && !found.has("version_self") && !found.is_rails;
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(
                 fmt::format("select version from {} order by version collate \"C\"", table()))) {
            entries.push_back(entry_of(row.string("version")));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_dbmate(const platform::Source& source,
                                         const std::vector<sources::Migration>& files) {
    return std::make_unique<Dbmate>(source, files);
}

}  // namespace caisson::histories
