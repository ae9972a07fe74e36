// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/history.h"
#include "app/cli/migrate.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

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

Exit run_status(Context& context) {
    boost::json::array rows;
    bool matches = true;
    for (const auto& database : context.databases()) {
        Connections connections(context.run(), database);
        const auto loaded = load_migrations(context, database, connections);
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
        const auto findings = history_findings(states, context.run().manifest.migrations);
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

}  // namespace

std::vector<Verb> migrate_status_verbs() {
    return {
        {"migrate status",
         "each migration and how it stands",
         "Exit status 7 when files and history do not match.",
         {},
         "",
         "  caisson migrate status\n  caisson migrate status --json",
         Needs::platform,
         run_status},
    };
}

}  // namespace caisson::cli
