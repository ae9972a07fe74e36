// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/mistakes.h"
#include "lifecycle/seeds/upsert_run.h"

namespace caisson::seeds {
namespace {

void check_keys(UpsertRun& run) {
    Mistakes mistakes;
    for (const auto& column : run.job.key) {
        const auto rows = run.query(fmt::format(
            "select s.{{record}} as record from {{rows}} s where s.{} is null order by 1 "
            "limit 100",
            pg::identifier(column)));
        std::vector<Wanted> wanted;
        for (const auto row : rows) {
            wanted.push_back({static_cast<std::size_t>(row.integer("record")), column});
        }
        if (!wanted.empty()) {
            for (const auto& place : places_of(*run.job.file, wanted)) {
                mistakes.add(place, fmt::format("{} is empty, and it is in the key of {}", column,
                                                run.table.name.text()));
            }
        }
    }
    mistakes.check();
}

/// What a record says apart from the line that it stands on, for comparing two of one key.
std::string said(const UpsertRun& run) {
    std::vector<std::string> lines;
    for (const auto& given : run.job.file->columns) {
        if (given.kind == ColumnSource::Kind::line) {
            lines.push_back(given.column);
        }
    }
    lines.emplace_back("caisson:record");
    return lines.size() == 1
               ? "null::text"
               : fmt::format("pg_catalog.md5((pg_catalog.to_jsonb(s) - {}::text[])::text)",
                             pg::literal(array_literal(lines)));
}

void make_plan(UpsertRun& run) {
    std::string keys;
    for (const auto& column : run.job.key) {
        keys += (keys.empty() ? "s." : ", s.") + pg::identifier(column);
    }
    run.query(fmt::format(
        "create temp table {0} on commit drop as "
        "select s.{{record}}, pg_catalog.sha256(pg_catalog.convert_to( "
        "         (pg_catalog.to_jsonb(s) - 'caisson:record')::text, 'UTF8')) as source, "
        "       {2} as said, row_number() over same as copy, "
        "       first_value(s.{{record}}) over same as original, "
        "       'insert' as action, null::oid as rel, null::tid as tid, false as restored "
        "  from {{rows}} s window same as (partition by {1} order by s.{{record}})",
        run.stage.plan.substr(run.stage.plan.find('.') + 1), keys, said(run)));
    if (run.job.file->rows > 1000) {
        run.query("analyze {rows}");
        run.query("analyze {plan}");
    }
}

void check_duplicates(UpsertRun& run) {
    const auto rows = run.query(
        "select a.{record} as record, a.original from {plan} a join {plan} b "
        "    on b.{record} = a.original "
        " where a.copy > 1 and a.source <> b.source and (a.said is null or a.said <> b.said) order "
        "by 1 limit 50");
    std::vector<Wanted> wanted;
    for (const auto row : rows) {
        for (const auto* name : {"record", "original"}) {
            wanted.push_back({static_cast<std::size_t>(row.integer(name)), run.job.key.front()});
        }
    }
    if (!wanted.empty()) {
        Mistakes mistakes;
        const auto places = places_of(*run.job.file, wanted);
        for (std::size_t i = 0; i < places.size(); i += 2) {
            mistakes.add(places[i], fmt::format("the same {} with other values is at line {}",
                                                join(run.job.key, ", "), places[i + 1].line));
        }
        mistakes.check();
    }
    run.counts.duplicates = run.query("delete from {plan} where copy > 1").affected();
}

/// Rows that this very record was seeded into: they stay as they are, changed or not. Gives the
/// shapes of which a column is gone since, so that it cannot be told.
std::vector<std::int64_t> settle_tracked(UpsertRun& run) {
    std::vector<std::int64_t> stale;
    for (const auto& shape : run.prepared.shapes) {
        if (shape.table != run.table.name) {
            continue;
        }
        const auto kind = comparable(&run.table, shape);
        if (kind == Comparable::yes) {
            const auto same = digest(run.table, shape) + " = r.digest";
            run.query(
                fmt::format(
                    "update {{plan}} p set action = case when q.same then 'same' else 'kept' "
                    "end from (select r.source, {0} as same from {1} "
                    "           where r.file = $1 and {{row}}.ctid is not null{2}) q "
                    " where p.source = q.source and p.action = 'insert'",
                    same, from_tracked(run.table, shape), run.job.overwrite ? " and " + same : ""),
                {run.job.number});
        }
        if (kind == Comparable::key_only) {
            stale.push_back(shape.id);
        }
    }
    run.query(
        "update {plan} p set restored = true where p.action = 'insert' and exists "
        " (select from caisson.seed_rows r where r.file = $1 and r.source = p.source)",
        {run.job.number});
    return stale;
}

/// Rows that are there under the same key. A tracked row of which a column is gone since is
/// like any other when it equals the file, and is kept when it does not.
void settle_found(UpsertRun& run, const std::vector<std::int64_t>& stale) {
    std::string equal = "true";
    for (const auto i : run.updated_columns()) {
        const auto column = pg::identifier(run.job.file->columns[i].column);
        equal += fmt::format(" and ({} or {}.{}::text is not distinct from s.{}::text)",
                             run.is_absent(i), row_alias, column, column);
    }
    run.query(fmt::format(
        "update {{plan}} p set rel = q.rel, tid = q.tid, "
        "       action = case when q.equal then 'equal' else 'update' end "
        "  from (select s.{{record}} as record, {{row}}.tableoid as rel, {{row}}.ctid as tid, "
        "               {0} as equal from {{rows}} s join {{target}} on {1}) q "
        " where q.record = p.{{record}} and p.action = 'insert'",
        equal, run.key_matches()));
    if (!stale.empty() && !run.job.overwrite) {
        run.query(fmt::format("update {{plan}} p set action = 'kept' from caisson.seed_rows r "
                              " where p.action = 'update' and r.file = $1 and r.source = p.source "
                              "   and r.shape in ({})",
                              fmt::join(stale, ", ")),
                  {run.job.number});
    }
}

void settle_overridden(UpsertRun& run) {
    if (run.job.later.empty()) {
        return;
    }
    run.query(
        fmt::format("update {{plan}} p set action = 'overridden' "
                    "  from {{target}}, caisson.seed_rows r "
                    " where p.action in ('equal', 'update') and {{row}}.tableoid = p.rel "
                    "   and {{row}}.ctid = p.tid and r.table_schema = $1 and r.table_name = $2 "
                    "   and r.key = {} and r.file in ({})",
                    key_of_row(run.shape()), fmt::join(run.job.later, ", ")),
        {run.table.name.schema, run.table.name.name});
}

void count(UpsertRun& run) {
    const auto row = run.query(
                            "select count(*) filter (where action in ('same', 'equal')) as same, "
                            "  count(*) filter (where action = 'kept') as kept, "
                            "  count(*) filter (where action = 'update') as updated, "
                            "  count(*) filter (where action = 'insert' and restored) as back, "
                            "  count(*) filter (where action = 'insert' and not restored) as new, "
                            "  count(*) filter (where action = 'overridden') as overridden "
                            "from {plan}")
                         .front();
    const auto number = [&](std::string_view name) {
        return static_cast<std::uint64_t>(row.integer(name));
    };
    run.counts.unchanged = number("same");
    run.counts.kept = number("kept");
    run.counts.updated = number("updated");
    run.counts.restored = number("back");
    run.counts.inserted = number("new");
    run.counts.overridden = number("overridden");
}

}  // namespace

void decide(UpsertRun& run) {
    check_keys(run);
    make_plan(run);
    check_duplicates(run);
    const auto stale = settle_tracked(run);
    settle_found(run, stale);
    settle_overridden(run);
    count(run);
}

}  // namespace caisson::seeds
