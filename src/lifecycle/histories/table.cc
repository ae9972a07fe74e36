// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/version.h"

namespace caisson::histories {
namespace {

/// The columns of a table or view, and what tells Rails' table from dbmate's.
constexpr std::string_view columns_of = R"sql(
select a.attname as name, pg_catalog.format_type(a.atttypid, null) as type,
       exists (select from pg_catalog.pg_class m
                where m.relnamespace = c.relnamespace and m.relname = 'ar_internal_metadata') as is_rails
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'f'))sql";

Found find(pg::Connection& connection, const pg::QualifiedName& name) {
    Found found;
    for (const auto row : connection.query(columns_of, {name.schema, name.name})) {
        found.columns.emplace(row.string("name"), row.string("type"));
        found.is_rails = row.boolean("is_rails");
    }
    return found;
}

std::string described(const Columns& columns) {
    std::vector<std::string> parts;
    for (const auto& [name, type] : columns) {
        parts.push_back(fmt::format("{} {}", name, type));
    }
    return join(parts, ", ");
}

/// What is kept of a file: everything but its text, which may be long.
sources::Migration without_text(const sources::Migration& migration) {
    auto kept = migration;
    kept.up.text.clear();
    kept.up.text.shrink_to_fit();
    kept.down.reset();
    return kept;
}

}  // namespace

std::string tool_of(const Found& found) {
    const auto& columns = found.columns;
    const auto has = [&](std::initializer_list<const char*> names) {
        return std::all_of(names.begin(), names.end(),
                           [&](const char* name) { return columns.contains(name); });
    };
    if (has({"installed_rank", "script", "success"})) {
        return "Flyway";
    }
    if (has({"migration_name", "applied_steps_count"})) {
        return "Prisma";
    }
    if (has({"version_id", "is_applied"})) {
        return "goose";
    }
    if (has({"operator_version", "partial_hashes"})) {
        return "Atlas";
    }
    if (has({"version_num"})) {
        return "Alembic";
    }
    if (has({"version", "dirty"})) {
        return "golang-migrate";
    }
    if (has({"version", "statements"})) {
        return "Supabase";
    }
    if (has({"version", "inserted_at"})) {
        return "Ecto";
    }
    if (has({"version", "run_on"})) {
        return "diesel";
    }
    if (has({"name", "run_on"})) {
        return "node-pg-migrate";
    }
    if (has({"id", "applied_at"})) {
        return "sql-migrate";
    }
    if (has({"change_id", "script_hash"})) {
        return "sqitch";
    }
    if (has({"previous_hash", "filename"})) {
        return "graphile-migrate";
    }
    if (has({"version", "version_self"})) {
        return "popx";
    }
    if (has({"version"}) && found.is_rails) {
        return "Rails";
    }
    if (found.has("version", "character varying") && columns.size() == 1) {
        return "dbmate";
    }
    return "an unknown tool";
}

TableHistory::TableHistory(Trait trait, const platform::Source& source,
                           const std::vector<sources::Migration>& files)
    : trait_(std::move(trait)),
      name_(pg::qualified_name(source.history.value_or(trait_.default_table))) {
    for (const auto& file : files) {
        if (file.source == source.name) {
            files_.push_back(without_text(file));
        }
    }
}

std::string TableHistory::key_of(const sources::Migration& migration) const {
    return sources::canonical_version(migration.version);
}

const sources::Migration* TableHistory::file_of(const std::string& key) const {
    if (by_key_.empty()) {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            by_key_.emplace(key_of(files_[i]), i);
        }
    }
    const auto at = by_key_.find(key);
    return at == by_key_.end() ? nullptr : &files_[at->second];
}

Entry TableHistory::entry_of(const std::string& key) const {
    Entry entry;
    const auto* file = file_of(key);
    entry.version = file ? file->version : key;
    entry.name = file ? file->name : "";
    return entry;
}

bool TableHistory::is_own(const Found& found) const {
    return std::all_of(trait_.columns.begin(), trait_.columns.end(),
                       [&](const auto& column) { return found.has(column); });
}

std::optional<std::vector<Entry>> TableHistory::read(pg::Connection& connection) const {
    const auto found = find(connection, name_);
    if (!found.exists()) {
        return std::nullopt;
    }
    if (!is_own(found)) {
        throw Error(Code::migration_order,
                    fmt::format("the table {} is that of {} ({}); the migrations are {}'s",
                                name_.text(), tool_of(found), described(found.columns), tool()));
    }
    try {
        return rows(connection, found);
    } catch (pg::DatabaseError& error) {
        if (error.sqlstate == "42501") {
            throw Error(Code::database_rejected,
                        fmt::format("the history of {} in {} cannot be read: {}", tool(),
                                    name_.text(), error.message()),
                        "give the migrator's role its rights: caisson migrate adopt");
        }
        throw;
    }
}

bool TableHistory::matches(const sources::Migration& migration, const Entry& entry) const {
    return entry.checksum.empty() || migration.tool_checksum.empty() ||
           entry.checksum == migration.tool_checksum;
}

std::string TableHistory::baseline_sql(const std::vector<const sources::Migration*>& migrations,
                                       const Occasion& occasion) const {
    std::string sql;
    for (const auto* migration : migrations) {
        sql += applied_sql(*migration, occasion);
    }
    return sql;
}

std::vector<std::int64_t> TableHistory::lock_keys(pg::Connection& /*connection*/) const {
    return trait_.lock ? std::vector{*trait_.lock} : std::vector<std::int64_t>();
}

bool TableHistory::try_lock(pg::Connection& connection) const {
    std::vector<std::int64_t> taken;
    for (const auto key : lock_keys(connection)) {
        if (!connection.query("select pg_catalog.pg_try_advisory_lock($1) as taken", {key})
                 .front()
                 .boolean("taken")) {
            for (const auto one : taken) {
                connection.query("select pg_catalog.pg_advisory_unlock($1)", {one});
            }
            return false;
        }
        taken.push_back(key);
    }
    return true;
}

void TableHistory::unlock(pg::Connection& connection) const {
    for (const auto key : lock_keys(connection)) {
        connection.query("select pg_catalog.pg_advisory_unlock($1)", {key});
    }
}

std::string TableHistory::transaction_lock_sql(pg::Connection& connection) const {
    std::string sql;
    for (const auto key : lock_keys(connection)) {
        sql += fmt::format(
            "do {};",
            pg::literal(fmt::format("begin if not pg_catalog.pg_try_advisory_xact_lock({}) then "
                                    "raise exception using errcode = '55P03', message = {}; end "
                                    "if; end",
                                    key, pg::literal(lock_name() + " is held by another run"))));
    }
    return sql;
}

std::string TableHistory::lock_name() const { return fmt::format("the lock of {}", tool()); }

std::string TableHistory::where_missing(const std::string& ddl) const {
    // A schema that is there is left alone: whoever runs this need not be allowed to make schemas.
    return fmt::format(
        "do $caisson$ begin if pg_catalog.to_regnamespace({}) is null then create schema {}; end "
        "if; if pg_catalog.to_regclass({}) is null then {} end if; end $caisson$;",
        pg::literal(pg::identifier(name_.schema)), pg::identifier(name_.schema),
        pg::literal(table()), ddl);
}

std::string utc(const std::string& expression) {
    return fmt::format(
        "pg_catalog.to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        expression);
}

std::string milliseconds_sql(const Occasion& occasion) {
    return occasion.duration ? fmt::format("{}", occasion.duration->count())
                             : "(extract(epoch from clock_timestamp() - now()) * 1000)::integer";
}

}  // namespace caisson::histories
