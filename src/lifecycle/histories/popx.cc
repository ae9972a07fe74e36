// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

/// schema_migration of pop and Ory's popx: a row a version, which is the digits of the file's name.
/// Of versions longer than 14 digits the first 14 count as well: what older releases wrote. Neither
/// has a checksum or a lock.
/// Source: ory/x's popx/migrator.go.
class Popx final : public TableHistory {
 public:
    Popx(const platform::Source& source, const std::vector<sources::Migration>& files)
        : TableHistory({"popx", "schema_migration", {"version"}}, source, files) {}

    std::string create_sql() const override {
        const auto index = [&](std::string_view end) {
            return pg::identifier(name().name + std::string(end));
        };
        return where_missing(fmt::format(
            "create table {0} (version varchar (48) not null, version_self int not null default "
            "0); create unique index {1} on {0} (version); create index {2} on {0} "
            "(version_self);",
            table(), index("_version_idx"), index("_version_self_idx")));
    }

    std::string applied_sql(const sources::Migration& migration,
                            const Occasion& /*occasion*/) const override {
        return fmt::format("insert into {} (version) values ({}) on conflict do nothing;", table(),
                           pg::literal(migration.version));
    }

    std::string reverted_sql(const sources::Migration& migration,
                             const Occasion& /*occasion*/) const override {
        return fmt::format("delete from {} where version = {};", table(),
                           pg::literal(migration.version));
    }

 private:
    static constexpr std::size_t legacy_length = 14;

    std::string key_of(const sources::Migration& migration) const override {
        return migration.version;
    }

    bool is_own(const Found& found) const override {
        return found.has("version", "character varying") && !found.has("statements");
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::vector<Entry> entries;
        std::set<std::string> versions;
        for (const auto row : connection.query(
                 fmt::format("select version from {} order by version collate \"C\"", table()))) {
            const auto version = row.string("version");
            versions.insert(version);
            if (file_of(version) || !stands_for_longer(version)) {
                entries.push_back(entry_of(version));
            }
        }
        for (const auto& file : files()) {
            if (file.version.size() > legacy_length && !versions.contains(file.version) &&
                versions.contains(file.version.substr(0, legacy_length))) {
                entries.push_back(entry_of(file.version));
            }
        }
        return entries;
    }

    bool stands_for_longer(const std::string& version) const {
        return version.size() == legacy_length &&
               std::any_of(files().begin(), files().end(), [&](const auto& file) {
                   return file.version.size() > legacy_length &&
                          file.version.compare(0, legacy_length, version) == 0;
               });
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_popx(const platform::Source& source,
                                       const std::vector<sources::Migration>& files) {
    return std::make_unique<Popx>(source, files);
}

}  // namespace caisson::histories
