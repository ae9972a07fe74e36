// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

using sources::Migration;

/// alembic_version: a row a head of the graph. What is applied are the heads and all they build on.
/// Alembic keeps no checksum and takes no lock.
/// Source: Alembic's alembic/runtime/migration.py (HeadMaintainer).
class Alembic final : public TableHistory {
 public:
    Alembic(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory({"Alembic", "alembic_version", {"version_num"}}, source, files) {}

    std::string create_sql() const override {
        return where_missing(
            fmt::format("create table {} (version_num varchar(32) not null, constraint {} primary "
                        "key (version_num));",
                        table(), pg::identifier(name().name + "_pkc")));
    }

    /// The revision takes the place of those that it builds on.
    std::string applied_sql(const Migration& migration,
                            const Occasion& /*occasion*/) const override {
        std::string sql;
        if (!migration.parents.empty()) {
            sql = fmt::format("delete from {} where version_num in ({});", table(),
                              literals(migration.parents));
        }
        return sql + fmt::format("insert into {} (version_num) values ({}) on conflict do nothing;",
                                 table(), pg::literal(migration.version));
    }

    /// Those that it builds on are heads again, unless something else that is applied builds on
    /// them.
    std::string reverted_sql(const Migration& migration,
                             const Occasion& /*occasion*/) const override {
        std::string sql = fmt::format("delete from {} where version_num = {};", table(),
                                      pg::literal(migration.version));
        for (const auto& parent : migration.parents) {
            const auto others = descendants(parent, migration.version);
            sql +=
                fmt::format("insert into {0} (version_num) select {1}{2} on conflict do nothing;",
                            table(), pg::literal(parent),
                            others.empty() ? ""
                                           : fmt::format(" where not exists (select from {} where "
                                                         "version_num in ({}))",
                                                         table(), literals(others)));
        }
        return sql;
    }

 private:
    static std::string literals(const std::vector<std::string>& versions) {
        std::vector<std::string> list;
        for (const auto& version : versions) {
            list.push_back(pg::literal(version));
        }
        return join(list, ", ");
    }

    std::string key_of(const Migration& migration) const override { return migration.version; }

    /// All that builds on a revision, but one.
    std::vector<std::string> descendants(const std::string& revision,
                                         const std::string& but) const {
        std::set<std::string> found = {revision};
        for (bool grows = true; grows;) {
            grows = false;
            for (const auto& file : files()) {
                const bool builds = std::any_of(file.parents.begin(), file.parents.end(),
                                                [&](const auto& p) { return found.contains(p); });
                if (builds && file.version != but && found.insert(file.version).second) {
                    grows = true;
                }
            }
        }
        found.erase(revision);
        return {found.begin(), found.end()};
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& /*found*/) const override {
        std::set<std::string> applied;
        std::vector<std::string> open;
        for (const auto row :
             connection.query(fmt::format("select version_num from {}", table()))) {
            open.push_back(row.string("version_num"));
        }
        std::vector<Entry> entries;
        while (!open.empty()) {
            const auto revision = open.back();
            open.pop_back();
            if (!applied.insert(revision).second) {
                continue;
            }
            if (const auto* file = file_of(revision)) {
                open.insert(open.end(), file->parents.begin(), file->parents.end());
            } else {
                entries.push_back(entry_of(revision));
            }
        }
        // The files are in an order in which each follows what it builds on.
        for (const auto& file : files()) {
            if (applied.contains(file.version)) {
                entries.push_back(entry_of(file.version));
            }
        }
        return entries;
    }
};

}  // namespace

std::unique_ptr<ToolHistory> make_alembic(const platform::Source& source,
                                          const std::vector<Migration>& files) {
    return std::make_unique<Alembic>(source, files);
}

}  // namespace caisson::histories
