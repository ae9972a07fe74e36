// SPDX-License-Identifier: Apache-2.0
#include "app/cli/migrate.h"

#include <functional>
#include <memory>

#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "lifecycle/provision/takeover.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::cli {
namespace {

/// One database of a release: what it has, and what is to be done.
struct Work {
    Work(Context& context, const platform::Database& of)
        : database(of), connections(context.run(), database) {}

    platform::Database database;
    Connections connections;
    Loaded loaded;
    migrations::Plan plan;
};
using Release = std::vector<std::unique_ptr<Work>>;

/// All databases are one release: none is touched when one of them refuses.
Release plan_all(Context& context, const std::vector<platform::Database>& databases,
                 const migrations::UpRequest& request) {
    Release release;
    std::vector<Error> refusals;
    for (const auto& database : databases) {
        auto work = std::make_unique<Work>(context, database);
        try {
            work->loaded = load_migrations(context, database, work->connections);
            work->plan = migrations::plan_up(work->loaded.files, work->loaded.history,
                                             context.run().manifest.features, request,
                                             text_from(work->connections));
        } catch (Error& error) {
            refusals.push_back(error.with("database", database.name));
        }
        release.push_back(std::move(work));
    }
    if (refusals.size() > 1) {
        std::vector<std::string> messages;
        for (const auto& refusal : refusals) {
            messages.push_back(fmt::format("{}: {}", refusal.fact("database"), refusal.message()));
        }
        throw Error(refusals.front().code(), join(messages, "\n"),
                    "nothing was applied to any database");
    }
    if (!refusals.empty()) {
        throw refusals.front();
    }
    return release;
}

/// What is told of a plan; nothing runs.
std::string show(Context& context, const Work& work) {
    for (const auto& step : work.plan.steps) {
        context.print(fmt::format("  would apply {}", step.file()));
    }
    for (const auto& one : work.plan.taken_over) {
        context.print(fmt::format("  would take over {} as it is now", one.migration->up.file));
    }
    for (const auto& cut : work.plan.cuts) {
        context.print(fmt::format("  would take another transaction: {}", cut));
    }
    if (work.plan.program) {
        context.print(fmt::format("  would stop before {}, a program of {}",
                                  work.plan.program->up.file, work.plan.program->format));
    }
    return fmt::format("{} pending", work.plan.steps.size());
}

/// One database brought up.
std::string apply(Context& context, Work& work, const migrations::UpRequest& request, bool print,
                  StepSummary& summary, boost::json::object& row) {
    const auto& features = context.run().manifest.features;
    for (const auto& warning : work.plan.warnings) {
        summary.notes.push_back(warning);
    }
    if (work.plan.is_done() && !work.loaded.is_behind) {
        migrations::refuse_program(work.plan);
        settle(context, work.database, work.connections, work.loaded.history, summary);
        return summary_of(work.plan.states);
    }
    if (work.loaded.is_behind) {
        // What another tool has made meanwhile must be ours to change.
        for (auto& line : provision::take_over(context.run(), work.database, false)) {
            summary.notes.push_back(std::move(line));
        }
    }
    migrations::Report report;
    {
        std::optional<Progress> bar;
        Journaling journaling(context, work.database, "migrate up");
        auto options = options_of(context, work.database, bar);
        options.mirror = &work.loaded.mirror;
        journaling.follow(options, work.plan);
        report = journaling.during([&] {
            return migrations::up(std::ref(work.connections), work.loaded.files, features, request,
                                  options);
        });
    }
    const auto history = migrations::read_history(work.connections(false));
    settle(context, work.database, work.connections, history, summary);
    if (print) {
        print_applied(context, report);
    }
    row["applied"] = applied_json(report);
    summary.changed = summary.changed || !report.applied.empty() || !report.taken_over.empty();
    const auto after = migrations::status(work.loaded.files, history, features);
    return fmt::format("{} now, {}", counted(report.applied.size(), "migration"),
                       summary_of(after));
}

/// A private server that went away under a run has said why in its log; the connection only knows
/// that it is gone. The failure as the log tells it, with all that was known before.
Error as_server_tells(const Error& error, const servers::ServerLog& log, std::uint64_t said) {
    if (error.code() != Code::cannot_connect) {
        return error;
    }
    // What comes after the panic is other people who are turned away while the server recovers.
    const auto text = log.since(said);
    const auto panic = text.rfind("PANIC:");
    if (panic == std::string::npos) {
        return error;
    }
    auto told = servers::failure_of("PostgreSQL", "went away during the run",
                                    servers::last_words(text.substr(0, text.find('\n', panic))),
                                    log.path());
    for (const auto& [key, value] : error.facts()) {
        told.with(key, value);
    }
    return told;
}

/// Which databases a failure leaves as they were.
std::string left_after(const Release& release, std::size_t failed) {
    std::vector<std::string> names;
    for (auto i = failed + 1; i < release.size(); ++i) {
        names.push_back(release[i]->database.name);
    }
    return join(names, ", ");
}

StepSummary migrate_all(Context& context, bool print) {
    StepSummary summary;
    boost::json::array rows;
    std::vector<std::string> texts;
    // A version means a file of one database.
    const auto databases = context.arguments().has("--to")
                               ? std::vector<platform::Database>{context.one_database()}
                               : context.databases();
    const auto request = request_of(context);
    const auto release = plan_all(context, databases, request);
    const servers::ServerLog log(context.run().state.postgres_log());
    const auto said = log.size();
    for (std::size_t i = 0; i < release.size(); ++i) {
        auto& work = *release[i];
        boost::json::object row{{"database", work.database.name}, {"plan", plan_json(work.plan)}};
        try {
            const auto text = context.dry_run()
                                  ? show(context, work)
                                  : apply(context, work, request, print, summary, row);
            texts.push_back(release.size() == 1 ? text
                                                : fmt::format("{}: {}", work.database.name, text));
        } catch (Error& error) {
            error.with("database", work.database.name);
            if (const auto left = left_after(release, i); !left.empty()) {
                error.with("not begun", left + "; the next run goes on with them");
            }
            throw as_server_tells(error, log, said);
        }
        rows.push_back(std::move(row));
    }
    summary.text = join(texts, "; ");
    context.result()["migrate"] = std::move(rows);
    return summary;
}

Exit run_up(Context& context) {
    const auto summary = migrate_all(context, true);
    context.print(summary.text);
    print_notes(context, summary);
    return Exit::fine;
}

/// Options of `migrate` and `migrate up`.
std::vector<Option> up_options() {
    const std::vector<std::string> policies = {"refuse", "warn", "allow"};
    return {{"--to", "VERSION", "stop after this version", {}},
            {"--transaction",
             "SCOPE",
             "how many transactions: one a file, one for the run, none (default: [migrations])",
             {"file", "run", "none"}},
            {"--late", "POLICY", "files below the newest applied one", policies},
            {"--missing", "POLICY", "applied migrations whose files are gone", policies},
            {"--edited", "POLICY", "files that were changed after they were applied", policies},
            {"--heads", "POLICY", "revisions that end in several heads", policies},
            programs_option(),
            interrupted_option(),
            wait_option()};
}

}  // namespace

StepSummary migrate_databases(Context& context) { return migrate_all(context, false); }

std::vector<Verb> migrate_verbs() {
    return {
        {"migrate", "applies the migrations that are pending",
         "Each file runs in a transaction with its row in the history, from a clean session, under "
         "a lock. Files that were\n"
         "changed after they were applied, are missing, or come late are refused before anything "
         "runs, unless\n"
         "[migrations] or an option lets them pass. Several databases are one release: nothing "
         "runs "
         "when one of them refuses.",
         up_options(), "",
         "  caisson migrate\n  caisson migrate --to 002 --dry-run\n  caisson -e production migrate "
         "--wait 2m",
         Needs::platform, run_up},
        {"migrate up", "the same as caisson migrate", "", up_options(), "",
         "  caisson migrate up --to 002", Needs::platform, run_up},
    };
}

}  // namespace caisson::cli
