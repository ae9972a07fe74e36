// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/migrate.h"
#include "base/fault.h"
#include "base/text.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/schema/structure.h"
#include "platform/values.h"

namespace caisson::cli {
namespace {

std::chrono::milliseconds wait_of(Context& context) {
    const auto text = context.arguments().value("--wait", "30s");
    const auto wait = platform::parse_duration(text);
    if (!wait) {
        throw Error(Code::usage, fmt::format("--wait {} is no duration", text),
                    "write 30s, 2m or 500ms");
    }
    return *wait;
}

boost::json::object json_of(const migrations::Applied& applied) {
    boost::json::array notices;
    for (const auto& notice : applied.notices) {
        notices.push_back(
            boost::json::object{{"severity", notice.severity}, {"message", notice.message}});
    }
    return {{"direction", applied.direction == migrations::Direction::up ? "up" : "down"},
            {"source", applied.source},
            {"version", applied.version},
            {"name", applied.name},
            {"file", applied.file},
            {"milliseconds", std::chrono::duration<double, std::milli>(applied.duration).count()},
            {"notices", std::move(notices)}};
}

}  // namespace

Loaded load_migrations(Context& context, const platform::Database& database,
                       Connections& connections) {
    Loaded loaded;
    loaded.files = sources::load(database.migrations, context.run().manifest.features);
    loaded.mirror = migrations::Mirror(database.migrations, loaded.files);
    auto [history, is_behind] = loaded.mirror.look(connections(false), loaded.files);
    loaded.history = std::move(history);
    loaded.is_behind = is_behind;
    return loaded;
}

migrations::TextOf text_from(Connections& connections) {
    return [&connections](const migrations::Record& record) {
        return migrations::read_text(connections(false), record);
    };
}

migrations::UpRequest request_of(Context& context) {
    const auto& arguments = context.arguments();
    migrations::UpRequest request{arguments.value("--to"), context.run().manifest.migrations};
    const auto policy = [&](const std::string& option, platform::Policy& of) {
        const auto word = arguments.value(option);
        of = word == "refuse"  ? platform::Policy::refuse
             : word == "warn"  ? platform::Policy::warn
             : word == "allow" ? platform::Policy::allow
                               : of;
    };
    policy("--late", request.rules.late);
    policy("--missing", request.rules.missing);
    policy("--edited", request.rules.edited);
    policy("--heads", request.heads);
    request.allow_programs = arguments.has("--allow-programs");
    const auto scope = arguments.value("--transaction");
    auto& transaction = request.rules.transaction;
    transaction = scope == "file"   ? platform::TransactionScope::file
                  : scope == "run"  ? platform::TransactionScope::run
                  : scope == "none" ? platform::TransactionScope::none
                                    : transaction;
    return request;
}

migrations::Options options_of(Context& context, const platform::Database& database,
                               std::optional<Progress>& bar) {
    migrations::Options options;
    options.rules = context.run().manifest.migrations;
    options.root = context.run().manifest.directory;
    options.allow_programs = context.arguments().has("--allow-programs");
    if (const auto said = context.arguments().value("--interrupted"); !said.empty()) {
        options.interrupted =
            said == "done" ? migrations::Interrupted::done : migrations::Interrupted::again;
    }
    options.on_output = [&context](const std::string& line) { context.relay(line); };
    options.observer = trust::admin_settings(context.run(), database);
    options.on_blocked = [&context](const migrations::Step& step, const std::string& blockers,
                                    int attempt) {
        context.note(fmt::format("{}: waited for a lock, attempt {}{}{}", step.file(), attempt,
                                 blockers.empty() ? "" : "; held by ", blockers));
    };
    options.wait = wait_of(context);
    options.on_wait = [&context](const std::string& holder) {
        context.note("waiting for " + holder);
    };
    options.on_start = [&context, &bar](const migrations::Step& step, std::size_t number,
                                        std::size_t total) {
        if (!bar) {
            bar.emplace(context, "migrate", total);
        }
        bar->show(number - 1, step.migration->title());
    };
    return options;
}

const Option& programs_option() {
    static const Option option{
        "--allow-programs", "", "scripts may run programs: \\!, backquotes, COPY … PROGRAM", {}};
    return option;
}

const Option& interrupted_option() {
    static const Option option{
        "--interrupted",
        "WHAT",
        "of a statement that a run was cut off in, where nothing else tells: "
        "it is done, or to be sent again",
        {"done", "again"}};
    return option;
}

const Option& wait_option() {
    static const Option option{
        "--wait", "TIME", "how long to wait for another run (default: 30s)", {}};
    return option;
}

boost::json::array applied_json(const migrations::Report& report) {
    boost::json::array rows;
    for (const auto& one : report.applied) {
        rows.push_back(json_of(one));
    }
    return rows;
}

boost::json::array plan_json(const migrations::Plan& plan) {
    boost::json::array rows;
    for (const auto& step : plan.steps) {
        rows.push_back(boost::json::object{
            {"direction", step.direction == migrations::Direction::up ? "up" : "down"},
            {"source", step.migration->source},
            {"version", step.migration->version},
            {"file", step.file()}});
    }
    return rows;
}

void settle(Context& context, const platform::Database& database, Connections& connections,
            const migrations::History& history, StepSummary& summary) {
    auto& connection = connections(false);
    const auto head = head_of(history);
    if (schema::recorded_head(connection) == head) {
        return;
    }
    // The record comes last: a run that is cut off before it settles again.
    const auto grants = provision::apply_grants(context.run(), database);
    summary.notes.insert(summary.notes.end(), grants.notes.begin(), grants.notes.end());
    fault::point("grants-applied");
    schema::record(connection, head);
}

void print_applied(Context& context, const migrations::Report& report) {
    for (const auto& file : report.taken_over) {
        context.print(fmt::format("  took over {} as it is now", file));
    }
    for (const auto& cut : report.cuts) {
        context.print(fmt::format("  took another transaction: {}", cut));
    }
    for (const auto& applied : report.applied) {
        context.print(
            fmt::format("  {} {}{}{}  {}",
                        applied.direction == migrations::Direction::up ? "applied" : "reverted",
                        applied.version, applied.name.empty() ? "" : "_", applied.name,
                        context.dim(human(applied.duration))));
        for (const auto& notice : applied.notices) {
            if (notice.severity == "WARNING") {
                context.print(fmt::format("    {}: {}", lower(notice.severity), notice.message));
            }
        }
    }
}

}  // namespace caisson::cli
