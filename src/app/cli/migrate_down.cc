// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "app/cli/journaling.h"
#include "app/cli/migrate.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

migrations::DownRequest down_request(Context& context) {
    migrations::DownRequest request;
    const auto& arguments = context.arguments();
    request.allow_programs = arguments.has("--allow-programs");
    if (arguments.has("--to")) {
        request.to = arguments.value("--to");
    }
    if (arguments.has("--only")) {
        request.only = arguments.value("--only");
    }
    const auto count = arguments.positional();
    if (!count.empty()) {
        const auto [end, failure] =
            std::from_chars(count.data(), count.data() + count.size(), request.count);
        if (failure != std::errc() || end != count.data() + count.size() || request.count == 0) {
            throw Error(Code::usage, fmt::format("\"{}\" is no number of migrations", count),
                        "caisson migrate down 2");
        }
    }
    if ((request.to ? 1 : 0) + (request.only ? 1 : 0) + (count.empty() ? 0 : 1) > 1) {
        throw Error(Code::usage, "N, --to and --only exclude one another", "give one of them");
    }
    return request;
}

Exit run_down(Context& context) {
    const auto database = context.one_database();
    const auto request = down_request(context);
    Connections connections(context.run(), database);
    const auto loaded = load_migrations(context, database, connections);
    const auto& features = context.run().manifest.features;
    const auto plan = migrations::plan_down(loaded.files, loaded.history, features, request);
    context.result() = {{"database", database.name}, {"plan", plan_json(plan)}};
    if (context.dry_run() || plan.steps.empty()) {
        for (const auto& step : plan.steps) {
            context.print(fmt::format("  would revert {}", step.migration->title()));
        }
        context.print(fmt::format("{}: {} to revert", database.name,
                                  counted(plan.steps.size(), "migration")));
        return Exit::fine;
    }
    if (context.run().environment.is_protected) {
        trust::require_consent(context.run(), database, "migrate down",
                               context.arguments().value("--confirm"), context.yes());
    }
    migrations::Report report;
    {
        std::optional<Progress> bar;
        Journaling journaling(context, database, "migrate down");
        auto options = options_of(context, database, bar);
        options.mirror = &loaded.mirror;
        journaling.follow(options, plan);
        report = journaling.during([&] {
            return migrations::down(std::ref(connections), loaded.files, features, request,
                                    options);
        });
    }
    StepSummary summary;
    settle(context, database, connections, migrations::read_history(connections(false)), summary);
    print_applied(context, report);
    print_notes(context, summary);
    context.result()["reverted"] = applied_json(report);
    context.print(fmt::format("{} reverted", counted(report.applied.size(), "migration")));
    return Exit::fine;
}

}  // namespace

std::vector<Verb> migrate_down_verbs() {
    return {
        {"migrate down",
         "reverts the newest migration, or as many as asked",
         "In the order in which they were applied, the last one first, with their .down.sql files. "
         "Asks for the database's\n"
         "name where the environment is protected.",
         {{"--to", "VERSION", "revert all that were applied after this version; 0 for all", {}},
          {"--only", "VERSION", "revert just this version", {}},
          programs_option(),
          interrupted_option(),
          wait_option()},
         "[N]",
         "  caisson migrate down\n  caisson migrate down 2\n  caisson migrate down --to 001 "
         "--dry-run\n  caisson migrate down --only 002",
         Needs::platform,
         run_down},
    };
}

}  // namespace caisson::cli
