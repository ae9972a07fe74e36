// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// gorp_migrations: a row a file, by its name with extension. sql-migrate has neither a checksum
/// nor a lock. Source: sql-migrate's migrate.go (MigrationRecord), gorp's dialect of PostgreSQL.
class SqlMigrate final : public TableHistory {
 public:
    SqlMigrate(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"sql-migrate", "gorp_migrations", {"id", "applied_at"}}, source, files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (\"id\" text not null primary key, \"applied_at\" "
                        "timestamp with time zone);",
                        table()));
    }

    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format(
            "insert into {} (id, applied_at) values ({}, clock_timestamp()) on conflict do "
            "nothing;",
            table(), pg::literal(key_of(migration)));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where id = {};", table(),
                           pg::literal(key_of(migration)));
    }

 private:
    std::string key_of(const sources::Migration& migration) const override {
        return migration.up.path().filename().string();
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        for (const auto row :
             connection.query(fmt::format("select id, {} as moment from {} order by applied_at, id",
                                          utc("applied_at"), table()))) {
            auto entry = entry_of(row.string("id"));
            entry.applied_at = row.string("moment");
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_sql_migrate(const platform::Source& source,
                                              const std::vector<sources::Migration>& files) {
    return std::make_unique<SqlMigrate>(source, files);
}

}  // namespace caisson::histories
