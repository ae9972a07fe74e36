// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/steps.h"
#include "base/text.h"
#include "lifecycle/servers/servers.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

class Screen {
 public:
    explicit Screen(Context& context) : context_(context) {}

    void row(std::string_view name, bool fine, const std::string& text, boost::json::object json) {
        context_.print(fmt::format("{} {:<16} {}", fine ? context_.green("✓") : context_.red("✗"),
                                   name, text));
        json["name"] = name;
        json["fine"] = fine;
        json["text"] = text;
        rows_.push_back(std::move(json));
        healthy_ = healthy_ && fine;
    }

    Exit end() {
        context_.print(healthy_
                           ? "healthy"
                           : "not healthy: caisson doctor says why, caisson up mends what it can");
        context_.result() = {{"healthy", healthy_}, {"parts", std::move(rows_)}};
        return healthy_ ? Exit::fine : Exit::findings;
    }

 private:
    Context& context_;
    boost::json::array rows_;
    bool healthy_ = true;
};

void show_database(Context& context, Screen& screen, const platform::Database& database) {
    const auto& run = context.run();
    try {
        const Stopwatch watch;
        pg::Connection connection(trust::role_settings(run, database, trust::Role::service));
        const auto judgement = trust::judge(connection, run, database);
        const auto took = watch.elapsed();
        if (judgement.standing != trust::Standing::ours) {
            screen.row(database.name, false, judgement.explanation, {});
            return;
        }
        const auto files = sources::load(database.migrations, run.manifest.features);
        const auto states =
            migrations::status(files, migrations::read_history(connection), run.manifest.features);
        const bool matches = history_findings(states, run.manifest.migrations).empty();
        screen.row(database.name, matches,
                   fmt::format("connected in {}; migrations: {}", human(took), summary_of(states)),
                   {{"connected", true},
                    {"milliseconds", std::chrono::duration<double, std::milli>(took).count()}});
    } catch (const Error& error) {
        screen.row(database.name, false, error.message(),
                   {{"connected", false}, {"error", to_json(error)}});
    }
}

Exit run_status(Context& context) {
    const auto& run = context.run();
    Screen screen(context);
    context.print(context.bold(fmt::format(
        "{} in environment {}", run.manifest.title.empty() ? run.manifest.name : run.manifest.title,
        run.environment.name)));
    if (run.is_private()) {
        for (const auto& server : servers::status(run)) {
            const auto text =
                server.answering ? fmt::format("{}, process {}, answers in {}", server.version,
                                               server.process, human(server.latency))
                : server.running()
                    ? fmt::format("process {} does not answer: {}", server.process, server.detail)
                    : "does not run" + (server.detail.empty() ? "" : ": " + server.detail);
            screen.row(servers::name(server.server), server.answering, text,
                       {{"process", server.process}, {"version", server.version}});
        }
    }
    for (const auto& database : context.databases()) {
        show_database(context, screen, database);
    }
    const auto daemon = read_daemon_record(run);
    screen.row("API", daemon.has_value(),
               daemon ? fmt::format("{}, process {}", daemon->address, daemon->process)
                      : "does not run: caisson up",
               {});
    return screen.end();
}

}  // namespace

std::vector<Verb> status_verbs() {
    return {{"status",
             "one screen: what runs, what answers, what is missing",
             "Exit status 7 when something is not as it should be.",
             {},
             "",
             "  caisson status\n  caisson status --json",
             Needs::platform,
             run_status}};
}

}  // namespace caisson::cli
