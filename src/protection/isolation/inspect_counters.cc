// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "protection/isolation/inspect.h"

namespace caisson::isolation {
namespace {

void inspect_sequences(const Inspection& inspection) {
    const auto& setting = inspection.setting;
    for (const auto& sequence : setting.subject.sequences) {
        const auto table = setting.subject.relations.find(sequence.table);
        if (table == setting.subject.relations.end() ||
            !setting.rights.sequences.contains(sequence.oid) ||
            !setting.tenancy.isolated.contains(setting.subject.root(table->second).name)) {
            continue;
        }
        inspection.add({"sequence", sequence.label, Severity::warning,
                        fmt::format("its last value tells how many rows all tenants put into {}",
                                    table->second.label),
                        fmt::format("revoke all on sequence {} from {}; an identity column needs "
                                    "no right to its own",
                                    sequence.name, pg::identifier(setting.role))},
                       fmt::format("select last_value from pg_sequences where format('%I.%I', "
                                   "schemaname, sequencename) = {}",
                                   pg::literal(sequence.name)));
    }
}

/// Statements of others with the values in them: of sessions of the same role, which all tenants
/// share.
void inspect_activity(const Inspection& inspection) {
    inspection.add(
        {"activity", "of sessions", Severity::info,
         "pg_stat_activity shows each session of a role the statements of its others: "
         "values that are bound do not stand in them, literals do",
         "bind values; no right hides it from the same role"},
        "select count(*) as sessions from pg_stat_activity where usename = current_user");
    const auto has_statements =
        inspection.connection
            .query(
                "select count(*) > 0 as there from pg_extension where extname = "
                "'pg_stat_statements'")
            .front()
            .boolean("there");
    if (has_statements) {
        inspection.findings.add(
            {"activity", "of statements", Severity::info,
             "pg_stat_statements shows a role its own statements, which all tenants share: "
             "constants are replaced in queries, and not in utility statements",
             "revoke select on pg_stat_statements from public; or bind values"});
    }
}

}  // namespace

void inspect_counters(const Inspection& inspection) {
    inspect_sequences(inspection);
    if (inspection.setting.tenancy.isolated.empty()) {
        return;
    }
    inspection.add({"estimates", "of rows", Severity::info,
                    "pg_class.reltuples and pg_stat_user_tables tell everybody about how many rows "
                    "every table has",
                    "none: PostgreSQL shows them to every role"},
                   fmt::format("select relname, n_live_tup from pg_stat_user_tables where "
                               "format('%I.%I', schemaname, relname) = {}",
                               pg::literal(*inspection.setting.tenancy.isolated.begin())));
    inspect_activity(inspection);
}

}  // namespace caisson::isolation
