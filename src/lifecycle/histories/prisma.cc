// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

using sources::Migration;

/// Older releases left the leading zero of each byte out.
std::string without_padding(std::string_view hex) {
    std::string text;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        text += hex[i] == '0' ? std::string(hex.substr(i + 1, 1)) : std::string(hex.substr(i, 2));
    }
    return text;
}

/// _prisma_migrations: a row an attempt. A migration is applied when a row of it is finished and
/// not rolled back, and failed when one is neither.
/// Source: prisma-engines' schema-engine: sql_migration_persistence.rs, checksum.rs, and the
/// flavour of PostgreSQL.
class Prisma final : public TableHistory {
 public:
    Prisma(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory({"Prisma",
                        "_prisma_migrations",
                        {"migration_name", "checksum", "finished_at", "rolled_back_at"},
                        72707369,
                        "prisma migrate resolve"},
                       source, files) {}

    std::string create_sql() const override {
        return where_missing(fmt::format(
            "create table {} (id varchar(36) primary key not null, checksum varchar(64) not null, "
            "finished_at timestamptz, migration_name varchar(255) not null, logs text, "
            "rolled_back_at timestamptz, started_at timestamptz not null default now(), "
            "applied_steps_count integer not null default 0);",
            table()));
    }

    std::string applied_sql(const Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format(
            "insert into {} (id, checksum, started_at, migration_name, finished_at, "
            "applied_steps_count) values (gen_random_uuid()::text, {}, now(), {}, "
            "clock_timestamp(), 1);",
            table(), pg::literal(checksum_of(migration)), pg::literal(key_of(migration)));
    }

    /// Prisma reverts nothing; a row that is rolled back is pending for it.
    std::string reverted_sql(const Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format(
            "update {} set rolled_back_at = now() where migration_name = {} and rolled_back_at is "
            "null;",
            table(), pg::literal(key_of(migration)));
    }

    /// As `prisma migrate resolve --applied` writes it.
    std::string baseline_sql(const std::vector<const Migration*>& migrations,
                             const Occasion& /*occasion*/) const override {
        std::string sql;
        for (const auto* migration : migrations) {
            sql += fmt::format(
                "insert into {} (id, checksum, logs, started_at, finished_at, migration_name) "
                "values (gen_random_uuid()::text, {}, '', now(), now(), {});",
                table(), pg::literal(checksum_of(*migration)), pg::literal(key_of(*migration)));
        }
        return sql;
    }

    /// The file as it is, with LF, or with CRLF.
    bool matches(const Migration& migration, const Entry& entry) const override {
        const auto lines = normalise_lines(migration.up.text);
        for (const auto& candidate :
             {migration.tool_checksum, migration.up.checksum, sha256_hex(lines),
              sha256_hex(replace_all(lines, "\n", "\r\n"))}) {
            if (entry.checksum == (entry.checksum.size() == candidate.size()
                                       ? candidate
                                       : without_padding(candidate))) {
                return true;
            }
        }
        return entry.checksum.empty();
    }

 private:
    static std::string checksum_of(const Migration& migration) {
        return migration.tool_checksum.empty() ? migration.up.checksum : migration.tool_checksum;
    }

    /// The name of the directory that holds migration.sql.
    std::string key_of(const Migration& migration) const override {
        return migration.up.path().parent_path().filename().string();
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        std::set<std::string> known;
        for (const auto row : connection.query(fmt::format(
                 "select migration_name, checksum, finished_at is null as failed, {} as moment, "
                 "coalesce(extract(epoch from finished_at - started_at) * 1000, 0)::bigint as "
                 "took from {} where rolled_back_at is null order by started_at, migration_name",
                 utc("coalesce(finished_at, started_at)"), table()))) {
            const auto key = row.string("migration_name");
            auto entry = entry_of(key);
            entry.checksum = row.string("checksum");
            entry.failed = row.boolean("failed");
            entry.applied_at = row.string("moment");
            entry.duration = std::chrono::milliseconds(row.integer("took"));
            if (known.insert(key).second || entry.failed) {
                entries.push_back(std::move(entry));
            }
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_prisma(const platform::Source& source,
                                         const std::vector<Migration>& files) {
    return std::make_unique<Prisma>(source, files);
}

}  // namespace caisson::histories
