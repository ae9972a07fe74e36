// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

using sources::Migration;

/// graphile_migrate.migrations: a row a committed file with its hash, chained to the one before.
/// graphile-migrate reverts nothing and takes no lock; `current` is its own affair.
/// Source: graphile/migrate's src/migration.ts.
class GraphileMigrate final : public TableHistory {
 public:
    GraphileMigrate(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory({"graphile-migrate",
                        "graphile_migrate.migrations",
                        {"hash", "previous_hash", "filename"}},
                       source, files) {}

    std::string create_sql() const override {
        return where_missing(fmt::format(
            "create table {0} (hash text primary key, previous_hash text references {0}, filename "
            "text not null, date timestamptz not null default now()); create table if not exists "
            "{1} (filename text primary key default 'current.sql', content text not null, date "
            "timestamptz not null default now());",
            table(), pg::identifier(name().schema, "current")));
    }

    std::string applied_sql(const Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format(
            "insert into {} (hash, previous_hash, filename) values ({}, {}, {}) on conflict do "
            "nothing;",
            table(), pg::literal(migration.tool_checksum), previous_of(migration),
            pg::literal(key_of(migration)));
    }

    std::string reverted_sql(const Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where filename = {};", table(),
                           pg::literal(key_of(migration)));
    }

 private:
    std::string key_of(const Migration& migration) const override {
        return migration.up.path().filename().string();
    }

    /// The hash of the file before, as the headers of the files chain them.
    std::string previous_of(const Migration& migration) const {
        const Migration* previous = nullptr;
        for (const auto& file : files()) {
            if (key_of(file) < key_of(migration) &&
                (!previous || key_of(*previous) < key_of(file))) {
                previous = &file;
            }
        }
        return previous ? pg::literal(previous->tool_checksum) : "null";
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(
                 fmt::format("select filename, hash, {} as moment from {} order by filename",
                             utc("date"), table()))) {
            auto entry = entry_of(row.string("filename"));
            entry.checksum = row.string("hash");
            entry.applied_at = row.string("moment");
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_graphile_migrate(const platform::Source& source,
                                                   const std::vector<Migration>& files) {
    return std::make_unique<GraphileMigrate>(source, files);
}

}  // namespace caisson::histories
