// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/run_sql.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/records.h"
#include "lifecycle/seeds/sql_file.h"

namespace caisson::seeds {
namespace {

/// Rows written to a table in this transaction, as the server counts them.
struct Writes {
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
};

std::map<std::string, Writes> writes_so_far(pg::Connection& connection) {
    std::map<std::string, Writes> writes;
    const auto rows = connection.query(
        "select coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)::oid::text as oid, "
        "       sum(s.n_tup_ins) as inserted, sum(s.n_tup_upd) as updated "
        "  from pg_catalog.pg_stat_xact_user_tables s join pg_catalog.pg_class c on c.oid = "
        "s.relid "
        " where c.relpersistence <> 't' and s.schemaname <> 'caisson' "
        " group by 1");
    for (const auto row : rows) {
        writes[row.string("oid")] = {row.integer("inserted"), row.integer("updated")};
    }
    return writes;
}

/// Sends the text piece by piece, COPY data among it.
void send(pg::Connection& connection, const File& file, std::string_view text, const SqlFile& sql) {
    for (const auto& piece : sql.pieces) {
        const auto statements = text.substr(piece.offset, piece.length);
        try {
            if (piece.is_copy) {
                bool sent = false;
                connection.copy_in(statements, [&] {
                    const auto data = sent ? std::string_view()
                                           : text.substr(piece.data_offset, piece.data_length);
                    sent = true;
                    return data;
                });
            } else {
                connection.script(statements);
            }
        } catch (const pg::DatabaseError& error) {
            if (error.code() != Code::database_rejected || is_passing(error)) {
                throw;
            }
            auto offset = piece.statements[std::min(error.statement, piece.statements.size() - 1)];
            if (error.position) {
                offset = piece.offset + byte_of_character(statements, *error.position);
            }
            const auto position = position_of(text, offset);
            throw refused(error, file, {file.shown, position.line, position.column});
        }
    }
}

class SqlRun {
 public:
    SqlRun(pg::Connection& connection, const SqlJob& job, const Prepared& prepared)
        : connection_(connection), job_(job), prepared_(prepared) {}

    FileReport run() {
        const Contents contents(job_.file->path);
        if (contents.checksum() != job_.file->checksum) {
            throw Error(Code::seed_invalid,
                        fmt::format("{} was changed while it was read", job_.file->shown),
                        "run the same command again")
                .at({job_.file->shown});
        }
        const auto sql = read_sql(contents.text);
        remember_keys(sql);
        remember_changed();
        const auto before = writes_so_far(connection_);
        const auto role = connection_.query("select pg_catalog.current_setting('role') as role")
                              .front()
                              .string("role");
        connection_.query("savepoint \"caisson:file\"");
        mark();
        try {
            send(connection_, *job_.file, contents.text, sql);
        } catch (const Error& error) {
            if (!job_.restores || !error.fact("sqlstate").starts_with("23")) {
                throw;
            }
            give_up("its statements cannot run twice: " + error.message());
            return std::move(report_);
        }
        connection_.query("select pg_catalog.set_config('role', $1, false)", {role});
        settle_session(connection_);
        find_touched(before);
        if (job_.restores) {
            if (const auto excess = find_excess(); !excess.empty()) {
                give_up(excess);
                return std::move(report_);
            }
        }
        for (const auto& [oid, writes] : touched_) {
            track(oid, writes);
        }
        connection_.query("release savepoint \"caisson:file\"");
        add_untouched();
        return std::move(report_);
    }

 private:
    /// The number of the subtransaction: whatever the file writes has it or a later one.
    void mark() {
        connection_.query(
            "create temp table if not exists \"caisson:mark\" (n int) on commit drop");
        connection_.query("truncate pg_temp.\"caisson:mark\"");
        connection_.query("insert into pg_temp.\"caisson:mark\" values (1)");
        number_ = connection_.query("select xmin::text as number from pg_temp.\"caisson:mark\"")
                      .front()
                      .string("number");
    }

    /// The keys that are there before, so that rows which the file only updates can be told from
    /// those that it inserts. A table that it does not name is treated as if all were there.
    void remember_keys(const SqlFile& sql) {
        const auto rows = connection_.query(
            "select distinct c.oid::text as oid from unnest($1::text[]) w(name) "
            "  join pg_catalog.pg_class c "
            "    on c.oid = coalesce(pg_catalog.pg_partition_root( "
            "                 pg_catalog.to_regclass(w.name)), pg_catalog.to_regclass(w.name)) "
            " where c.relkind in ('r', 'p')",
            {array_literal(sql.writes)});
        for (const auto row : rows) {
            const auto oid = row.string("oid");
            const auto* const table = table_of(oid);
            const auto* const identity = table ? table->identity() : nullptr;
            if (!identity) {
                continue;
            }
            const auto name = fmt::format("\"caisson:before{}\"", oid);
            connection_.query(fmt::format("drop table if exists pg_temp.{}", name));
            connection_.query(
                fmt::format("create temp table {} on commit drop as select {} as key from {} as {}",
                            name, key_of_row({0, table->name, identity->columns, {}}),
                            table->name.quoted(), row_alias));
            remembered_.push_back(oid);
        }
    }

    const Table* table_of(const std::string& oid) {
        if (const auto known = tables_.find(oid); known != tables_.end()) {
            return known->second.tables.empty() ? nullptr : &known->second.tables.begin()->second;
        }
        const auto row = connection_.query(
            "select n.nspname as schema, c.relname as name from pg_catalog.pg_class c "
            "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid",
            {oid});
        if (row.empty()) {
            return nullptr;
        }
        tables_[oid] =
            read_target(connection_, {{row.front().string("schema"), row.front().string("name")}});
        return table_of(oid);
    }

    /// What the rows that somebody changed look like before a script that restores.
    void remember_changed() {
        if (!job_.restores) {
            return;
        }
        connection_.query("drop table if exists pg_temp.\"caisson:changed\"");
        connection_.query(
            "create temp table \"caisson:changed\" (shape bigint, key jsonb, digest bytea) "
            "on commit drop");
        for (const auto& state : job_.before) {
            const auto* const table = prepared_.target.table(state.shape.table);
            if (state.changed > 0 && comparable(table, state.shape) == Comparable::yes) {
                connection_.query(
                    fmt::format("insert into pg_temp.\"caisson:changed\" "
                                "select r.shape, r.key, {0} from {1} "
                                " where r.file = $1 and {2}.ctid is not null and {0} <> r.digest",
                                digest(*table, state.shape), from_tracked(*table, state.shape),
                                row_alias),
                    {job_.number});
            }
        }
    }

    void find_touched(const std::map<std::string, Writes>& before) {
        for (const auto& [oid, now] : writes_so_far(connection_)) {
            const auto then = before.contains(oid) ? before.at(oid) : Writes{};
            const Writes own{now.inserted - then.inserted, now.updated - then.updated};
            if (own.inserted + own.updated > 0) {
                touched_[oid] = own;
            }
        }
    }

    std::int64_t missing_of(const pg::QualifiedName& table) const {
        std::int64_t missing = 0;
        for (const auto& state : job_.before) {
            if (state.shape.table == table) {
                missing += static_cast<std::int64_t>(state.missing);
            }
        }
        return missing;
    }

    /// Why what the script did is more than bringing back what is missing; empty when it is not.
    std::string find_excess() {
        for (const auto& [oid, writes] : touched_) {
            const auto* const table = table_of(oid);
            if (!table) {
                continue;
            }
            const auto inserted = count_written(*table, true, writes);
            if (inserted > missing_of(table->name)) {
                return fmt::format(
                    "it would insert {} into {}, where {} missing; give its INSERTs a key and ON "
                    "CONFLICT",
                    counted(static_cast<std::size_t>(inserted), "row"), table->name.text(),
                    missing_of(table->name) == 1 ? std::string("1 is")
                                                 : fmt::format("{} are", missing_of(table->name)));
            }
        }
        for (const auto& state : job_.before) {
            const auto* const table = prepared_.target.table(state.shape.table);
            if (state.changed == 0 || comparable(table, state.shape) != Comparable::yes) {
                continue;
            }
            const auto overwritten = connection_.query(
                fmt::format("select r.key::text as key from {} "
                            "  join pg_temp.\"caisson:changed\" c "
                            "    on c.shape = r.shape and c.key = r.key "
                            " where r.file = $1 and {} is distinct from c.digest limit 1",
                            from_tracked(*table, state.shape), digest(*table, state.shape)),
                {job_.number});
            if (!overwritten.empty()) {
                return fmt::format("it would overwrite {} in {}, which was changed since",
                                   overwritten.front().text("key"), table->name.text());
            }
        }
        return {};
    }

    /// SQL: whether the row was not there before the file ran.
    std::string is_new(const Table& table, const Shape& shape, const Writes& writes) const {
        if (writes.updated == 0) {
            return "true";
        }
        if (std::find(remembered_.begin(), remembered_.end(), table.oid) == remembered_.end()) {
            return "false";
        }
        return fmt::format(
            "not exists (select from pg_temp.\"caisson:before{}\" b where b.key = {})", table.oid,
            key_of_row(shape));
    }

    std::string is_written() const {
        return fmt::format("pg_catalog.age({}.xmin) <= pg_catalog.age('{}'::xid)", row_alias,
                           number_);
    }

    std::int64_t count_written(const Table& table, bool inserted, const Writes& writes) {
        const auto* const identity = table.identity();
        if (!identity) {
            return inserted ? writes.inserted : writes.updated;
        }
        return connection_
            .query(fmt::format("select count(*) as n from {} as {} where {} and {} {}",
                               table.name.quoted(), row_alias, is_written(), inserted ? "" : "not",
                               is_new(table, {0, table.name, identity->columns, {}}, writes)))
            .front()
            .integer("n");
    }

    void give_up(const std::string& why) {
        connection_.query("rollback to savepoint \"caisson:file\"");
        connection_.query("release savepoint \"caisson:file\"");
        settle_session(connection_);
        for (const auto& state : job_.before) {
            Counts counts;
            counts.table = state.shape.table.text();
            counts.unchanged = state.present;
            counts.kept = state.changed;
            counts.missing = state.missing;
            report_.tables.push_back(counts);
        }
        report_.notes.push_back("its missing rows were not restored: " + why);
    }

    void track(const std::string& oid, const Writes& writes) {
        const auto* const table = table_of(oid);
        if (!table) {
            return;  // Made and dropped again by the file itself.
        }
        Counts counts;
        counts.table = table->name.text();
        const auto inserted = static_cast<std::uint64_t>(count_written(*table, true, writes));
        (job_.restores ? counts.restored : counts.inserted) = inserted;
        counts.updated = static_cast<std::uint64_t>(count_written(*table, false, writes));
        if (const auto* const identity = table->identity()) {
            const auto shape = present_shape(connection_, *table, *identity);
            connection_.query(
                fmt::format(
                    "insert into caisson.seed_rows "
                    "  (table_schema, table_name, key, file, shape, digest, source, inserted) "
                    "select $1, $2, {0}, $3, $4, {1}, ''::bytea, {2} from {3} as {4} where {5} "
                    "on conflict (table_schema, table_name, key) do update "
                    "   set file = excluded.file, shape = excluded.shape, "
                    "       digest = excluded.digest, source = excluded.source, "
                    "       inserted = seed_rows.inserted or excluded.inserted",
                    key_of_row(shape), digest(*table, shape), is_new(*table, shape, writes),
                    table->name.quoted(), row_alias, is_written()),
                {table->name.schema, table->name.name, job_.number, shape.id});
            if (job_.restores && inserted > 0) {
                forget_replaced(*table);
            }
        } else {
            report_.notes.push_back(
                fmt::format("{} has no primary key: its rows are not tracked, and clearing does "
                            "not remove them",
                            counts.table));
        }
        report_.tables.push_back(counts);
    }

    /// Rows that came back under keys of their own take the place of those that are missing.
    void forget_replaced(const Table& table) {
        for (const auto& state : job_.before) {
            if (state.shape.table == table.name &&
                comparable(&table, state.shape) != Comparable::no) {
                connection_.query(
                    fmt::format("delete from caisson.seed_rows where file = $1 and shape = $2 "
                                "   and key in (select r.key from {} where r.file = $1 "
                                "                  and {}.ctid is null)",
                                from_tracked(table, state.shape), row_alias),
                    {job_.number, state.shape.id});
            }
        }
    }

    /// Rows of earlier runs that this one did not touch.
    void add_untouched() {
        for (const auto& state : job_.before) {
            const auto name = state.shape.table.text();
            auto counts = std::find_if(report_.tables.begin(), report_.tables.end(),
                                       [&](const auto& known) { return known.table == name; });
            if (counts == report_.tables.end()) {
                report_.tables.emplace_back().table = name;
                counts = std::prev(report_.tables.end());
            }
            const auto written = counts->updated;
            counts->unchanged += state.present > written ? state.present - written : 0;
            counts->kept += job_.restores ? state.changed : 0;
            const auto back = counts->restored + counts->inserted;
            counts->missing += state.missing > back ? state.missing - back : 0;
        }
    }

    pg::Connection& connection_;
    const SqlJob& job_;
    const Prepared& prepared_;
    FileReport report_;
    std::string number_;
    std::vector<std::string> remembered_;
    std::map<std::string, Target> tables_;
    std::map<std::string, Writes> touched_;
};

}  // namespace

FileReport run_sql(pg::Connection& connection, const SqlJob& job, const Prepared& prepared) {
    return SqlRun(connection, job, prepared).run();
}

}  // namespace caisson::seeds
