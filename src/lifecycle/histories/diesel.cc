// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// __diesel_schema_migrations: a row a version, which is the directory's name up to the first
/// underscore without hyphens. diesel has neither a checksum nor a lock.
/// Source: diesel's diesel/src/migration/setup_migration_table.sql.
class Diesel final : public TableHistory {
 public:
    Diesel(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"diesel", "__diesel_schema_migrations", {"version", "run_on"}}, source,
                       files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (version varchar(50) primary key not null, run_on "
                        "timestamp not null default current_timestamp);",
                        table()));
    }

    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format("insert into {} (version) values ({}) on conflict do nothing;", table(),
                           pg::literal(key_of(migration)));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where version = {};", table(),
                           pg::literal(key_of(migration)));
    }

 private:
    /// Texts for diesel: no leading zero is dropped.
    std::string key_of(const sources::Migration& migration) const override {
        return migration.version;
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(
                 fmt::format("select version, {} as moment from {} order by run_on, version",
                             utc("run_on::timestamptz"), table()))) {
            auto entry = entry_of(row.string("version"));
            entry.applied_at = row.string("moment");
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_diesel(const platform::Source& source,
                                         const std::vector<sources::Migration>& files) {
    return std::make_unique<Diesel>(source, files);
}

}  // namespace caisson::histories
