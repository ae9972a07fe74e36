// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/provision/provision.h"

namespace caisson::provision {

Report compare_settings(pg::Connection& admin, const trust::Run& run, bool set) {
    Report report;
    for (const auto& [name, value] : run.manifest.server.postgres) {
        // Sizes are compared as sizes: 1GB is 1024MB.
        const auto rows = admin.query(
            "select current_setting(name) as value, context, "
            "  lower(current_setting(name)) = lower($2) or setting = $2 "
            "  or (unit in ('B', 'kB', '8kB', 'MB') and $2 ~* '^\\s*\\d+\\s*[kmgt]b\\s*$' "
            "      and pg_size_bytes(current_setting(name)) = pg_size_bytes($2)) "
            "  or (unit in ('ms', 's', 'min') and $2 ~ '^\\s*\\d+\\s*(us|ms|s|min|h|d)\\s*$' "
            "      and current_setting(name) ~ '^\\d+(us|ms|s|min|h|d)$' "
            "      and current_setting(name)::interval = $2::interval) as same "
            "  from pg_settings where lower(name) = lower($1)",
            {name, value});
        if (rows.empty()) {
            report.notes.push_back(fmt::format("the server knows no setting {}", name));
            continue;
        }
        const auto row = rows.front();
        const std::string found = row.string("value");
        if (row.text("same") == "t") {
            continue;
        }
        if (!set) {
            report.notes.push_back(
                fmt::format("{} is {} on the server, the manifest says {}", name, found, value));
            continue;
        }
        admin.query(fmt::format("alter system set {} = {}", pg::identifier(name),
                                setting_literal(name, value)));
        report.done.push_back(fmt::format(
            "{} = {}{}", name, value,
            row.text("context") == "postmaster" ? ", after a restart of the server" : ""));
    }
    if (set && !report.done.empty()) {
        admin.query("select pg_reload_conf()");
    }
    return report;
}

}  // namespace caisson::provision
