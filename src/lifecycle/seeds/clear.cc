// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/order.h"
#include "lifecycle/seeds/tracking.h"
#include "trust/locks.h"

namespace caisson::seeds {
namespace {

constexpr int most_attempts = 5;
constexpr int most_kept_told = 100;
constexpr const char* doomed = "pg_temp.\"caisson:clear\"";

/// One clearing inside one transaction. A temporary table holds every tracked row that is meant,
/// where it lies, and the reason why it stays, if there is one.
class Clearing {
 public:
    Clearing(pg::Connection& connection, const std::vector<Set>& sets, const Options& options)
        : connection_(connection), sets_(sets), options_(options) {}

    Cleared run() {
        shapes_ = recorded_shapes(connection_);
        choose_files();
        if (files_.empty() && claims_.empty()) {
            return {};
        }
        std::vector<pg::QualifiedName> tables;
        for (const auto& shape : shapes_) {
            tables.push_back(shape.table);
        }
        for (const auto& [number, claim] : claims_) {
            tables.push_back(claim->table);
        }
        target_ = read_target(connection_, tables);
        collect();
        keep_referenced();
        remove();
        forget();
        return report();
    }

 private:
    void choose_files() {
        const auto recorded = recorded_files(connection_);
        std::set<std::string> unknown(options_.files.begin(), options_.files.end());
        std::vector<std::string> names;
        for (const auto& file : recorded) {
            if (options_.claims_only || (!sets_.empty() && std::find(sets_.begin(), sets_.end(),
                                                                     file.set) == sets_.end())) {
                continue;
            }
            names.push_back(file.name);
            bool is_wanted = options_.files.empty();
            for (const auto& wanted : options_.files) {
                if (is_called(file, wanted)) {
                    is_wanted = true;
                    unknown.erase(wanted);
                }
            }
            if (is_wanted) {
                files_[file.id] = file.name;
            }
        }
        choose_claims(unknown, names);
        if (!unknown.empty()) {
            const auto near = nearest(*unknown.begin(), names);
            throw Error(Code::usage,
                        fmt::format("no seed called {} was applied here{}", *unknown.begin(),
                                    near.empty() ? "" : "; did you mean " + near + "?"));
        }
    }

    /// Their numbers lie below those of files.
    void choose_claims(std::set<std::string>& unknown, std::vector<std::string>& names) {
        std::int64_t number = 0;
        for (const auto& claim : options_.claims) {
            const fs::path path(claim.name);
            bool is_wanted = options_.files.empty();
            for (const auto& wanted : options_.files) {
                if (wanted == claim.name || wanted == "seeds/" + claim.name ||
                    wanted == path.stem().string() || wanted == claim.table.text()) {
                    is_wanted = true;
                    unknown.erase(wanted);
                }
            }
            names.push_back(claim.name);
            if (is_wanted) {
                claims_.emplace(--number, &claim);
            }
        }
    }

    /// By its name, with or without folders and extension, or by a table that it has rows in.
    bool is_called(const Recorded& file, const std::string& wanted) {
        const fs::path path(file.name);
        if (wanted == file.name || wanted == "seeds/" + file.name ||
            wanted == path.filename().string() || wanted == path.stem().string()) {
            return true;
        }
        const auto table = pg::qualified_name(wanted);
        return !connection_
                    .query(
                        "select from caisson.seed_rows where file = $1 and table_schema = $2 "
                        "   and table_name = $3 limit 1",
                        {file.id, table.schema, table.name})
                    .empty();
    }

    std::string file_list() const {
        std::string list;
        for (const auto& [id, name] : files_) {
            list += (list.empty() ? "" : ", ") + std::to_string(id);
        }
        return list.empty() ? "null" : list;
    }

    void collect() {
        connection_.query(
            "create temp table \"caisson:clear\" (file bigint, table_schema text, table_name text, "
            "key jsonb, rel oid, tid tid, gone boolean, reason text) on commit drop");
        for (const auto& shape : shapes_) {
            const auto* const table = target_.table(shape.table);
            const auto kind = comparable(table, shape);
            if (kind == Comparable::no) {
                connection_.query(
                    fmt::format("insert into {} select file, table_schema, table_name, key, null, "
                                "null, $2, case when $2 then null else $3 end "
                                "from caisson.seed_rows where shape = $1 and file in ({})",
                                doomed, file_list()),
                    {shape.id, table == nullptr, "the column that it is known by is gone"});
                continue;
            }
            connection_.query(fmt::format(
                "insert into {0} select r.file, r.table_schema, r.table_name, r.key, "
                "  {1}.tableoid, {1}.ctid, {1}.ctid is null, "
                "  case when {1}.ctid is null then null "
                "       when not r.inserted then 'was there before it was seeded' "
                "       when {2} then {3} end "
                "from {4} where r.file in ({5})",
                doomed, row_alias,
                kind == Comparable::yes ? digest(*table, shape) + " <> r.digest" : "true",
                kind == Comparable::yes
                    ? "'was changed since it was seeded'"
                    : "'a column of it is gone since; it cannot be told whether "
                      "it was changed'",
                from_tracked(*table, shape), file_list()));
            tables_.insert(shape.table);
        }
        for (const auto& [number, claim] : claims_) {
            auto notes = claim->collect(connection_, doomed, number);
            notes_.insert(notes_.end(), notes.begin(), notes.end());
            if (target_.table(claim->table)) {
                tables_.insert(claim->table);
            }
        }
        connection_.query(fmt::format("analyze {}", doomed));
    }

    /// A row that a row refers to which stays, stays as well, and so on until nothing changes.
    void keep_referenced() {
        bool again = true;
        while (again) {
            again = false;
            for (const auto& key : target_.foreign_keys) {
                again = (tables_.contains(key.parent) && keep_referenced_by(key) > 0) || again;
            }
        }
    }

    std::uint64_t keep_referenced_by(const ForeignKey& key) {
        std::string joined;
        for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
            joined += fmt::format("{}c.{} = p.{}", joined.empty() ? "" : " and ",
                                  pg::identifier(key.child_columns[i]),
                                  pg::identifier(key.parent_columns[i]));
        }
        return connection_
            .query(
                fmt::format(
                    "update {0} d set reason = $1 "
                    " where d.reason is null and not d.gone and d.table_schema = $2 "
                    "   and d.table_name = $3 "
                    "   and exists (select from {1} p join {2} c on {3} "
                    "                where p.tableoid = d.rel and p.ctid = d.tid "
                    "                  and not exists (select from {0} o where o.rel = c.tableoid "
                    "                         and o.tid = c.ctid and o.reason is null))",
                    doomed, key.parent.quoted(), key.child.quoted(), joined),
                {fmt::format("a row of {} that stays refers to it", key.child.text()),
                 key.parent.schema, key.parent.name})
            .affected();
    }

    /// Children first; what goes in circles comes last.
    std::vector<pg::QualifiedName> ordered_tables() {
        const std::vector<pg::QualifiedName> tables(tables_.begin(), tables_.end());
        const auto number = [&](const pg::QualifiedName& name) {
            return static_cast<std::size_t>(std::find(tables.begin(), tables.end(), name) -
                                            tables.begin());
        };
        std::vector<Node> nodes;
        for (std::size_t i = 0; i < tables.size(); ++i) {
            nodes.push_back({false, {i}});
        }
        std::vector<Reference> references;
        for (std::size_t i = 0; i < target_.foreign_keys.size(); ++i) {
            const auto& key = target_.foreign_keys[i];
            if (tables_.contains(key.child) && tables_.contains(key.parent)) {
                references.push_back({number(key.child), number(key.parent), key.deferrable, i,
                                      std::vector<bool>(nodes.size(), true)});
            }
        }
        auto sorted = order(nodes, references);
        for (const auto constraint : sorted.deferred) {
            connection_.query(fmt::format("set constraints {} deferred",
                                          target_.foreign_keys[constraint].quoted()));
        }
        for (std::size_t i = 0; i < tables.size(); ++i) {
            if (std::find(sorted.nodes.begin(), sorted.nodes.end(), i) == sorted.nodes.end()) {
                sorted.nodes.push_back(i);
            }
        }
        std::vector<pg::QualifiedName> result;
        for (auto node = sorted.nodes.rbegin(); node != sorted.nodes.rend(); ++node) {
            result.push_back(tables[*node]);
        }
        return result;
    }

    void remove() {
        for (const auto& table : ordered_tables()) {
            const auto condition = fmt::format(
                "d.table_schema = {} and d.table_name = {} and d.reason is null "
                "and not d.gone",
                pg::literal(table.schema), pg::literal(table.name));
            if (!try_remove(table, condition)) {
                remove_singly(table, condition);
                keep_referenced();
            }
            // A trigger may keep a row without an error.
            const auto kept = connection_.query(
                fmt::format("update {} d set reason = 'a trigger of the table keeps it' where {} "
                            "and exists (select from {} t where t.tableoid = d.rel and t.ctid = "
                            "d.tid)",
                            doomed, condition, table.quoted()));
            if (kept.affected() > 0) {
                keep_referenced();
            }
        }
        connection_.query("set constraints all immediate");
    }

    /// Nothing when it went well, else what the server said.
    std::string attempt(const pg::QualifiedName& table, const std::string& condition) {
        connection_.query("savepoint \"caisson:remove\"");
        std::string refusal;
        try {
            connection_.query(
                fmt::format("delete from {} t using {} d where t.tableoid = d.rel "
                            "and t.ctid = d.tid and {}",
                            table.quoted(), doomed, condition));
        } catch (const pg::DatabaseError& error) {
            if (error.code() != Code::database_rejected || is_passing(error)) {
                throw;
            }
            connection_.query("rollback to savepoint \"caisson:remove\"");
            refusal = error.message();
        }
        connection_.query("release savepoint \"caisson:remove\"");
        return refusal;
    }

    bool try_remove(const pg::QualifiedName& table, const std::string& condition) {
        return attempt(table, condition).empty();
    }

    /// One by one, so that only those stay that the server refuses to give up; of claims, all that
    /// share a key at once.
    void remove_singly(const pg::QualifiedName& table, const std::string& condition) {
        const auto rows = connection_.query(fmt::format(
            "select distinct d.key::text as key from {} d where {}", doomed, condition));
        for (const auto row : rows) {
            const auto one =
                fmt::format("{} and d.key = {}::jsonb", condition, pg::literal(row.text("key")));
            if (const auto refusal = attempt(table, one); !refusal.empty()) {
                connection_.query(fmt::format("update {} d set reason = $1 where {}", doomed, one),
                                  {"the database refuses: " + refusal});
            }
        }
    }

    void forget() {
        connection_.query(fmt::format(
            "delete from caisson.seed_rows r using {} d where d.reason is null and r.file = d.file "
            "and r.table_schema = d.table_schema and r.table_name = d.table_name "
            "and r.key = d.key",
            doomed));
        // A file of which something was taken away is applied again next time, unchanged or not.
        connection_.query(
            fmt::format("update caisson.seed_files set checksum = '' where id in ({}) "
                        "and id in (select file from {} where reason is null)",
                        file_list(), doomed));
        connection_.query(
            fmt::format("delete from caisson.seed_files f where id in ({}) "
                        "and not exists (select from caisson.seed_rows r where r.file = f.id)",
                        file_list()));
        for (const auto& [number, claim] : claims_) {
            claim->forget(connection_, doomed, number);
        }
    }

    Cleared report() {
        Cleared cleared;
        const auto counts = connection_.query(
            fmt::format("select file, table_schema, table_name, "
                        "       count(*) filter (where reason is null and not gone) as removed, "
                        "       count(*) filter (where reason is null and gone) as gone, "
                        "       count(*) filter (where reason is not null) as kept "
                        "  from {} group by 1, 2, 3 order by 1, 2, 3",
                        doomed));
        const auto name = [](const pg::Row& row) {
            return pg::QualifiedName{row.string("table_schema"), row.string("table_name")}.text();
        };
        for (const auto row : counts) {
            const auto file = row.integer("file");
            cleared.tables.push_back({file < 0 ? claims_.at(file)->name : files_.at(file),
                                      name(row), static_cast<std::uint64_t>(row.integer("removed")),
                                      static_cast<std::uint64_t>(row.integer("gone")),
                                      static_cast<std::uint64_t>(row.integer("kept"))});
        }
        const auto kept = connection_.query(
            fmt::format("select table_schema, table_name, key::text as key, reason from {} "
                        " where reason is not null and file > 0 order by 1, 2, 3",
                        doomed));
        for (const auto row : kept) {
            cleared.kept.push_back({name(row), row.string("key"), row.string("reason")});
        }
        for (const auto& [number, claim] : claims_) {
            tell_kept(cleared, number, *claim);
        }
        cleared.kept.insert(cleared.kept.end(), notes_.begin(), notes_.end());
        return cleared;
    }

    /// They may be millions: those that share a key and a reason are told together.
    void tell_kept(Cleared& cleared, std::int64_t number, const Claim& claim) {
        const auto kept = connection_.query(
            fmt::format("select key::text as key, key ? 'rows' as is_group, reason, "
                        "       count(*) as count from {} "
                        " where file = $1 and reason is not null group by 1, 2, 3 order by 1, 3 "
                        " limit {}",
                        doomed, most_kept_told),
            {number});
        for (const auto row : kept) {
            const auto count = static_cast<std::uint64_t>(row.integer("count"));
            cleared.kept.push_back(
                {claim.table.text(), row.string("key"),
                 !row.boolean("is_group")
                     ? row.string("reason")
                     : fmt::format("{}: {}", counted(count, "row"), row.string("reason"))});
        }
    }

    pg::Connection& connection_;
    const std::vector<Set>& sets_;
    const Options& options_;
    std::vector<Shape> shapes_;
    std::map<std::int64_t, std::string> files_;
    std::map<std::int64_t, const Claim*> claims_;
    std::vector<RowNote> notes_;
    std::set<pg::QualifiedName> tables_;
    Target target_;
};

}  // namespace

std::uint64_t Cleared::kept_rows() const {
    std::uint64_t sum = 0;
    for (const auto& table : tables) {
        sum += table.kept;
    }
    return sum;
}

Cleared clear(pg::Connection& connection, const std::vector<Set>& sets, const Options& options) {
    require_tracking(connection);
    const trust::AdvisoryLock lock(connection, "seed", options.wait);
    for (int attempt = 1;; ++attempt) {
        try {
            pg::Transaction transaction(connection, begin_statement);
            settle_session(connection);
            auto cleared = Clearing(connection, sets, options).run();
            if (!options.dry_run) {
                transaction.commit();
            }
            return cleared;
        } catch (const pg::DatabaseError& error) {
            if (!is_passing(error) || attempt == most_attempts) {
                throw;
            }
        }
    }
}

}  // namespace caisson::seeds
