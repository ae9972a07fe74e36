// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/histories/crc32.h"
#include "lifecycle/histories/table.h"
#include "lifecycle/sources/version.h"

namespace caisson::histories {
namespace {

/// schema_migrations: one row with the version that the database is at, so that every file up to it
/// counts as applied. `dirty` stands while a file runs, and stays when it fails.
/// Source: golang-migrate's database/postgres/postgres.go and database/util.go.
class GolangMigrate final : public TableHistory {
 public:
    GolangMigrate(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"golang-migrate",
                        "schema_migrations",
                        {"version", "dirty"},
                        {},
                        "migrate force VERSION"},
                       source, files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (version bigint not null primary key, dirty boolean not "
                        "null);",
                        table()));
    }

    /// Never backwards: a file that comes late leaves the row where it is.
    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format(
            "delete from {0} where version <= {1}; insert into {0} (version, dirty) select {1}, "
            "false where not exists (select from {0});",
            table(), number_of(migration.version));
    }

    /// The row goes back to the file before. One version cannot say that a file in the middle is
    /// gone.
    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        const auto refusal = pg::literal(
            fmt::format("golang-migrate keeps one version: only the newest can be reverted, and "
                        "{} is not",
                        migration.version));
        std::string before;
        for (const auto& file : files()) {
            if (sources::version_before(file.version, migration.version) &&
                (before.empty() || sources::version_before(before, file.version))) {
                before = file.version;
            }
        }
        return fmt::format(
            "do $caisson$ begin if exists (select from {0} where version > {1}) then raise "
            "exception using message = {2}; end if; end $caisson$; delete from {0};{3}",
            table(), number_of(migration.version), refusal,
            before.empty() ? ""
                           : fmt::format(" insert into {} (version, dirty) values ({}, false);",
                                         table(), number_of(before)));
    }

    std::string baseline_sql(const std::vector<const sources::Migration*>& migrations,
                             const Occasion& occasion) const override {
        return migrations.empty() ? "" : applied_sql(*migrations.back(), occasion);
    }

 private:
    static std::string number_of(const std::string& version) {
        return pg::literal(sources::canonical_version(version)) + "::bigint";
    }

    /// The program takes the database's name from the path of its URL, slash and all; programs
    /// that have it as a library ask the server.
    std::vector<std::int64_t> lock_keys(pg::Connection& connection) const override {
        const auto database =
            connection.query("select pg_catalog.current_database() as name").front().string("name");
        std::vector<std::int64_t> keys;
        for (const auto& spelling : {"/" + database, database}) {
            const auto text = name().schema + std::string(1, '\0') + name().name +
                              std::string(1, '\0') + spelling;
            keys.push_back(static_cast<std::uint32_t>(crc32(text) * 1486364155U));
        }
        return keys;
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        const auto found =
            connection.query(fmt::format("select version, dirty from {} limit 1", table()));
        if (found.empty() || found.front().text("version").starts_with("-")) {
            return {};  // -1, when the first file was reverted and failed.
        }
        const auto version = found.front().string("version");
        std::vector<Entry> entries;
        for (const auto& file : files()) {
            if (sources::version_before(file.version, version)) {
                entries.push_back(entry_of(key_of(file)));
            }
        }
        auto newest = entry_of(version);
        newest.failed = found.front().boolean("dirty");
        entries.push_back(std::move(newest));
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_golang_migrate(const platform::Source& source,
                                                 const std::vector<sources::Migration>& files) {
    return std::make_unique<GolangMigrate>(source, files);
}

}  // namespace caisson::histories
