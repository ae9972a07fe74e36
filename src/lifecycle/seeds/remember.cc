// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lifecycle/seeds/upsert_run.h"

namespace caisson::seeds {
namespace {

/// Rows that were tracked before and equal the file: whether somebody changed their other
/// columns must still be seen, so the digest stays where it can be compared.
std::int64_t adopt_equal(UpsertRun& run) {
    std::vector<std::int64_t> fresh;
    for (const auto& known : run.prepared.shapes) {
        if (known.table == run.table.name && comparable(&run.table, known) == Comparable::yes) {
            fresh.push_back(known.id);
        }
    }
    if (fresh.empty()) {
        return 0;
    }
    run.query(fmt::format("update caisson.seed_rows r set file = $1, source = p.source "
                          "  from {{plan}} p, {{target}} where p.action = 'equal' "
                          "   and {{row}}.tableoid = p.rel and {{row}}.ctid = p.tid "
                          "   and r.table_schema = $2 and r.table_name = $3 and r.key = {} "
                          "   and r.shape in ({})",
                          key_of_row(run.shape()), fmt::join(fresh, ", ")),
              {run.job.number, run.table.name.schema, run.table.name.name});
    return static_cast<std::int64_t>(
        run.query("update {plan} p set action = 'adopted' from caisson.seed_rows r "
                  " where p.action = 'equal' and r.file = $1 and r.source = p.source "
                  "   and r.table_schema = $2 and r.table_name = $3",
                  {run.job.number, run.table.name.schema, run.table.name.name})
            .affected());
}

[[noreturn]] void fail_untracked(UpsertRun& run) {
    const auto rows = run.query(
        fmt::format("select s.{{record}} as record from {{plan}} p "
                    "  join {{rows}} s using ({{record}}) where p.action = 'insert' "
                    "   and not exists (select from {{target}} where {}) order by 1 limit 1",
                    run.key_matches()));
    Place place{run.job.file->shown};
    if (!rows.empty()) {
        place = place_of(*run.job.file, static_cast<std::size_t>(rows.front().integer("record")),
                         run.job.key.front());
    }
    throw Error(Code::seed_failed,
                fmt::format("the row is not in {} under its key after it was inserted: a "
                            "trigger dropped it or changed its key",
                            run.table.name.text()),
                "give the key in the file as the trigger leaves it")
        .at(place)
        .with("file", run.job.file->shown);
}

void track(UpsertRun& run) {
    // What came back may have another identity; the old one is nobody's any more.
    run.query(
        "delete from caisson.seed_rows r using {plan} p "
        " where r.file = $1 and r.source = p.source and p.action = 'insert'",
        {run.job.number});
    const auto expected =
        run.query("select count(*) as n from {plan} where action in ('insert', 'update', 'equal')")
            .front()
            .integer("n");
    if (expected == 0) {
        return;
    }
    const auto adopted = adopt_equal(run);
    const auto tracked = run.query(
        fmt::format("insert into caisson.seed_rows "
                    "  (table_schema, table_name, key, file, shape, digest, source, inserted) "
                    "select $1, $2, {}, $3, $4, {}, p.source, p.action = 'insert' "
                    "  from {{plan}} p join {{rows}} s using ({{record}}) "
                    "  join {{target}} on {} where p.action in ('insert', 'update', 'equal') "
                    "on conflict (table_schema, table_name, key) do update "
                    "   set file = excluded.file, shape = excluded.shape, "
                    "       digest = excluded.digest, source = excluded.source, "
                    "       inserted = seed_rows.inserted or excluded.inserted",
                    key_of_row(run.shape()), digest(run.table, run.shape()), run.key_matches()),
        {run.table.name.schema, run.table.name.name, run.job.number, run.shape().id});
    if (static_cast<std::int64_t>(tracked.affected()) + adopted != expected) {
        fail_untracked(run);
    }
}

void tell_kept_rows(UpsertRun& run) {
    if (run.counts.kept == 0) {
        return;
    }
    const auto rows = run.query(
        fmt::format("select r.key::text as key from caisson.seed_rows r "
                    "  join {{plan}} p using (source) where r.file = $1 and p.action = 'kept' "
                    " order by 1 limit {}",
                    most_rows_told),
        {run.job.number});
    for (const auto row : rows) {
        run.report.rows.push_back(
            {run.counts.table, row.string("key"), "kept: changed since it was seeded"});
    }
}

void note_left(UpsertRun& run) {
    run.query(
        "update caisson.seed_rows r set source = null "
        " where r.file = $1 and r.source is not null "
        "   and not exists (select from {plan} p where p.source = r.source)",
        {run.job.number});
    tell_left_rows(run.connection, run.job, run.counts, run.report);
    tell_kept_rows(run);
}

}  // namespace

void remember(UpsertRun& run) {
    track(run);
    note_left(run);
}

void tell_left_rows(pg::Connection& connection, const UpsertJob& job, Counts& counts,
                    FileReport& report) {
    const auto rows = connection.query(
        fmt::format("select key::text as key, count(*) over () as n from caisson.seed_rows "
                    " where file = $1 and source is null order by 1 limit {}",
                    most_rows_told),
        {job.number});
    for (const auto row : rows) {
        counts.left = static_cast<std::uint64_t>(row.integer("n"));
        report.rows.push_back({counts.table, row.string("key"), "no longer in the file"});
    }
}

}  // namespace caisson::seeds
