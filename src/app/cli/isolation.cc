// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/isolation.h"

#include <charconv>
#include <optional>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/journaling.h"
#include "app/cli/migrate.h"
#include "app/cli/users.h"
#include "base/files.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

constexpr std::size_t most_tenants = 8;

std::size_t tenants_of(Context& context) {
    const auto text = context.arguments().value("--tenants", "3");
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || number < 2 ||
        number > most_tenants) {
        throw Error(Code::usage, fmt::format("\"{}\" is no number of tenants", text),
                    fmt::format("2 to {}: one to look, and one to be looked at", most_tenants));
    }
    return number;
}

isolation::Report prove_one(Context& context, const platform::Database& database) {
    const auto& run = context.run();
    const auto users = users_of(context, database, run.manifest.isolation.roles);
    // Examples of rows: sample seeds are no secret of a protected environment, and go to a shadow.
    const isolation::Request request{run,
                                     database,
                                     sources::load(database.migrations, run.manifest.features),
                                     run.manifest.features,
                                     seeds::load(run.manifest, database),
                                     users.by_suffix,
                                     users.unknown,
                                     tenants_of(context),
                                     context.arguments().has("--allow-programs")};
    std::optional<Progress> bar;
    isolation::Options options;
    options.open = [&] {
        shadow::Options how;
        how.step = [&](const std::string& step) { context.busy(step); };
        return shadow::open(run, database, catalogue_steps(), how);
    };
    options.on_step = [&](const std::string& step, std::size_t number, std::size_t total) {
        if (!bar) {
            bar.emplace(context, database.name, total);
        }
        bar->show(number - 1, step);
    };
    return isolation::prove(request, options);
}

/// What the journal keeps: what was found, without the rows that showed it.
boost::json::object evidence_of(const boost::json::value& report) {
    auto evidence = report.as_object();
    for (auto& finding : evidence["findings"].as_array()) {
        finding.as_object().erase("session");
    }
    return evidence;
}

/// A name that speaks of nothing hides what comes next under it.
void note_unused(Context& context, std::vector<isolation::Report>& reports) {
    const auto unused = isolation::accept(reports, context.run().manifest.isolation);
    if (context.arguments().has("--database")) {
        return;  // It may speak of another one.
    }
    for (const auto& accepted : unused) {
        context.note(fmt::format("note: {}: \"{}\" is accepted, and nothing of that name was found",
                                 accepted.place.text(), accepted.name));
    }
}

Exit run_verify_isolation(Context& context) {
    const auto& arguments = context.arguments();
    tenants_of(context);
    if (context.dry_run()) {
        for (const auto& database : context.databases()) {
            context.print(fmt::format("would try the isolation of {} on a shadow", database.name));
        }
        return Exit::fine;
    }
    std::vector<isolation::Report> reports;
    const auto databases = context.databases();
    for (const auto& database : databases) {
        reports.push_back(prove_one(context, database));
    }
    note_unused(context, reports);
    context.result() = boost::json::parse(isolation::to_json(reports)).as_object();
    bool holds = true;
    for (std::size_t index = 0; index < reports.size(); ++index) {
        const auto& report = reports[index];
        if (!context.json()) {
            context.print(trim(isolation::to_text(report, context.colours())));
        }
        holds = holds && report.holds() &&
                (!arguments.has("--strict") || report.count(isolation::Severity::warning) == 0);
        keep_proof(context, databases[index], "isolation",
                   evidence_of(context.result()["databases"].as_array()[index]));
    }
    context.result()["holds"] = holds;
    if (const auto output = arguments.value("--output"); !output.empty()) {
        write_file(output, isolation::to_sql(reports));
        context.print(fmt::format("written to {}", output));
    }
    return holds ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> isolation_verbs() {
    return {
        {"verify isolation",
         "tries whether tenants reach one another's rows",
         "On a shadow, tenants are made with rows in every table of theirs; each of them, and "
         "nobody, "
         "tries every command on\n"
         "every table, view and function. A leak is shown as SQL for psql. No server need run; of "
         "the "
         "database itself only the\n"
         "journal is touched, where it can be reached. Every function is called, whatever it "
         "reaches.\n"
         "What is meant to be so is accepted by name: [isolation.accept]. Exit status 7 when "
         "something leaks.",
         {{"--tenants", "N", "how many are made (default: 3)", {}},
          {"--strict", "", "warnings that are not accepted count as well", {}},
          {"--output", "FILE", "keep the sessions that show the leaks as one file for psql", {}},
          programs_option()},
         "",
         "  caisson verify isolation\n  caisson verify isolation --strict --json\n  caisson -d "
         "main "
         "verify isolation --output leaks.sql",
         Needs::platform,
         run_verify_isolation},
    };
}

}  // namespace caisson::cli
