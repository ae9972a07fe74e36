// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/servers.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/steps.h"
#include "base/text.h"

namespace caisson::cli {

StepSummary start_servers(Context& context) {
    const auto& run = context.run();
    StepSummary summary;
    if (!run.is_private()) {
        summary.text =
            fmt::format("those of environment {}; nothing is started", run.environment.name);
        return summary;
    }
    boost::json::array rows;
    std::vector<std::string> texts;
    for (const auto& server : servers::start(run)) {
        texts.push_back(fmt::format("{} {} {}", servers::name(server.server), server.version,
                                    servers::name(server.outcome)));
        summary.changed = summary.changed || server.outcome != servers::Outcome::was_running;
        summary.notes.insert(summary.notes.end(), server.notes.begin(), server.notes.end());
        rows.push_back(boost::json::object{
            {"server", lower(servers::name(server.server))},
            {"version", server.version},
            {"outcome", servers::name(server.outcome)},
            {"process", server.process},
            {"notes", boost::json::array(server.notes.begin(), server.notes.end())}});
    }
    pg::Connection admin(trust::server_settings(run, run.manifest.databases.front()));
    const auto settings = servers::apply_settings(run, admin);
    summary.changed = summary.changed || settings.changed;
    if (!settings.waiting.empty()) {
        summary.notes.push_back(fmt::format("waits for a restart (caisson down && caisson up): {}",
                                            join(settings.waiting, ", ")));
    }
    summary.text = join(texts, ", ");
    context.result()["servers"] = std::move(rows);
    return summary;
}

}  // namespace caisson::cli
