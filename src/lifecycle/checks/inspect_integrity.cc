// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/inspection.h"

namespace caisson::checks {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Adds what is expected beyond the comparison; `bad` is empty when it was found so.
void add_part(Verdict& verdict, std::string_view expected, const std::string& bad) {
    verdict.expected += fmt::format("{}{}", verdict.expected.empty() ? "" : ", ", expected);
    const bool is_fine = verdict.found.empty() || ends_with(verdict.found, "as recorded");
    if (!bad.empty()) {
        verdict.found = is_fine ? bad : verdict.found + ", " + bad;
    } else if (verdict.found.empty()) {
        verdict.found = expected;
    }
}

std::string some(std::size_t number, std::string_view word) {
    return number == 0 ? "" : fmt::format("{} {}", number, word);
}

std::string mending_index(const std::string& name, bool is_partitioned) {
    if (is_partitioned) {
        return fmt::format(
            "make the index on each partition that lacks it, then: alter index {} attach partition "
            "…;",
            name);
    }
    // What REINDEX CONCURRENTLY leaves behind when it is interrupted is of no use.
    return ends_with(name, "_ccnew") || ends_with(name, "_ccold")
               ? fmt::format("drop index concurrently {};", name)
               : fmt::format("reindex index concurrently {};", name);
}

/// A view that was not run, and why.
void add_view_error(Inspection& inspection, Verdict& verdict, const std::string& view,
                    const pg::DatabaseError& error) {
    constexpr std::string_view read_only_sql_transaction = "25006";
    if (error.sqlstate == pg::sqlstate::query_canceled ||
        error.sqlstate == pg::sqlstate::insufficient_privilege) {
        add_unknown(verdict, view, error, inspection.options.limit);
    } else if (error.sqlstate == read_only_sql_transaction) {
        add_finding(verdict, Severity::info,
                    fmt::format("{} writes when it is read, so it was not run", view));
    } else {
        add_finding(
            verdict, Severity::error,
            fmt::format("{} cannot be run: {}", view, reason(error, inspection.options.limit)),
            fmt::format("mend what it calls; it reads: select pg_get_viewdef('{}');",
                        replace_all(view, "'", "''")));
    }
}

}  // namespace

void inspect_indexes(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"index"}, "indexes", false);
    const auto rows = inspection.connection.query(R"sql(
select x.indexrelid::regclass::text as name, x.indrelid::regclass::text as table_name,
       c.relkind = 'I' as partitioned,
       (select max(pid) from pg_stat_progress_create_index p where p.index_relid = x.indexrelid)
           as builder
  from pg_index x
  join pg_class c on c.oid = x.indexrelid
 where not (x.indisvalid and x.indisready and x.indislive)
   and c.relpersistence <> 't'
 order by 1
)sql");
    std::size_t invalid = 0;
    for (const auto row : rows) {
        const auto name = row.string("name");
        if (!row.is_null("builder")) {
            add_finding(verdict, Severity::info,
                        fmt::format("index {} is being built at this moment by process {}", name,
                                    row.text("builder")));
            continue;
        }
        ++invalid;
        add_finding(verdict, Severity::error,
                    fmt::format("index {} of {} is invalid and serves no query: its making was "
                                "interrupted or failed",
                                name, row.text("table_name")),
                    mending_index(name, row.boolean("partitioned")));
    }
    add_part(verdict, "none invalid", some(invalid, "invalid"));
}

void inspect_constraints(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"constraint"}, "constraints", false, false);
    const auto rows = inspection.connection.query(R"sql(
select quote_ident(n.conname) as name,
       case when n.conrelid <> 0 then 'table ' || n.conrelid::regclass
            else 'domain ' || n.contypid::regtype end as owner
  from pg_constraint n
 where n.contype in ('c', 'n') and not n.convalidated
   and coalesce(to_jsonb(n) ->> 'conenforced', 'true') = 'true'
 order by 2, 1
)sql");
    for (const auto row : rows) {
        add_finding(
            verdict, Severity::error,
            fmt::format("constraint {} of {} was never validated: older rows may break it",
                        row.text("name"), row.text("owner")),
            fmt::format("alter {} validate constraint {};", row.text("owner"), row.text("name")));
    }
    add_part(verdict, "none unvalidated", some(rows.size(), "unvalidated"));
}

void inspect_foreign_keys(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"constraint"}, "foreign keys", false, true);
    // A disabled trigger means that the key is not watched from one of its two sides.
    const auto rows = inspection.connection.query(R"sql(
select quote_ident(n.conname) as name, n.conrelid::regclass::text as child, n.convalidated as valid,
       (select string_agg(distinct g.tgrelid::regclass::text, ', ') from pg_trigger g
         where g.tgconstraint = n.oid and g.tgenabled in ('D', 'R')) as unwatched
  from pg_constraint n
 where n.contype = 'f' and coalesce(to_jsonb(n) ->> 'conenforced', 'true') = 'true'
 order by 2, 1
)sql");
    std::size_t unvalidated = 0;
    for (const auto row : rows) {
        if (!row.boolean("valid")) {
            ++unvalidated;
            add_finding(
                verdict, Severity::error,
                fmt::format("foreign key {} of {} was never validated: older rows may have no "
                            "parent",
                            row.text("name"), row.text("child")),
                fmt::format("alter table {} validate constraint {};", row.text("child"),
                            row.text("name")));
        }
        if (const auto unwatched = row.optional("unwatched")) {
            ++unvalidated;
            std::string remedy;
            for (const auto& table : split(*unwatched, ',')) {
                remedy += fmt::format("{}alter table {} enable trigger all;",
                                      remedy.empty() ? "" : " ", trim(table));
            }
            add_finding(verdict, Severity::error,
                        fmt::format("foreign key {} of {} is not enforced: its triggers on {} are "
                                    "disabled",
                                    row.text("name"), row.text("child"), *unwatched),
                        remedy);
        }
    }
    add_part(verdict, "none invalid", some(unvalidated, "invalid"));
}

void inspect_views(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"view", "materialized view", "view default"}, "views", false);
    const auto views = inspection.connection.query(R"sql(
select c.oid::regclass::text as name, c.relkind = 'm' and not c.relispopulated as unpopulated
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('v', 'm')
   and n.nspname not in ('pg_catalog', 'information_schema', 'caisson')
   and n.nspname not like 'pg\_temp\_%'
   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')
 order by 1
)sql");
    // As users see them: a view is to run under the policies of the tables below it.
    inspection.end();
    inspection.begin(true);
    const auto before = verdict.findings.size();
    for (const auto view : views) {
        const auto name = view.string("name");
        if (view.boolean("unpopulated")) {
            add_finding(verdict, Severity::warning,
                        fmt::format("materialized view {} was never filled", name),
                        fmt::format("refresh materialized view {};", name));
            continue;
        }
        const auto result = inspection.attempt(fmt::format("select * from {} limit 1", name));
        if (const auto* error = std::get_if<pg::DatabaseError>(&result)) {
            add_view_error(inspection, verdict, name, *error);
        }
    }
    const auto broken = verdict.findings.size() - before;
    add_part(verdict, "all run",
             broken == 0 ? "" : fmt::format("{} of {} not run", broken, views.size()));
}

}  // namespace caisson::checks
