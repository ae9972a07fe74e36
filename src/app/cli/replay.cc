// SPDX-License-Identifier: Apache-2.0
#include "app/cli/replay.h"

#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "base/text.h"
#include "lifecycle/proof/drift.h"

namespace caisson::cli {

Replay replay_of(Context& context, pg::Connection& live, const platform::Database& database) {
    const auto& run = context.run();
    const auto loaded = sources::load(database.migrations, run.manifest.features);
    // What another tool applied meanwhile is applied.
    const migrations::Mirror mirror(database.migrations, loaded);
    auto files = proof::applied_files(
        loaded, mirror.look(live, loaded).history,
        [&](const migrations::Record& record) { return migrations::read_text(live, record); });
    shadow::Options how;
    how.major = live.server_version() / 10000;
    how.step = [&](const std::string& step) { context.busy(step); };
    auto shadow = shadow::open(run, database, catalogue_steps(), how);
    auto basis =
        fmt::format("{} replayed on {}", counted(files.size(), "migration"), shadow.text());
    return {std::move(files), std::move(shadow), std::move(basis)};
}

}  // namespace caisson::cli
