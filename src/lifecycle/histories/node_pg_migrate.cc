// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// pgmigrations: a row a file, by its name without extension; the order of the rows by run_on and
/// id must be that of the files.
/// Source: node-pg-migrate's src/runner.ts and src/migration.ts.
class NodePgMigrate final : public TableHistory {
 public:
    NodePgMigrate(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"node-pg-migrate", "pgmigrations", {"name", "run_on"}, 7241865325823964},
                       source, files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (id serial primary key, name varchar(255) not null, "
                        "run_on timestamp not null);",
                        table()));
    }

    /// The clock, not now(): where several files share a transaction, rows must keep their order.
    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format(
            "insert into {0} (name, run_on) select {1}, clock_timestamp() where not exists (select "
            "from {0} where name = {1});",
            table(), pg::literal(key_of(migration)));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where name = {};", table(),
                           pg::literal(key_of(migration)));
    }

 private:
    std::string key_of(const sources::Migration& migration) const override {
        return migration.up.path().stem().string();
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        // Older versions wrote a timestamp with time zone; both become moments here.
        for (const auto row :
             connection.query(fmt::format("select name, {} as moment from {} order by run_on, id",
                                          utc("run_on::timestamptz"), table()))) {
            auto entry = entry_of(row.string("name"));
            entry.applied_at = row.string("moment");
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_node_pg_migrate(const platform::Source& source,
                                                  const std::vector<sources::Migration>& files) {
    return std::make_unique<NodePgMigrate>(source, files);
}

}  // namespace caisson::histories
