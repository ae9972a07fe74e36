// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/upsert.h"

#include <limits>

#include <fmt/format.h>

#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/upsert_run.h"

namespace caisson::seeds {
namespace {

void write_up_to(UpsertRun& run, std::size_t last) {
    if (run.counts.updated > 0) {
        std::string set;
        for (const auto i : run.updated_columns()) {
            const auto column = pg::identifier(run.job.file->columns[i].column);
            set += fmt::format("{}{} = ", set.empty() ? "" : ", ", column);
            set += run.stage.sometimes_absent[i]
                       ? fmt::format("case when {} then {}.{} else s.{} end", run.is_absent(i),
                                     row_alias, column, column)
                       : "s." + column;
        }
        run.query(
            fmt::format("update {{target}} set {} from {{rows}} s join {{plan}} p "
                        "using ({{record}}) where p.action = 'update' "
                        "and {{row}}.tableoid = p.rel and {{row}}.ctid = p.tid "
                        "and s.{{record}} <= {}",
                        set, last));
    }
    if (run.counts.inserted + run.counts.restored > 0) {
        std::string columns;
        std::string values;
        bool has_identity = false;
        for (std::size_t i = 0; i < run.job.file->columns.size(); ++i) {
            const auto* const column = run.table.column(run.job.file->columns[i].column);
            const auto quoted = pg::identifier(column->name);
            columns += (i == 0 ? "" : ", ") + quoted;
            values += i == 0 ? "" : ", ";
            values += run.stage.sometimes_absent[i]
                          ? fmt::format("case when {} then {} else s.{} end", run.is_absent(i),
                                        column->fallback, quoted)
                          : "s." + quoted;
            has_identity = has_identity || column->always_identity;
        }
        // A row that another session has just put there is a conflict that we do not see:
        // the server then says 40001, and everything is done again.
        run.query(
            fmt::format("insert into {} ({}){} select {} from {{rows}} s join {{plan}} p "
                        "using ({{record}}) where p.action = 'insert' and s.{{record}} <= {} "
                        "order by s.{{record}} on conflict ({}) do nothing",
                        run.target, columns, has_identity ? " overriding system value" : "", values,
                        last, pg::identifiers(run.job.key)));
    }
}

void write(UpsertRun& run) {
    run.connection.query("savepoint \"caisson:write\"");
    try {
        write_up_to(run, std::numeric_limits<std::int32_t>::max());
    } catch (const pg::DatabaseError& error) {
        if (error.code() != Code::database_rejected || is_passing(error)) {
            throw;
        }
        run.connection.query("rollback to savepoint \"caisson:write\"");
        throw refused(
            error, *run.job.file,
            find_culprit(run.connection, error, run.stage, run.prepared.target, run.job.file->rows,
                         [&](std::size_t last) { write_up_to(run, last); }));
    }
    run.connection.query("release savepoint \"caisson:write\"");
}

/// Numbers that the file gives itself must not be given out again by the sequence.
void advance_sequences(UpsertRun& run) {
    if (run.counts.inserted + run.counts.restored == 0) {
        return;
    }
    for (const auto& given : run.job.file->columns) {
        const auto* const column = run.table.column(given.column);
        if (column->sequence.empty()) {
            continue;
        }
        run.connection.query("savepoint \"caisson:sequence\"");
        try {
            run.query(
                fmt::format("select pg_catalog.setval($1::regclass, m.highest) "
                            "  from (select max({0})::bigint as highest from {{target}}) m, {1} q "
                            " where m.highest > q.last_value "
                            "    or (m.highest = q.last_value and not q.is_called)",
                            pg::identifier(column->name), column->sequence),
                {column->sequence});
        } catch (const pg::DatabaseError& error) {
            if (error.code() != Code::database_rejected) {
                throw;
            }
            run.connection.query("rollback to savepoint \"caisson:sequence\"");
            run.report.notes.push_back(fmt::format("{} was not advanced past the seeded rows: {}",
                                                   column->sequence, error.message()));
        }
        run.connection.query("release savepoint \"caisson:sequence\"");
    }
}

/// A file without rows takes nothing away; it only says no longer what it said.
FileReport empty_file(pg::Connection& connection, const UpsertJob& job) {
    FileReport report;
    Counts counts;
    counts.table = job.table->name.text();
    connection.query(
        "update caisson.seed_rows set source = null where file = $1 "
        "and source is not null",
        {job.number});
    tell_left_rows(connection, job, counts, report);
    report.tables.push_back(counts);
    return report;
}

}  // namespace

Upserted upsert(pg::Connection& connection, const UpsertJob& job, const Prepared& prepared,
                std::size_t number) {
    if (job.file->rows == 0) {
        return {empty_file(connection, job), {}};
    }
    UpsertRun run(connection, job, prepared,
                  stage_file(connection, *job.file, *job.table, job.key, number));
    decide(run);
    write(run);
    remember(run);
    advance_sequences(run);
    run.report.tables.push_back(run.counts);
    return {std::move(run.report), std::move(run.stage)};
}

}  // namespace caisson::seeds
