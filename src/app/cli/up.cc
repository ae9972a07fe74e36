// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <memory>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include "app/cli/backup_restore.h"
#include "app/cli/completion_report.h"
#include "app/cli/serve.h"
#include "app/cli/steps.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/checks/checks.h"
#include "lifecycle/servers/servers.h"
#include "lifecycle/sources/load.h"
#include "operations/monitor/alerts/watch.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

struct Step {
    std::string name;
    std::function<StepSummary(Context&)> run;
};

/// Tables that cached values are made of are there after their migrations.
StepSummary migrate_and_watch(Context& context) {
    auto summary = migrate_databases(context);
    watch_cached_tables(context, summary);
    return summary;
}

/// A restore that was killed at its end is finished as soon as a server answers.
StepSummary start_and_finish(Context& context) {
    auto summary = start_servers(context);
    std::ranges::move(finish_killed_restore(context), std::back_inserter(summary.notes));
    return summary;
}

const std::array<Step, 6>& steps() {
    static const std::array<Step, 6> table = {
        {{"servers", start_and_finish},
         {"provision", [](Context& c) { return provision_databases(c, false); }},
         {"migrate", migrate_and_watch},
         {"seed", seed_databases},
         {"verify", verify_databases},
         {"serve", start_daemon}}};
    return table;
}

/// With --from, a backup has what seeds would bring, and is then migrated. That there is such a
/// backup, and its key, is found out here, before anything is made.
std::vector<Step> steps_of(Context& context) {
    std::vector<Step> list(steps().begin(), steps().end());
    if (context.arguments().has("--from")) {
        std::erase_if(list, [](const Step& step) { return step.name == "seed"; });
        const auto source = std::make_shared<const SetSource>(copy_source(context));
        list.insert(list.begin() + 2,
                    {"restore", [source](Context& c) { return restore_copy(c, *source); }});
    }
    return list;
}

std::vector<std::string> step_names() {
    std::vector<std::string> names;
    for (const auto& step : steps()) {
        names.push_back(step.name);
    }
    return names;
}

/// One `up` or `down` at a time: the second waits, says for whom, and then finds everything done.
FileLock lock_state(Context& context, const std::string& purpose) {
    const auto& state = context.run().state;
    make_directory(state.root, 0700, context.run().account);
    bool told = false;
    const Stopwatch watch;
    while (true) {
        if (auto lock = FileLock::try_lock(state.lock(), purpose)) {
            return std::move(*lock);
        }
        if (!told) {
            const auto holder = FileLock::holder(state.lock());
            context.note(fmt::format("waiting for {}", holder.empty() ? "another run" : holder));
            told = true;
        }
        if (watch.elapsed() > 2min) {
            throw Error(Code::locked,
                        fmt::format("the state directory is held by {}; waited 2 minutes",
                                    FileLock::holder(state.lock())));
        }
        ::poll(nullptr, 0, 50);
        interrupt::check();
    }
}

void print_step(Context& context, const std::string& name, const StepSummary& summary,
                std::chrono::nanoseconds took) {
    context.print(fmt::format("{} {:<10} {}  {}",
                              summary.holds ? context.green("✓") : context.red("✗"), name,
                              summary.text, context.dim(human(took))));
    print_notes(context, summary);
}

void print_where(Context& context, bool serves) {
    const auto& run = context.run();
    const auto daemon = serves ? read_daemon_record(run) : std::nullopt;
    const auto place = run.manifest.directory.string();
    const auto row = [&](std::string_view name, std::string_view text) {
        context.print(fmt::format("  {} {}", context.bold(fmt::format("{:<6}", name)), text));
    };
    if (daemon) {
        row("API", daemon->address + "/api/v1/health");
        row("page", daemon->address + "/");
        context.result()["address"] = daemon->address;
    }
    const auto here =
        fmt::format("caisson -C {}{}", place,
                    context.arguments().has("--environment") ? " -e " + run.environment.name : "");
    row("psql", here + " db shell");
    if (run.is_private()) {
        row("state", run.state.root.string());
        row("stop", here + " down");
        context.result()["state"] = run.state.root.string();
    }
}

/// Mistakes in migrations and checks are found before the first server starts. Seeds may be large:
/// they are read when they are applied, all or nothing.
void read_files(Context& context) {
    const auto& run = context.run();
    checks::load(run.manifest);
    alerts::check(run);
    for (const auto& database : run.manifest.databases) {
        sources::load(database.migrations, run.manifest.features);
    }
}

/// Everything up to `last`. Whether all steps hold; a step that does not ends the run.
bool run_steps(Context& context, const std::vector<Step>& steps, const std::string& last,
               bool foreground, bool& changed) {
    boost::json::array rows;
    bool holds = true;
    for (const auto& step : steps) {
        if (foreground && step.name == "serve") {
            break;
        }
        interrupt::check();
        const Stopwatch watch;
        context.busy(step.name);
        StepSummary summary;
        try {
            summary = step.run(context);
        } catch (const Error&) {
            context.print(fmt::format("{} {}", context.red("✗"), step.name));
            throw;
        }
        fault::point("step-" + step.name);
        print_step(context, step.name, summary, watch.elapsed());
        rows.push_back(boost::json::object{
            {"step", step.name},
            {"summary", summary.text},
            {"changed", summary.changed},
            {"holds", summary.holds},
            {"milliseconds", std::chrono::duration<double, std::milli>(watch.elapsed()).count()}});
        changed = changed || summary.changed;
        holds = holds && summary.holds;
        if (step.name == last) {
            break;
        }
    }
    if (changed && context.run().is_private()) {
        write_file(last_run_file(context.run()), json_text(rows), 0640, context.run().account);
    }
    context.result()["steps"] = std::move(rows);
    return holds;
}

Exit run_up(Context& context) {
    const Stopwatch watch;
    const auto& run = context.run();
    const bool foreground = context.arguments().has("--foreground");
    const auto last = context.arguments().value("--until", "serve");
    if (context.dry_run()) {
        context.print("would run: " + join(step_names(), ", ") + "; see each step's own --dry-run");
        const auto names = step_names();
        context.result()["steps"] = boost::json::array(names.begin(), names.end());
        return Exit::fine;
    }
    read_files(context);
    const auto sequence = steps_of(context);
    bool changed = false;
    bool holds = true;
    {
        std::optional<FileLock> lock;
        if (run.is_private()) {
            lock = lock_state(context, "caisson up");
        }
        holds = run_steps(context, sequence, last, foreground, changed);
    }
    const auto& title = run.manifest.title.empty() ? run.manifest.name : run.manifest.title;
    const bool serves = last == "serve" && !foreground;
    if (!holds) {
        context.print(context.red(fmt::format("{} does not hold after {}: see caisson verify",
                                              title, human(watch.elapsed()))));
    } else if (last != "serve") {
        context.print(fmt::format("{}: done until {} after {}", context.bold(title), last,
                                  human(watch.elapsed())));
    } else {
        context.print(
            changed ? fmt::format("{} is up after {}", context.bold(title), human(watch.elapsed()))
                    : fmt::format("{} is up as it was: nothing was left to do ({})",
                                  context.bold(title), human(watch.elapsed())));
    }
    print_where(context, serves);
    context.result()["changed"] = changed;
    context.result()["holds"] = holds;
    if (foreground && last == "serve") {
        return serve_until_stopped(context);
    }
    return holds ? Exit::fine : Exit::findings;
}

Exit run_down(Context& context) {
    const auto& run = context.run();
    const bool wipe = context.arguments().has("--wipe");
    if (wipe && !run.is_private()) {
        throw Error(
            Code::not_private,
            fmt::format(
                "the environment {} has servers of its own; --wipe removes private state only",
                run.environment.name));
    }
    if (wipe) {
        for (const auto& database : run.manifest.databases) {
            trust::require_consent(run, database, "down --wipe",
                                   context.arguments().value("--confirm"),
                                   context.yes() || context.dry_run());
        }
    }
    if (!fs::exists(run.state.root)) {
        context.print("nothing to stop: there is no state of this platform");
        context.result() = {{"stopped", boost::json::array()}, {"wiped", false}};
        return Exit::fine;
    }
    if (context.dry_run()) {
        context.print(fmt::format("would stop the daemon and the private servers{}",
                                  wipe ? " and remove " + run.state.root.string() : ""));
        context.result() = {{"stopped", boost::json::array()}, {"wiped", false}};
        return Exit::fine;
    }
    const auto lock = lock_state(context, "caisson down");
    boost::json::array stopped;
    const Stopwatch watch;
    if (stop_daemon(run)) {
        context.print(fmt::format("{} daemon stopped", context.green("✓")));
        stopped.emplace_back("daemon");
    }
    if (run.is_private()) {
        for (const auto& server : servers::stop(run)) {
            if (server.was_running) {
                context.print(
                    fmt::format("{} {} stopped", context.green("✓"), servers::name(server.server)));
                stopped.emplace_back(servers::name(server.server));
            }
            for (const auto& note : server.notes) {
                context.print("  " + note);
            }
        }
    }
    if (stopped.empty()) {
        context.print("nothing was running");
    }
    if (wipe) {
        servers::wipe(run);
        context.print(fmt::format("{} removed {}", context.green("✓"), run.state.root.string()));
    }
    context.print(context.dim(fmt::format("done after {}", human(watch.elapsed()))));
    context.result() = {{"stopped", std::move(stopped)}, {"wiped", wipe}};
    return Exit::fine;
}

}  // namespace

void print_notes(Context& context, const StepSummary& summary) {
    for (const auto& note : summary.notes) {
        context.print(fmt::format("  {:<10} {}", "", note));
    }
}

std::vector<Verb> up_verbs() {
    std::vector<Option> up_options = {
        {"--until", "STEP", "stop after this step", step_names()},
        {"--foreground", "", "stay, and serve until Ctrl-C", {}},
        {"--from",
         "SET",
         "a copy of a backup instead of seeds: latest, ENVIRONMENT:SET or a set's directory; "
         "masked as [backups.masks] says",
         {}},
        {"--unmasked", "", "with --from: personal data as they were", {}}};
    for (auto& option : source_options()) {
        up_options.push_back(std::move(option));
    }
    return {{"up", "from nothing to a verified, served platform; again: finds everything done",
             "Private servers, then databases with roles and extensions, migrations, seeds, "
             "verification, and the daemon.\n"
             "Interrupted anywhere, the next run goes on where it stopped. Against an environment "
             "that is not private it\n"
             "starts no servers.",
             up_options, "",
             "  caisson up\n  caisson -C platforms/lumina up --foreground\n  caisson up --until "
             "migrate\n  caisson -e staging up",
             Needs::platform, run_up},
            {"down",
             "stops the daemon and the private servers",
             "What is stored stays, unless --wipe asks for its removal.",
             {{"--wipe", "", "remove the private state as well: databases, logs, secrets", {}}},
             "",
             "  caisson down\n  caisson down --wipe --yes",
             Needs::platform,
             run_down}};
}

}  // namespace caisson::cli
