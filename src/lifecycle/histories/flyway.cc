// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/histories/table.h"
#include "lifecycle/sources/flyway_names.h"
#include "lifecycle/sources/version.h"

namespace caisson::histories {
namespace {

using sources::Kind;
using sources::Migration;

constexpr std::string_view baseline_marker = "<< Flyway Baseline >>";

/// `1_2`, `1.2` and `01.2.0` are one version.
std::string canonical(std::string_view version) {
    auto parts = split(replace_all(std::string(version), "_", "."), '.');
    for (auto& part : parts) {
        part = sources::canonical_version(part);
    }
    while (parts.size() > 1 && parts.back() == "0") {
        parts.pop_back();
    }
    return join(parts, ".");
}

bool is_before_or_same(std::string_view a, std::string_view b) {
    const auto left = split(canonical(a), '.');
    const auto right = split(canonical(b), '.');
    return !std::lexicographical_compare(
        right.begin(), right.end(), left.begin(), left.end(),
        [](const auto& x, const auto& y) { return sources::version_before(x, y); });
}

/// Java's String.hashCode() of a text in ASCII.
std::int32_t java_hash(std::string_view text) {
    std::uint32_t hash = 0;
    for (const char c : text) {
        hash = hash * 31 + static_cast<unsigned char>(c);
    }
    return static_cast<std::int32_t>(hash);
}

std::string checksum_of(std::string_view text) {
    sources::flyway::Checksum checksum;
    checksum.add(text);
    return checksum.text();
}

/// What flyway.toml or flyway.conf call the table.
std::string default_table(const platform::Source& source) {
    const auto settings = sources::flyway::read_settings(sources::Folder(source.path));
    return settings.default_schema.empty() ? settings.table
                                           : settings.default_schema + "." + settings.table;
}

/// A description as it stands in the table.
std::string description_of(std::string_view name) {
    return name.empty() ? "<< no description >>" : replace_all(std::string(name), "_", " ");
}

/// flyway_schema_history: a row for everything that happened, in the order of installed_rank. The
/// rows of one version or description are read together: the last one says how it stands.
/// Source: Flyway's flyway-core (schemahistory, resolver, CoreMigrationType) and
/// flyway-database-postgresql (PostgreSQLDatabase, PostgreSQLAdvisoryLockTemplate).
class Flyway final : public TableHistory {
 public:
    Flyway(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory({"Flyway",
                        default_table(source),
                        {"installed_rank", "version", "description", "type", "script", "checksum",
                         "success"},
                        {},
                        "flyway repair"},
                       source, files),
          folder_(source.path) {}

    std::string create_sql() const override {
        return where_missing(fmt::format(
            "create table {0} (\"installed_rank\" int not null, \"version\" varchar(50), "
            "\"description\" varchar(200) not null, \"type\" varchar(20) not null, \"script\" "
            "varchar(1000) not null, \"checksum\" integer, \"installed_by\" varchar(100) not null, "
            "\"installed_on\" timestamp not null default now(), \"execution_time\" integer not "
            "null, \"success\" boolean not null); alter table {0} add constraint {1} primary key "
            "(\"installed_rank\"); create index {2} on {0} (\"success\");",
            table(), pg::identifier(name().name + "_pk"), pg::identifier(name().name + "_s_idx")));
    }

    std::string applied_sql(const Migration& migration, const Occasion& occasion) const override {
        const auto version = migration.kind == Kind::repeatable
                                 ? "null"
                                 : pg::literal(replace_all(plain_version(migration), "_", "."));
        const auto type = migration.kind == Kind::baseline ? "SQL_BASELINE" : "SQL";
        return row_sql(
            version,
            description_of(migration.kind == Kind::repeatable ? migration.version : migration.name),
            type, script_of(migration.up.path()), migration.tool_checksum, occasion);
    }

    std::string reverted_sql(const Migration& migration, const Occasion& occasion) const override {
        if (!migration.down) {
            return "";
        }
        return row_sql(pg::literal(replace_all(plain_version(migration), "_", ".")),
                       description_of(migration.name), "UNDO_SQL",
                       script_of(migration.down->path()), checksum_of(migration.down->text),
                       occasion);
    }

    /// One row that stands for all versions up to its own; what is repeatable is applied again.
    std::string baseline_sql(const std::vector<const Migration*>& migrations,
                             const Occasion& occasion) const override {
        const auto last = std::find_if(migrations.rbegin(), migrations.rend(), [](const auto* one) {
            return one->kind == Kind::versioned;
        });
        if (last == migrations.rend()) {
            return "";
        }
        Occasion at_once = occasion;
        at_once.duration = std::chrono::milliseconds{0};
        const std::string marker(baseline_marker);
        return row_sql(pg::literal(replace_all(plain_version(**last), "_", ".")), marker,
                       "BASELINE", marker, "", at_once);
    }

    /// What a repeatable file says without its placeholders replaced counts as well.
    bool matches(const Migration& migration, const Entry& entry) const override {
        return TableHistory::matches(migration, entry) ||
               (!migration.up.text.empty() && checksum_of(migration.up.text) == entry.checksum);
    }

 private:
    /// The version without the letter that tells kinds apart, where the key has one.
    static std::string plain_version(const Migration& migration) {
        const auto& version = migration.version;
        const bool has_letter = migration.kind == Kind::baseline && !version.empty() &&
                                std::isdigit(static_cast<unsigned char>(version.front())) == 0;
        return has_letter ? version.substr(1) : version;
    }

    std::string key_of(const Migration& migration) const override {
        return migration.kind == Kind::repeatable ? "R " + description_of(migration.version)
               : migration.kind == Kind::baseline ? "B " + canonical(plain_version(migration))
                                                  : canonical(migration.version);
    }

    /// Relative to the folder, as Flyway names scripts by their location.
    std::string script_of(const fs::path& path) const {
        const auto relative = path.lexically_relative(folder_).generic_string();
        return relative.empty() || relative.starts_with("..") ? path.filename().string() : relative;
    }

    std::string row_sql(const std::string& version, const std::string& description,
                        std::string_view type, const std::string& script,
                        const std::string& checksum, const Occasion& occasion) const {
        return fmt::format(
            "insert into {0} (\"installed_rank\", \"version\", \"description\", \"type\", "
            "\"script\", \"checksum\", \"installed_by\", \"execution_time\", \"success\") select "
            "coalesce(max(\"installed_rank\"), 0) + 1, {1}, left({2}, 200), {3}, right({4}, 1000), "
            "{5}, left({6}, 100), {7}, true from {0};",
            table(), version, pg::literal(description), pg::literal(type), pg::literal(script),
            checksum.empty() ? "null" : checksum,
            occasion.by.empty() ? "session_user::text" : pg::literal(occasion.by),
            milliseconds_sql(occasion));
    }

    std::optional<std::string> key_of_row(const pg::Row& row) const {
        if (row.is_null("version")) {
            return "R " + row.string("description");
        }
        const auto key = canonical(row.text("version"));
        return row.text("type").ends_with("_BASELINE") ? "B " + key : key;
    }

    std::vector<std::int64_t> lock_keys(pg::Connection& /*connection*/) const override {
        constexpr std::int64_t magic = 0x466C79776179;  // "Flyway"
        // Flyway quotes both parts of the name, always.
        return {magic + java_hash(fmt::format("\"{}\".\"{}\"", name().schema, name().name))};
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        std::vector<std::string> keys;
        const auto forget = [&](const std::string& key) {
            const auto at = std::find(keys.begin(), keys.end(), key);
            if (at != keys.end()) {
                entries.erase(entries.begin() + (at - keys.begin()));
                keys.erase(at);
            }
        };
        const auto add = [&](const std::string& key, const pg::Row& row) {
            forget(key);
            auto entry = entry_of(key);
            entry.name = entry.name.empty() ? row.string("description") : entry.name;
            entry.version =
                file_of(key) || !row.is_null("version") ? entry.version : row.string("description");
            entry.checksum = row.string("checksum");
            entry.failed = !row.boolean("success");
            entry.applied_at = row.string("moment");
            entry.applied_by = row.string("installed_by");
            entry.duration = std::chrono::milliseconds(row.integer("execution_time"));
            keys.push_back(key);
            entries.push_back(std::move(entry));
        };
        for (const auto row : connection.query(fmt::format(
                 "select version, description, type, checksum, installed_by, {} as moment, "
                 "coalesce(execution_time, 0) as execution_time, success from {} order by "
                 "installed_rank",
                 utc("installed_on::timestamptz"), table()))) {
            const auto type = row.string("type");
            const auto key = *key_of_row(row);
            if (type == "SCHEMA") {
                continue;
            }
            if (type.starts_with("UNDO_") || type == "DELETE") {
                forget(key);
            } else if (type == "BASELINE" || type == "INIT") {
                cover(row, add);
            } else {
                if (type.ends_with("_BASELINE")) {
                    cover(row, add);
                }
                add(key, row);
            }
        }
        return entries;
    }

    /// A baseline stands for every file up to its version.
    template <typename Add>
    void cover(const pg::Row& row, const Add& add) const {
        for (const auto& file : files()) {
            if (file.kind == Kind::versioned &&
                is_before_or_same(file.version, row.text("version"))) {
                add(key_of(file), row);
            }
        }
    }

    fs::path folder_;
};

}  // namespace

std::unique_ptr<ToolHistory> make_flyway(const platform::Source& source,
                                         const std::vector<Migration>& files) {
    return std::make_unique<Flyway>(source, files);
}

}  // namespace caisson::histories
