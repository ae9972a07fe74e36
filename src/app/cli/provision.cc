// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/provision.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

Exit run_provision(Context& context) {
    if (!context.dry_run()) {
        start_servers(context);
    }
    auto summary = provision_databases(context, false);
    if (!context.dry_run()) {
        watch_cached_tables(context, summary);
    }
    context.print(summary.text);
    for (const auto& note : summary.notes) {
        context.print("  " + note);
    }
    return Exit::fine;
}

boost::json::object json_of(const platform::Database& database, const provision::Report& report) {
    boost::json::object extensions;
    for (const auto& [name, version] : report.extensions) {
        extensions[name] = version;
    }
    boost::json::object row{{"database", database.name},
                            {"server_version", report.database_version},
                            {"done", boost::json::array(report.done.begin(), report.done.end())},
                            {"notes", boost::json::array(report.notes.begin(), report.notes.end())},
                            {"extensions", std::move(extensions)}};
    if (report.identity) {
        row["identity"] = report.identity->uuid;
    }
    return row;
}

}  // namespace

StepSummary provision_databases(Context& context, bool adopt) {
    StepSummary summary;
    boost::json::array rows;
    std::vector<std::string> texts;
    provision::Options options;
    options.dry_run = context.dry_run();
    options.adopt = adopt;
    options.settings = context.arguments().has("--settings");
    const auto databases = context.databases();
    options.provisioned = [&](std::size_t i, const provision::Report& report) {
        if (const auto& done = report.done; !done.empty() && !options.dry_run) {
            tell_journal(context, databases[i], journal::kinds::finish,
                         adopt ? "db adopt" : "provision",
                         {{"done", boost::json::array(done.begin(), done.end())}});
        }
    };
    const auto reports = provision::provision(context.run(), databases, catalogue_steps(), options);
    for (std::size_t i = 0; i < databases.size(); ++i) {
        const auto& database = databases[i];
        const auto& report = reports[i];
        summary.changed = summary.changed || !report.done.empty();
        texts.push_back(
            report.done.empty()
                ? fmt::format("{}: nothing to do", database.name)
                : fmt::format("{}: {}{}", database.name, options.dry_run ? "would make " : "",
                              report.done.size() > 3 ? counted(report.done.size(), "change")
                                                     : join(report.done, ", ")));
        if (report.done.size() > 3 &&
            (options.dry_run || context.arguments().verb->name == "provision")) {
            summary.notes.insert(summary.notes.end(), report.done.begin(), report.done.end());
        }
        summary.notes.insert(summary.notes.end(), report.notes.begin(), report.notes.end());
        rows.push_back(json_of(database, report));
    }
    summary.text = join(texts, "; ");
    context.result()["provision"] = std::move(rows);
    return summary;
}

std::vector<Verb> provision_verbs() {
    return {{"provision",
             "databases, roles, extensions, settings and rights, made to match the manifest",
             "Idempotent: a second run finds nothing to do. On servers that are not private, "
             "settings are compared and only\n"
             "set when --settings asks for it.",
             {{"--settings",
               "",
               "set [server.postgres] also on a server that is not private (ALTER SYSTEM)",
               {}}},
             "",
             "  caisson provision --dry-run\n  caisson -e staging provision",
             Needs::platform,
             run_provision}};
}

}  // namespace caisson::cli
