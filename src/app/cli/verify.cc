// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "app/cli/verification.h"
#include "base/parallel.h"
#include "base/text.h"
#include "lifecycle/checks/checks.h"
#include "lifecycle/migrations/migrations.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// With -d, a check of another database would be asked nowhere and must not seem to hold.
void require_asked(const std::vector<checks::Report>& reports,
                   const std::vector<std::string>& only) {
    for (const auto& name : only) {
        const auto was_asked = [&](const checks::Report& report) {
            return std::any_of(report.verdicts.begin(), report.verdicts.end(),
                               [&](const auto& verdict) { return verdict.name == name; });
        };
        if (std::none_of(reports.begin(), reports.end(), was_asked)) {
            throw Error(Code::usage,
                        fmt::format("the check \"{}\" belongs to another database", name),
                        "leave out -d, or name the database of the check");
        }
    }
}

Exit run_verify(Context& context) {
    if (context.arguments().has("--script")) {
        const auto database = context.one_database();
        const auto& manifest = context.run().manifest;
        const std::string where =
            context.run().environment.is_protected ? "set caisson.sample_seeds = off;\n" : "";
        const auto text = where + checks::script(checks::of_database(checks::load(manifest),
                                                                     manifest, database, true),
                                                 manifest.title);
        context.json() ? void(context.result()["script"] = text) : context.emit(text);
        return Exit::fine;
    }
    const auto reports = verify_reports(context);
    const auto format = context.arguments().value("--format", "text");
    if (context.json()) {
        context.result() = boost::json::parse(checks::to_json(reports)).as_object();
    } else if (format == "junit") {
        context.emit(checks::to_junit(reports));
    } else if (format == "markdown") {
        context.emit(checks::to_markdown(reports));
    } else if (format == "json") {
        context.emit(checks::to_json(reports) + "\n");
    } else {
        context.emit(checks::to_text(reports, context.colours()));
    }
    return checks::holds(reports) ? Exit::fine : Exit::findings;
}

}  // namespace

checks::Report verify_database(const Verification& what, pg::Connection& connection,
                               const std::vector<std::string>& only) {
    trust::require_ours(connection, what.run, what.database);
    const auto history = migrations::read_history(connection);
    checks::Options options;
    options.manifest = what.run.manifest;
    options.database = what.database;
    options.environment = what.run.environment;
    options.checks = what.checks;
    options.history_head = head_of(history);
    options.history =
        history_findings(migrations::status(what.files, history, what.run.manifest.features),
                         what.run.manifest.migrations);
    for (const auto& finding : journal_verdict(what.run, what.database, connection).findings) {
        options.journal.push_back(finding.text);
    }
    options.offered = offered_checks(what.run);
    options.only = only;
    return checks::run(connection, options);
}

std::vector<std::string> failing_now(const trust::Run& run, const platform::Database& database) {
    std::vector<std::string> failing;
    try {
        pg::Connection connection(verifier_settings(run, database));
        for (const auto& verdict :
             verify_database(load_verification(run, database), connection).verdicts) {
            if (verdict.is_grave()) {
                failing.push_back(verdict.name);
            }
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
    }
    return failing;
}

std::vector<std::string> take_alike(std::vector<std::string>& failing,
                                    const std::vector<std::string>& now) {
    std::vector<std::string> alike;
    std::erase_if(failing, [&](const std::string& name) {
        const bool is_alike = std::ranges::find(now, name) != now.end();
        if (is_alike) {
            alike.push_back(name);
        }
        return is_alike;
    });
    return alike;
}

Verification load_verification(const trust::Run& run, const platform::Database& database) {
    return {run, database, checks::load(run.manifest),
            sources::load(database.migrations, run.manifest.features)};
}

pg::Settings verifier_settings(const trust::Run& run, const platform::Database& database) {
    // Policies would hide rows from anybody else; every check runs in a read-only transaction.
    return trust::role_settings(run, database, trust::Role::service);
}

std::vector<checks::Report> verify_reports(Context& context) {
    const auto only = context.arguments().verb->name == "verify" ? context.arguments().positionals
                                                                 : std::vector<std::string>();
    const auto& run = context.run();
    const auto databases = context.databases();
    std::vector<checks::Report> reports(databases.size());
    in_parallel(databases.size(), [&](std::size_t i) {
        const auto what = load_verification(run, databases[i]);
        pg::Connection connection(verifier_settings(run, databases[i]));
        reports[i] = verify_database(what, connection, only);
    });
    if (!only.empty()) {  // The checks that were named belong to some of the databases.
        std::erase_if(reports, [](const auto& report) { return report.verdicts.empty(); });
    }
    require_asked(reports, only);
    return reports;
}

StepSummary verify_databases(Context& context) {
    const auto reports = verify_reports(context);
    const auto counts = checks::counts(reports);
    StepSummary summary;
    summary.text = fmt::format("{} of {} hold", counts.holds, counts.run);
    summary.holds = checks::holds(reports);
    for (const auto& report : reports) {
        for (const auto& verdict : report.verdicts) {
            if (verdict.outcome == checks::Outcome::fails ||
                verdict.outcome == checks::Outcome::cannot_run) {
                summary.notes.push_back(fmt::format("{}: expected {}, found {}", verdict.name,
                                                    verdict.expected, verdict.found));
            }
        }
    }
    if (context.run().is_private()) {
        write_file(context.run().state.verification(), checks::to_json(reports), 0640,
                   context.run().account);
    }
    context.result()["verify"] = boost::json::parse(checks::to_json(reports));
    return summary;
}

std::vector<Verb> verify_verbs() {
    return {{"verify",
             "proves that the databases are what they should be",
             "Built-in checks of structure, settings and rights, and those of checks/. Each runs "
             "in a read-only transaction.\n"
             "Exit status 7 when something of severity error does not hold.",
             {{"--format",
               "FORMAT",
               "how the report is written (default: text)",
               {"text", "json", "junit", "markdown"}},
              {"--script", "", "the platform's checks as one SQL text for plain psql", {}}},
             "[CHECK…]",
             "  caisson verify\n  caisson verify --format junit > verify.xml\n  caisson verify "
             "--script > verify-database.sql",
             Needs::platform,
             run_verify}};
}

}  // namespace caisson::cli
