// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/undone.h"

#include <deque>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::backups {
namespace {

std::vector<std::string> primary_key(pg::Connection& connection, const std::string& table) {
    std::vector<std::string> columns;
    for (const auto& row : connection.query(
             "select a.attname as name from pg_index i, unnest(i.indkey) with ordinality k(n, o), "
             "pg_attribute a where i.indrelid = to_regclass($1) and i.indisprimary and a.attrelid "
             "= "
             "i.indrelid and a.attnum = k.n order by k.o",
             {table})) {
        columns.push_back(row.string("name"));
    }
    return columns;
}

bool has_column(pg::Connection& connection, const std::string& table, const std::string& column) {
    return !connection
                .query(
                    "select from pg_attribute where attrelid = to_regclass($1) and attname = $2 "
                    "and attnum > 0 and not attisdropped",
                    {table, column})
                .empty();
}

/// Rows of a query of one database into a table of the other. What is on its way is held in memory.
void carry(pg::Connection& from, const std::string& query, pg::Connection& to,
           const std::string& table) {
    std::deque<std::string> rows;
    from.copy_out(fmt::format("copy ({}) to stdout", query),
                  [&](std::string_view row) { rows.emplace_back(row); });
    std::string current;
    to.copy_in(fmt::format("copy {} from stdin", table), [&]() -> std::string_view {
        if (rows.empty()) {
            return {};
        }
        current = std::move(rows.front());
        rows.pop_front();
        return current;
    });
}

/// So many may go whatever the size of the table.
constexpr std::int64_t few_rows = 3;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(Code::confirmation_needed,
                what +
                    ": that looks like what the restore is to mend, and not like what must stay "
                    "undone",
                "--without-undone restores everything; what was erased or revoked since has to be "
                "erased and revoked again then");
}

class Replay {
 public:
    Replay(pg::Connection& present, pg::Connection& restored)
        : present_(present), restored_(restored) {}

    std::uint64_t table(const std::string& name, const std::string& how) {
        const auto table = pg::qualified_name(name).quoted();
        const auto key = primary_key(restored_, table);
        const bool is_rows = how == "rows";
        if (key.empty() || (!is_rows && !has_column(restored_, table, how))) {
            throw Error(
                Code::usage,
                fmt::format("[backups.undone] names {}{}; expected a table with a primary "
                            "key{}",
                            name, is_rows ? "" : "." + how, is_rows ? "" : " and this column"));
        }
        if (!has_table(present_, name)) {
            refuse(fmt::format("the present database has no table {}", name));
        }
        auto columns = key;
        if (!is_rows) {
            columns.push_back(how);
        }
        const auto list = pg::identifiers(columns);
        restored_.query("drop table if exists pg_temp.caisson_undone");
        restored_.query(fmt::format(
            "create temporary table caisson_undone on commit drop as select {} from {} limit 0",
            list, table));
        carry(present_,
              fmt::format("select {} from {}{}", list, table,
                          is_rows ? "" : " where " + pg::identifier(how) + " is not null"),
              restored_, "pg_temp.caisson_undone");
        std::vector<std::string> matches;
        for (const auto& column : key) {
            matches.push_back(fmt::format("t.{0} = u.{0}", pg::identifier(column)));
        }
        const auto same = join(matches, " and ");
        return is_rows ? erase(table, same) : revoke(table, pg::identifier(how), same);
    }

 private:
    std::uint64_t erase(const std::string& table, const std::string& same) {
        const auto counts =
            restored_
                .query(fmt::format(
                    "select count(*) as present, count(*) filter (where not exists (select from "
                    "pg_temp.caisson_undone u where {})) as gone from {} t",
                    same, table))
                .front();
        const auto gone = counts.integer("gone");
        if (gone > few_rows && gone * 10 > counts.integer("present")) {
            refuse(fmt::format("{} of {} rows of {} are not in the present database any more", gone,
                               counts.integer("present"), table));
        }
        return restored_
            .query(fmt::format("delete from {} t where not exists (select from "
                               "pg_temp.caisson_undone u where {})",
                               table, same))
            .affected();
    }
    std::uint64_t revoke(const std::string& table, const std::string& column,
                         const std::string& same) {
        // Triggers are about changes of today; this one is of then.
        restored_.query("set local session_replication_role = replica");
        const auto rows =
            restored_
                .query(
                    fmt::format("update {0} t set {1} = u.{1} from pg_temp.caisson_undone u where "
                                "{2} and t.{1} is distinct from u.{1}",
                                table, column, same))
                .affected();
        restored_.query("set local session_replication_role = origin");
        return rows;
    }

    pg::Connection& present_;
    pg::Connection& restored_;
};

}  // namespace

bool has_table(pg::Connection& connection, const std::string& table) {
    return !connection
                .query("select where to_regclass($1) is not null",
                       {pg::qualified_name(table).quoted()})
                .empty();
}

std::vector<Undone> replay_undone(pg::Connection& present, pg::Connection& restored,
                                  const std::map<std::string, std::string>& tables) {
    std::vector<Undone> undone;
    if (tables.empty()) {
        return undone;
    }
    pg::Transaction transaction(restored);
    Replay replay(present, restored);
    for (const auto& [table, how] : tables) {
        if (has_table(restored, table)) {
            undone.push_back({table, replay.table(table, how)});
        }
    }
    transaction.commit();
    return undone;
}

}  // namespace caisson::backups
