// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/split.h"
#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// The statements of a file as Supabase keeps them: everything between two semicolons, comments
/// included, without blanks around it and without the semicolon.
std::vector<std::string_view> statements_of(std::string_view text) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    const auto add = [&](std::size_t end) {
        auto part = trim(text.substr(begin, end - begin));
        while (part.starts_with(';')) {
            part = trim(part.substr(1));
        }
        while (part.ends_with(';')) {
            part = trim(part.substr(0, part.size() - 1));
        }
        if (!part.empty()) {
            parts.push_back(part);
        }
        begin = end;
    };
    for (const auto& statement : sql::split(text)) {
        const auto semicolon = text.find(';', statement.end());
        add(semicolon == std::string_view::npos ? text.size() : semicolon + 1);
    }
    add(text.size());
    return parts;
}

/// supabase_migrations.schema_migrations: a row a version with the statements that were run.
/// Supabase keeps no checksum and takes no lock; of its table it waits four seconds at most.
/// Source: supabase/cli's pkg/migration/history.go, file.go and pkg/parser/token.go.
class Supabase final : public TableHistory {
 public:
    Supabase(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"Supabase", "supabase_migrations.schema_migrations", {"version"}}, source,
                       files) {}

    std::string create_sql() const override {
        return where_missing(
                   fmt::format("create table {} (version text not null primary key);", table())) +
               fmt::format(
                   "alter table {0} add column if not exists statements text[]; alter "
                   "table {0} add column if not exists name text;",
                   table());
    }

    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        std::vector<std::string> statements;
        for (const auto statement : statements_of(migration.up.text)) {
            statements.push_back(pg::literal(statement));
        }
        return fmt::format(
            "insert into {} (version, name, statements) values ({}, {}, {}) on conflict do "
            "nothing;",
            table(), pg::literal(migration.version), pg::literal(migration.name),
            // What is streamed is too long to be kept twice.
            migration.up.is_streamed ? "null"
                                     : fmt::format("array[{}]::text[]", join(statements, ", ")));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where version = {};", table(),
                           pg::literal(migration.version));
    }

 private:
    std::string key_of(const sources::Migration& migration) const override {
        return migration.version;
    }

    bool is_own(const Found& found) const override {
        return found.has("version", "text") && !found.has("dirty");
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& found) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(
                 fmt::format("select version, {} as name from {} order by version collate \"C\"",
                             found.has("name") ? "coalesce(name, '')" : "''", table()))) {
            auto entry = entry_of(row.string("version"));
            entry.name = entry.name.empty() ? row.string("name") : entry.name;
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_supabase(const platform::Source& source,
                                           const std::vector<sources::Migration>& files) {
    return std::make_unique<Supabase>(source, files);
}

}  // namespace caisson::histories
