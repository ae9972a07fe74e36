// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/refresh/refresh.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/verb.h"
#include "base/text.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

boost::json::array refresh_one(Context& context, const platform::Database& database,
                               pg::Connection& connection,
                               const std::vector<refresh::View>& views) {
    boost::json::array rows;
    Progress bar(context, "refresh", views.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
        const auto& view = views[i];
        const auto* how = view.is_concurrent() ? "while others read"
                          : view.has_key       ? "filled for the first time"
                                               : "locked meanwhile: it has no unique index";
        boost::json::object row{
            {"database", database.name}, {"view", view.name}, {"concurrent", view.is_concurrent()}};
        if (context.dry_run()) {
            context.print(fmt::format("  would refresh {}, {}", view.name, how));
        } else {
            bar.show(i, view.name);
            const auto done = refresh::refresh(connection, view);
            context.print(fmt::format("  {}  {}, {}  {}", view.name,
                                      counted(static_cast<std::size_t>(done.rows), "row"), how,
                                      context.dim(human(done.duration))));
            row["rows"] = done.rows;
            row["milliseconds"] = std::chrono::duration<double, std::milli>(done.duration).count();
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Exit run_refresh(Context& context) {
    const auto& wanted = context.arguments().positionals;
    // A name means a view of one database.
    const auto databases =
        wanted.empty() ? context.databases() : std::vector{context.one_database()};
    boost::json::array all;
    for (const auto& database : databases) {
        pg::Connection connection(
            trust::role_settings(context.run(), database, trust::Role::migrator));
        trust::require_ours(connection, context.run(), database);
        const auto views = refresh::plan(connection, wanted);
        context.print(
            fmt::format("{}: {}", database.name, counted(views.size(), "materialised view")));
        for (auto& row : refresh_one(context, database, connection, views)) {
            all.push_back(std::move(row));
        }
    }
    context.result()["views"] = std::move(all);
    return Exit::fine;
}

}  // namespace

std::vector<Verb> refresh_verbs() {
    return {{"refresh",
             "brings materialised views up to date",
             "Those that others read come first. One with a unique index is refreshed while others "
             "read it; another is locked\nmeanwhile. What was refreshed stays, whatever happens to "
             "the next.",
             {},
             "[VIEW…]",
             "  caisson refresh  # all\n  caisson refresh real_time_stats",
             Needs::platform,
             run_refresh}};
}

}  // namespace caisson::cli
