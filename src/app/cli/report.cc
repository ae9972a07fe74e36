// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/completion_report.h"
#include "app/cli/history.h"
#include "app/cli/steps.h"
#include "app/cli/verification.h"
#include "app/cli/version.h"
#include "base/crypto.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/seeds/seeds.h"
#include "lifecycle/servers/servers.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

DatabaseFacts facts_of(Context& context, const platform::Database& database) {
    const auto& run = context.run();
    DatabaseFacts facts;
    facts.name = database.name;
    const auto what = load_verification(run, database);
    pg::Connection connection(verifier_settings(run, database));
    facts.verification = verify_database(what, connection);
    facts.server_version = connection.query("show server_version").front().string("server_version");
    if (const auto identity = trust::read_identity(connection)) {
        facts.identity = identity->uuid;
        facts.provisioned_at = identity->created_at;
    }
    for (const auto row : connection.query("select extname, extversion from pg_extension where "
                                           "extname <> 'plpgsql' order by 1")) {
        facts.extensions.emplace_back(row.string("extname"), row.string("extversion"));
    }
    for (const auto& record : migrations::read_history(connection)) {
        facts.migrations.push_back(
            {record.title(), record.applied_at, record.duration, record.checksum});
    }
    const auto tables = connection.query(
        "select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on "
        "n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' "
        "and n.nspname not in ('information_schema', 'caisson') order by 1, 2");
    for (const auto row : tables) {
        const pg::QualifiedName table{row.string("schema"), row.string("name")};
        facts.tables.emplace_back(table.text(),
                                  connection.query("select count(*) as rows from " + table.quoted())
                                      .front()
                                      .integer("rows"));
    }
    for (const auto& role :
         connection.query("select rolname from pg_roles where starts_with(rolname, $1) order by 1",
                          {database.name + "_"})) {
        facts.roles.push_back(role.string("rolname"));
    }
    for (const auto& file :
         seeds::load(run.manifest, database, seeds::default_sets(run.environment.is_protected))
             .files) {
        facts.seeds.push_back({file.name, file.rows, file.checksum});
    }
    return facts;
}

Exit run_report(Context& context) {
    const auto& run = context.run();
    CompletionReport report;
    report.title = run.manifest.title.empty() ? run.manifest.name : run.manifest.title;
    report.platform = run.manifest.name;
    report.environment = run.environment.name;
    report.written_at = timestamp_now();
    report.version = version();
    report.manifest_checksum = sha256_hex(normalise_lines(read_file(run.manifest.file)));
    if (run.is_private()) {
        for (const auto& server : servers::status(run)) {
            report.servers.emplace_back(servers::name(server.server),
                                        server.answering ? server.version : "does not answer");
        }
        if (const auto last = read_own(last_run_file(run))) {
            report.steps = steps_from_json(*last);
        }
    }
    if (const auto daemon = read_daemon_record(run)) {
        report.address = daemon->address;
    }
    for (const auto& database : context.databases()) {
        report.databases.push_back(facts_of(context, database));
    }
    const auto json = to_json(report);
    if (context.json()) {
        context.result() = json;
    } else {
        context.emit(to_markdown(report));
    }
    return report.holds() ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> report_verbs() {
    return {
        {"report",
         "the completion report: what was provisioned, versions, counts, checks, durations, "
         "checksums",
         "Markdown on standard output. Verifies anew; exit status 7 when something does not hold.",
         {},
         "",
         "  caisson report > report.md\n  caisson report --json",
         Needs::platform,
         run_report}};
}

}  // namespace caisson::cli
