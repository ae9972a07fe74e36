// SPDX-License-Identifier: Apache-2.0
// The verb that looks into a statement: monitor plan.
#include <charconv>

#include <fmt/format.h>

#include "app/cli/monitor.h"
#include "operations/monitor/collect/plan.h"
#include "operations/monitor/collect/redaction.h"

namespace caisson::cli {
namespace {

pg::Settings bounded(pg::Settings settings) {
    settings.session["statement_timeout"] = "5000";
    settings.session["lock_timeout"] = "500";
    return settings;
}

Exit run_plan(Context& context) {
    const auto given = context.arguments().positional();
    std::int64_t id = 0;
    const auto [end, failure] = std::from_chars(given.data(), given.data() + given.size(), id);
    if (failure != std::errc() || end != given.data() + given.size()) {
        throw Error(Code::usage, fmt::format("\"{}\" is no id of a statement", given),
                    "caisson monitor queries shows them");
    }
    const auto& run = context.run();
    const auto database = context.database();
    pg::Connection monitor(bounded(trust::role_settings(run, database, trust::Role::monitor)));
    const auto text = monitor::statement_text(monitor, id);
    if (!text) {
        throw Error(Code::usage, fmt::format("pg_stat_statements has no statement {}", id),
                    "it may have been thrown out; caisson monitor queries shows those there are");
    }
    pg::Connection advisor(bounded(trust::role_settings(run, database, trust::Role::advisor)));
    const auto plan = monitor::generic_plan(advisor, *text);
    const auto shown = monitor::without_constants(*text);
    context.print(shown);
    context.print("");
    context.emit(context.json() ? "" : plan);
    context.result() = {{"id", given}, {"text", shown}, {"plan", plan}};
    return Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_plan_verbs() {
    return {{.name = "monitor plan",
             .summary = "how the server executes a statement, for no values in particular",
             .details = "The generic plan of a statement of pg_stat_statements, asked as the role "
                        "_advisor within five seconds. Nothing is executed, and no value is known.",
             .options = {},
             .positional = "ID",
             .examples = "  caisson monitor plan 8105733411029887114",
             .run = run_plan}};
}

}  // namespace caisson::cli
