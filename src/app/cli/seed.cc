// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/journaling.h"
#include "app/cli/seed_report.h"
#include "app/cli/steps.h"
#include "base/parallel.h"
#include "base/text.h"
#include "lifecycle/scale/scale.h"
#include "lifecycle/seeds/seeds.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

pg::Connection connect(Context& context, const platform::Database& database) {
    // Seeds run as `service`: under FORCE ROW LEVEL SECURITY even the owner could not see what it
    // inserted.
    pg::Connection connection(trust::role_settings(context.run(), database, trust::Role::service));
    trust::require_ours(connection, context.run(), database);
    return connection;
}

std::vector<seeds::Set> sets_of(Context& context) {
    const auto& arguments = context.arguments();
    if (arguments.has("--set")) {
        return {seeds::set_named(arguments.value("--set"))};
    }
    return seeds::default_sets(context.run().environment.is_protected);
}

seeds::Options options_of(Context& context) {
    seeds::Options options;
    options.is_protected = context.run().environment.is_protected;
    options.files = context.arguments().positionals;
    options.overwrite = context.arguments().has("--overwrite");
    return options;
}

/// The seeds of one database, and which of the files asked for are among them.
struct Part {
    platform::Database database;
    seeds::Seeds seeds;
    std::vector<std::string> names;
};

seeds::Options options_of(Context& context, const Part& part) {
    auto options = options_of(context);
    options.files = part.names;
    return options;
}

/// Everything is read before anything is written. Of several databases those without seeds are left
/// out, and with names of files those that know none of them.
std::vector<Part> parts_of(Context& context) {
    const auto databases = context.databases();
    const auto& names = context.arguments().positionals;
    std::vector<std::string> unknown = names;
    std::vector<Part> parts;
    for (const auto& database : databases) {
        Part part{database, seeds::load(context.run().manifest, database, sets_of(context)), {}};
        for (const auto& name : names) {
            const auto& files = part.seeds.files;
            if (std::any_of(files.begin(), files.end(), [&](const seeds::File& file) {
                    return seeds::is_called(file, name);
                })) {
                part.names.push_back(name);
                std::erase(unknown, name);
            }
        }
        if (databases.size() == 1 ||
            (names.empty() ? !part.seeds.files.empty() : !part.names.empty())) {
            parts.push_back(std::move(part));
        }
    }
    if (databases.size() == 1) {
        parts.front().names = names;  // What is unknown is refused with the names that there are.
    } else if (!unknown.empty()) {
        throw Error(Code::usage, fmt::format("no seed is called {}", unknown.front()),
                    "see: caisson seed info");
    }
    return parts;
}

boost::json::array plan_json(const seeds::Plan& plan) {
    boost::json::array steps;
    for (const auto& step : plan.steps) {
        steps.push_back(boost::json::object{{"file", step.file.name},
                                            {"set", seeds::name_of(step.file.set)},
                                            {"standing", seeds::name_of(step.standing)},
                                            {"rows", step.file.rows}});
    }
    return steps;
}

/// What was written, and what failed, is told to the journal; that nothing had to be done is not.
seeds::Report apply(Context& context, const platform::Database& database,
                    pg::Connection& connection, const seeds::Seeds& seeds,
                    const seeds::Options& options) {
    try {
        auto report = seeds::apply(connection, seeds, options);
        if (report.wrote()) {
            boost::json::array files;
            for (const auto& file : report.files) {
                const auto found =
                    std::find_if(seeds.files.begin(), seeds.files.end(),
                                 [&](const seeds::File& one) { return one.name == file.file; });
                files.push_back(boost::json::object{
                    {"file", file.file},
                    {"checksum", found == seeds.files.end() ? "" : found->checksum},
                    {"standing", seeds::name_of(file.standing)}});
            }
            tell_journal(context, database, journal::kinds::finish, "seed",
                         {{"text", text_of(report.total())}, {"seeds", std::move(files)}});
        }
        return report;
    } catch (const Error& error) {
        tell_journal(context, database, journal::kinds::failure, "seed", journal_detail(error));
        throw;
    }
}

/// What would be done to the seeds of one database.
boost::json::object show(Context& context, const Part& part) {
    auto connection = connect(context, part.database);
    const auto plan = seeds::plan(connection, part.seeds, options_of(context, part));
    for (const auto& step : plan.steps) {
        context.print(fmt::format("  {:<44} {}, {}", step.file.name, seeds::name_of(step.standing),
                                  counted(step.file.rows, "row")));
    }
    return {{"database", part.database.name}, {"plan", plan_json(plan)}};
}

/// Several databases side by side: each is a transaction of its own in any case.
std::vector<seeds::Report> apply_all(Context& context, const std::vector<Part>& parts) {
    std::size_t files = 0;
    for (const auto& part : parts) {
        files += part.seeds.files.size();
    }
    Progress bar(context, "seed", files);
    std::mutex shown;
    std::size_t number = 0;
    std::vector<seeds::Report> reports(parts.size());
    in_parallel(parts.size(), [&](std::size_t i) {
        auto connection = connect(context, parts[i].database);
        auto options = options_of(context, parts[i]);
        options.started = [&](const seeds::File& file) {
            const std::lock_guard lock(shown);
            bar.show(number++, file.name);
        };
        reports[i] = apply(context, parts[i].database, connection, parts[i].seeds, options);
    });
    return reports;
}

StepSummary seed_all(Context& context, bool print) {
    StepSummary summary;
    boost::json::array rows;
    const auto parts = parts_of(context);
    if (context.dry_run()) {
        for (const auto& part : parts) {
            rows.push_back(show(context, part));
        }
        summary.text = "nothing was written";
    } else {
        std::vector<std::string> texts;
        const auto reports = apply_all(context, parts);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const auto& report = reports[i];
            summary.changed = summary.changed || report.wrote();
            const auto text = fmt::format("{}: {}", counted(report.files.size(), "file"),
                                          text_of(report.total()));
            texts.push_back(context.databases().size() > 1
                                ? fmt::format("{}, {}", parts[i].database.name, text)
                                : text);
            if (print) {
                print_report(context, report);
            }
            rows.push_back(json_of(parts[i].database, report));
        }
        summary.text = texts.empty() ? "the platform has no seeds" : join(texts, "; ");
    }
    context.result()["seed"] = std::move(rows);
    return summary;
}

Exit run_seed(Context& context) {
    const auto summary = seed_all(context, true);
    context.print(summary.text);
    return Exit::fine;
}

boost::json::object clear_one(Context& context, const platform::Database& database) {
    auto connection = connect(context, database);
    const auto set = context.arguments().value("--set");
    std::vector<seeds::Set> sets;
    if (!set.empty() && set != "scale") {
        sets = sets_of(context);
    }
    auto options = options_of(context);
    options.dry_run = context.dry_run();
    if (set.empty() || set == "scale") {
        options.claims = scale::claims(connection);
        options.claims_only = set == "scale";
    }
    const auto cleared = seeds::clear(connection, sets, options);
    boost::json::array tables;
    std::uint64_t removed = 0;
    for (const auto& table : cleared.tables) {
        removed += table.removed;
        context.print(fmt::format("  {:<44} {} {}removed{}",
                                  fmt::format("{} ({})", table.table, table.file), table.removed,
                                  context.dry_run() ? "would be " : "",
                                  table.kept > 0 ? fmt::format(", {} kept", table.kept) : ""));
        tables.push_back(boost::json::object{{"file", table.file},
                                             {"table", table.table},
                                             {"removed", table.removed},
                                             {"gone", table.gone},
                                             {"kept", table.kept}});
    }
    if (removed > 0 && !context.dry_run()) {
        tell_journal(context, database, journal::kinds::finish, "seed clear",
                     {{"text", fmt::format("{} removed, {} kept", counted(removed, "row"),
                                           cleared.kept_rows())}});
    }
    print_rows(context, cleared.kept);
    context.print(fmt::format("{} {}removed, {} kept", counted(removed, "row"),
                              context.dry_run() ? "would be " : "", cleared.kept_rows()));
    return {{"database", database.name},
            {"tables", std::move(tables)},
            {"kept", json_of(cleared.kept)}};
}

Exit run_clear(Context& context) {
    const auto databases = context.arguments().positionals.empty()
                               ? context.databases()
                               : std::vector<platform::Database>{context.one_database()};
    for (const auto& database : databases) {
        if (!context.dry_run()) {
            trust::require_consent(context.run(), database, "seed clear",
                                   context.arguments().value("--confirm"), context.yes());
        }
    }
    boost::json::array rows;
    for (const auto& database : databases) {
        if (databases.size() > 1) {
            context.print(context.bold(database.name));
        }
        rows.push_back(clear_one(context, database));
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

boost::json::array scale_info(Context& context, const platform::Database& database,
                              pg::Connection& connection) {
    boost::json::array tables;
    const auto file = scale::file_name(context.run().manifest, database);
    for (const auto& table : scale::info(connection)) {
        context.print(fmt::format("{:<36} {:<20} {} of {}, times {}{}", file, table.table,
                                  table.there, counted(table.rows, "row"), table.factor,
                                  table.finished_at.empty() ? "" : ", " + table.finished_at));
        tables.push_back(boost::json::object{{"file", file},
                                             {"table", table.table},
                                             {"rows", table.rows},
                                             {"there", table.there},
                                             {"factor", table.factor},
                                             {"begun_at", table.begun_at},
                                             {"finished_at", table.finished_at},
                                             {"applied_by", table.applied_by}});
    }
    return tables;
}

Exit run_info(Context& context) {
    boost::json::array rows;
    for (const auto& database : context.databases()) {
        auto connection = connect(context, database);
        const auto info = seeds::info(connection, seeds::load(context.run().manifest, database));
        context.print(fmt::format("{:<36} {:<20} {:<10} {:>7} {:>8} {:>8} {:>8}  {}",
                                  context.bold(database.name), "table", "file", "rows", "present",
                                  "changed", "missing", "applied"));
        boost::json::array files;
        for (const auto& file : info.files) {
            context.print(fmt::format("{:<36} {:<20} {:<10} {:>7} {:>8} {:>8} {:>8}  {}", file.file,
                                      file.table, seeds::name_of(file.standing), file.rows,
                                      file.present, file.changed, file.missing,
                                      file.applied_at.empty() ? "never" : file.applied_at));
            files.push_back(boost::json::object{{"file", file.file},
                                                {"set", seeds::name_of(file.set)},
                                                {"table", file.table},
                                                {"standing", seeds::name_of(file.standing)},
                                                {"rows", file.rows},
                                                {"tracked", file.tracked},
                                                {"present", file.present},
                                                {"changed", file.changed},
                                                {"missing", file.missing},
                                                {"left", file.left},
                                                {"found", file.found},
                                                {"applied_at", file.applied_at},
                                                {"applied_by", file.applied_by}});
        }
        print_rows(context, info.rows);
        rows.push_back(boost::json::object{{"database", database.name},
                                           {"files", std::move(files)},
                                           {"rows", json_of(info.rows)},
                                           {"scale", scale_info(context, database, connection)}});
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

Exit run_script(Context& context) {
    const auto database = context.one_database();
    auto connection = connect(context, database);
    const auto all = seeds::load(context.run().manifest, database, sets_of(context));
    std::string text;
    seeds::script(connection, all, options_of(context), [&](std::string_view piece) {
        if (context.json()) {
            text += piece;
        } else {
            context.emit(piece);
        }
    });
    if (context.json()) {
        context.result() = {{"database", database.name}, {"script", text}};
    }
    return Exit::fine;
}

const Option set_option{"--set", "SET", "only this set", {"reference", "sample"}};

}  // namespace

StepSummary seed_databases(Context& context) { return seed_all(context, false); }

std::vector<Verb> seed_verbs() {
    return {
        {"seed",
         "upserts the rows of seeds/, tracked one by one",
         "seeds/reference belongs everywhere, seeds/sample never in a protected environment. One "
         "transaction: all or nothing.\n"
         "A second run writes nothing. Rows that somebody changed since are kept, unless "
         "--overwrite is given.",
         {set_option, {"--overwrite", "", "also rows that somebody changed since", {}}},
         "[FILE…]",
         "  caisson seed\n  caisson seed --set reference\n  caisson seed kyc_checks",
         Needs::platform,
         run_seed},
        {"seed info",
         "what is there of each seed file",
         "",
         {},
         "",
         "  caisson seed info\n  caisson seed info --json",
         Needs::platform,
         run_info},
        {"seed clear",
         "removes what was seeded and nothing else",
         "Rows that were changed since, or that other rows refer to, are kept and listed. Rows of "
         "`caisson seed scale` go, too.",
         {{"--set", "SET", "only this set", {"reference", "sample", "scale"}}},
         "[FILE…]",
         "  caisson seed clear --set sample --yes\n  caisson seed clear --set scale --yes\n"
         "  caisson seed clear --dry-run",
         Needs::platform,
         run_clear},
        {"seed script",
         "all seeds as one SQL text for plain psql, to be run any number of times",
         "",
         {set_option},
         "[FILE…]",
         "  caisson seed script > seed-test-data.sql",
         Needs::platform,
         run_script},
    };
}

}  // namespace caisson::cli
