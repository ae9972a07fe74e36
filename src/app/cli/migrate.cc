// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <functional>
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "base/fault.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/schema/structure.h"
#include "platform/values.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// The connections of a run: the migrator's, and the administrator's for sources that ask for it.
/// Each is opened at its first use, and only into a database that is ours.
class Connections {
 public:
    Connections(const trust::Run& run, const platform::Database& database)
        : run_(run), database_(database) {}

    pg::Connection& operator()(bool as_admin) {
        auto& connection = as_admin ? admin_ : migrator_;
        if (!connection) {
            connection.emplace(as_admin
                                   ? trust::admin_settings(run_, database_)
                                   : trust::role_settings(run_, database_, trust::Role::migrator));
            trust::require_ours(*connection, run_, database_);
        }
        return *connection;
    }

 private:
    const trust::Run& run_;
    const platform::Database& database_;
    std::optional<pg::Connection> migrator_;
    std::optional<pg::Connection> admin_;
};

struct Loaded {
    std::vector<migrations::Migration> files;
    migrations::History history;
};

Loaded load(Context& context, const platform::Database& database, Connections& connections) {
    Loaded loaded;
    loaded.files = sources::load(database.migrations, context.run().manifest.features);
    loaded.history = migrations::read_history(connections(false));
    return loaded;
}

migrations::TextOf text_from(Connections& connections) {
    return [&connections](const migrations::Record& record) {
        return migrations::read_text(connections(false), record);
    };
}

std::chrono::milliseconds wait_of(Context& context) {
    const auto text = context.arguments().value("--wait", "30s");
    const auto wait = platform::parse_duration(text);
    if (!wait) {
        throw Error(Code::usage, fmt::format("--wait {} is no duration", text),
                    "write 30s, 2m or 500ms");
    }
    return *wait;
}

migrations::Options options_of(Context& context, std::optional<Progress>& bar) {
    migrations::Options options;
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

boost::json::object json_of(const migrations::Status& status) {
    boost::json::object row{{"source", status.source()},
                            {"version", status.version()},
                            {"name", status.name()},
                            {"state", migrations::name_of(status.state)}};
    if (!status.feature().empty()) {
        row["feature"] = status.feature();
    }
    if (status.migration && !status.migration->up.directives.description.empty()) {
        row["description"] = status.migration->up.directives.description;
    }
    if (status.record) {
        row["applied_at"] = status.record->applied_at;
        row["applied_by"] = status.record->applied_by;
        row["applied_from"] = status.record->applied_from;
        row["milliseconds"] = status.record->duration.count();
        row["checksum"] = status.record->checksum;
    }
    return row;
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

/// After a change: what the migrations led to is what is expected, and rights may name new tables.
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
    for (const auto& applied : report.applied) {
        context.print(
            fmt::format("  {} {}_{}  {}",
                        applied.direction == migrations::Direction::up ? "applied" : "reverted",
                        applied.version, applied.name, context.dim(human(applied.duration))));
        for (const auto& notice : applied.notices) {
            if (notice.severity == "WARNING") {
                context.print(fmt::format("    {}: {}", lower(notice.severity), notice.message));
            }
        }
    }
}

/// One database brought up to `to`.
std::string migrate_one(Context& context, const platform::Database& database, const std::string& to,
                        bool print, StepSummary& summary, boost::json::object& row) {
    Connections connections(context.run(), database);
    const auto loaded = load(context, database, connections);
    const auto& features = context.run().manifest.features;
    const auto plan =
        migrations::plan_up(loaded.files, loaded.history, features, {to}, text_from(connections));
    row["plan"] = plan_json(plan);
    if (context.dry_run()) {
        for (const auto& step : plan.steps) {
            context.print(fmt::format("  would apply {}", step.file()));
        }
        return fmt::format("{} pending", plan.steps.size());
    }
    if (plan.steps.empty()) {
        settle(context, database, connections, loaded.history, summary);
        return summary_of(plan.states);
    }
    migrations::Report report;
    {
        std::optional<Progress> bar;
        Journaling journaling(context, database, "migrate up");
        auto options = options_of(context, bar);
        journaling.follow(options, plan);
        report = journaling.during([&] {
            return migrations::up(std::ref(connections), loaded.files, features, {to}, options);
        });
    }
    const auto history = migrations::read_history(connections(false));
    settle(context, database, connections, history, summary);
    if (print) {
        print_applied(context, report);
    }
    boost::json::array applied;
    for (const auto& one : report.applied) {
        applied.push_back(json_of(one));
    }
    row["applied"] = std::move(applied);
    summary.changed = summary.changed || !report.applied.empty();
    const auto after = migrations::status(loaded.files, history, features);
    return fmt::format("{} now, {}", counted(report.applied.size(), "migration"),
                       summary_of(after));
}

StepSummary migrate_all(Context& context, bool print) {
    StepSummary summary;
    boost::json::array rows;
    std::vector<std::string> texts;
    // A version means a file of one database.
    const auto databases = context.arguments().has("--to")
                               ? std::vector<platform::Database>{context.one_database()}
                               : context.databases();
    for (const auto& database : databases) {
        boost::json::object row{{"database", database.name}};
        const auto text =
            migrate_one(context, database, context.arguments().value("--to"), print, summary, row);
        texts.push_back(databases.size() == 1 ? text : fmt::format("{}: {}", database.name, text));
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

Exit run_status(Context& context) {
    boost::json::array rows;
    bool matches = true;
    for (const auto& database : context.databases()) {
        Connections connections(context.run(), database);
        const auto loaded = load(context, database, connections);
        const auto states =
            migrations::status(loaded.files, loaded.history, context.run().manifest.features);
        context.print(context.bold(database.name));
        boost::json::array list;
        for (const auto& status : states) {
            const auto when =
                status.record
                    ? fmt::format("{}  {}  by {}", status.record->applied_at,
                                  human(status.record->duration), status.record->applied_by)
                : status.state == migrations::State::gated
                    ? "waits for the feature " + status.feature()
                    : "";
            context.print(fmt::format("  {:<9} {:<40} {}", migrations::name_of(status.state),
                                      status.title(), when));
            list.push_back(json_of(status));
        }
        const auto findings = history_findings(states);
        for (const auto& finding : findings) {
            context.print("  → " + finding);
        }
        matches = matches && findings.empty();
        context.print("  " + summary_of(states));
        rows.push_back(
            boost::json::object{{"database", database.name}, {"migrations", std::move(list)}});
    }
    context.result() = {{"databases", std::move(rows)}, {"matches", matches}};
    return matches ? Exit::fine : Exit::findings;
}

migrations::DownRequest down_request(Context& context) {
    migrations::DownRequest request;
    const auto& arguments = context.arguments();
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
    const auto loaded = load(context, database, connections);
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
        auto options = options_of(context, bar);
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
    boost::json::array reverted;
    for (const auto& one : report.applied) {
        reverted.push_back(json_of(one));
    }
    context.result()["reverted"] = std::move(reverted);
    context.print(fmt::format("{} reverted", counted(report.applied.size(), "migration")));
    return Exit::fine;
}

Exit run_new(Context& context) {
    const auto database = context.one_database();
    if (database.migrations.empty()) {
        throw Error(Code::platform_invalid,
                    fmt::format("database {} has no migrations folder", database.key))
            .at(database.place);
    }
    const auto& source = database.migrations.back();
    const auto name = join(context.arguments().positionals, "_");
    if (context.dry_run()) {
        context.print(
            fmt::format("would write a new migration \"{}\" into {}", name, source.path.string()));
        context.result() = {{"name", name}, {"folder", source.path.string()}};
        return Exit::fine;
    }
    const auto created = sources::create(source, name, context.arguments().value("--description"));
    context.result() = {{"up", created.up.string()}};
    context.print(created.up.string());
    // Formats that keep both directions in one file have no second one.
    if (!created.down.empty()) {
        context.print(created.down.string());
        context.result()["down"] = created.down.string();
    }
    for (const auto& other : created.others) {
        context.print(other.string());
    }
    return Exit::fine;
}

/// What provisioning does before the first migration, in psql's words.
std::string extensions_script(const platform::Database& database) {
    std::string text;
    for (const auto& extension : database.extensions) {
        const auto create = fmt::format("create extension if not exists {} cascade;\n",
                                        pg::identifier(extension.name));
        text += extension.optional
                    ? fmt::format(
                          "select exists (select from pg_available_extensions where name = "
                          "{}) as offered \\gset\n\\if :offered\n{}\\endif\n",
                          pg::literal(extension.name), create)
                    : create;
    }
    return text.empty() ? ""
                        : "\\set ON_ERROR_STOP on\n\\set QUIET on\nset client_min_messages = "
                          "warning;\n\n-- extensions of caisson.toml\n" +
                              text + "\n";
}

Exit run_script(Context& context) {
    const auto database = context.one_database();
    const auto& features = context.run().manifest.features;
    const auto text =
        extensions_script(database) +
        migrations::export_sql(sources::load(database.migrations, features), features);
    if (context.json()) {
        context.result() = {{"database", database.name}, {"script", text}};
    } else {
        context.emit(text);
    }
    return Exit::fine;
}

const Option wait_option{"--wait", "TIME", "how long to wait for another run (default: 30s)", {}};

}  // namespace

StepSummary migrate_databases(Context& context) { return migrate_all(context, false); }

std::vector<Verb> migrate_verbs() {
    return {
        {"migrate",
         "applies the migrations that are pending",
         "Each file runs in a transaction with its row in the history, from a clean session, under "
         "a lock. Files that were\n"
         "changed after they were applied, are missing, or come late are refused before anything "
         "runs.",
         {{"--to", "VERSION", "stop after this version", {}}, wait_option},
         "",
         "  caisson migrate\n  caisson migrate --to 002 --dry-run\n  caisson -e production migrate "
         "--wait 2m",
         Needs::platform,
         run_up},
        {"migrate up",
         "the same as caisson migrate",
         "",
         {{"--to", "VERSION", "stop after this version", {}}, wait_option},
         "",
         "  caisson migrate up --to 002",
         Needs::platform,
         run_up},
        {"migrate status",
         "each migration and how it stands",
         "Exit status 7 when files and history do not match.",
         {},
         "",
         "  caisson migrate status\n  caisson migrate status --json",
         Needs::platform,
         run_status},
        {"migrate down",
         "reverts the newest migration, or as many as asked",
         "In the order in which they were applied, the last one first, with their .down.sql files. "
         "Asks for the database's\n"
         "name where the environment is protected.",
         {{"--to", "VERSION", "revert all that were applied after this version; 0 for all", {}},
          {"--only", "VERSION", "revert just this version", {}},
          wait_option},
         "[N]",
         "  caisson migrate down\n  caisson migrate down 2\n  caisson migrate down --to 001 "
         "--dry-run\n  caisson migrate down --only 002",
         Needs::platform,
         run_down},
        {"migrate new",
         "writes the files of a new migration",
         "",
         {{"--description", "TEXT", "what it does, kept in the file", {}}},
         "NAME",
         "  caisson migrate new add_orders --description \"orders of customers\"",
         Needs::platform,
         run_new},
        {"migrate script",
         "all migrations as one SQL text for plain psql",
         "Stops at the first error; each file has its own transaction.",
         {},
         "",
         "  caisson migrate script > init-database.sql",
         Needs::platform,
         run_script},
    };
}

}  // namespace caisson::cli
