// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/split.h"
#include "lifecycle/histories/table.h"
#include "lifecycle/sources/version.h"

namespace caisson::histories {
namespace {

using sources::Migration;

/// atlas_schema_revisions: a row a file with its hash out of atlas.sum and how many of its
/// statements were run. A baseline stands for every version up to its own. Versions that begin with
/// a dot are notes of Atlas to itself.
/// Source: Atlas's cmd/atlas/internal/migrate/ent/schema/revision.go and sql/migrate/migrate.go.
class Atlas final : public TableHistory {
 public:
    Atlas(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory({"Atlas",
                        "atlas_schema_revisions.atlas_schema_revisions",
                        {"version", "applied", "total", "hash", "operator_version"},
                        {},
                        "atlas migrate set"},
                       source, files) {}

    std::string create_sql() const override {
        return where_missing(fmt::format(
            "create table {} (\"version\" character varying not null, \"description\" character "
            "varying not null, \"type\" bigint not null default 2, \"applied\" bigint not null "
            "default 0, \"total\" bigint not null default 0, \"executed_at\" timestamptz not null, "
            "\"execution_time\" bigint not null, \"error\" text null, \"error_stmt\" text null, "
            "\"hash\" character varying not null, \"partial_hashes\" jsonb null, "
            "\"operator_version\" character varying not null, primary key (\"version\"));",
            table()));
    }

    std::string applied_sql(const Migration& migration, const Occasion& occasion) const override {
        const auto statements = sql::split(migration.up.text).size();
        return row_sql(migration, execute, statements,
                       fmt::format("{} * 1000000::bigint", milliseconds_sql(occasion)));
    }

    std::string reverted_sql(const Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where version = {};", table(),
                           pg::literal(migration.version));
    }

    std::string baseline_sql(const std::vector<const Migration*>& migrations,
                             const Occasion& /*occasion*/) const override {
        return migrations.empty() ? "" : row_sql(*migrations.back(), baseline, 0, "0");
    }

 private:
    static constexpr int baseline = 1;
    static constexpr int execute = 2;

    std::string key_of(const Migration& migration) const override { return migration.version; }

    std::string row_sql(const Migration& migration, int type, std::size_t statements,
                        const std::string& took) const {
        return fmt::format(
            "insert into {} (version, description, type, applied, total, executed_at, "
            "execution_time, hash, operator_version) values ({}, {}, {}, {}, {}, now(), {}, {}, "
            "'Caisson') on conflict do nothing;",
            table(), pg::literal(migration.version), pg::literal(migration.name), type, statements,
            statements, took, pg::literal(migration.tool_checksum));
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(fmt::format(
                 "select version, description, type = 1 as is_baseline, hash, {} as moment, "
                 "execution_time / 1000000 as took, applied < total or coalesce(error, '') <> '' "
                 "as failed from {} where version not like '.%' order by version",
                 utc("executed_at"), table()))) {
            const auto version = row.string("version");
            if (row.boolean("is_baseline")) {
                for (const auto& file : files()) {
                    if (sources::version_before(file.version, version)) {
                        entries.push_back(entry_of(file.version));
                    }
                }
            }
            auto entry = entry_of(version);
            entry.name = entry.name.empty() ? row.string("description") : entry.name;
            entry.checksum = row.string("hash");
            entry.failed = row.boolean("failed");
            entry.applied_at = row.string("moment");
            entry.duration = std::chrono::milliseconds(row.integer("took"));
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_atlas(const platform::Source& source,
                                        const std::vector<Migration>& files) {
    return std::make_unique<Atlas>(source, files);
}

}  // namespace caisson::histories
