// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/inspect.h"

namespace caisson::isolation {
namespace {

/// What a session of the role begins with, where that says on whose behalf it works.
constexpr std::string_view defaults_sql = R"sql(
select coalesce(r.rolname, '') as role, split_part(entry, '=', 2) as value
  from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) entry
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (s.setrole = 0 or r.rolname = $1) and lower(split_part(entry, '=', 1)) = lower($2)
   and split_part(entry, '=', 2) <> ''
)sql";

void inspect_owner(const Setting& setting, const Bypass& bypass, Findings& findings) {
    for (const auto& [oid, relation] : setting.subject.relations) {
        if (!relation.has_row_security || !bypass.memberships.contains(relation.owner)) {
            continue;
        }
        Finding finding{"owner", relation.label};
        if (relation.is_forced) {
            finding.severity = Severity::warning;
            finding.message = fmt::format(
                "{} has the rights of its owner and may switch its policies off", setting.role);
        } else {
            finding.message = fmt::format(
                "{} has the rights of its owner, whom policies do not bind "
                "without FORCE ROW LEVEL SECURITY",
                setting.role);
        }
        finding.remedy = relation.owner == setting.role
                             ? "let a role own it that nobody acts as for tenants"
                             : fmt::format("revoke {} from {};", pg::identifier(relation.owner),
                                           pg::identifier(setting.role));
        if (!relation.is_forced) {
            finding.remedy +=
                fmt::format(" and alter table {} force row level security;", relation.name);
        }
        findings.add(std::move(finding));
    }
}

}  // namespace

void inspect_role(pg::Connection& connection, const Setting& setting, Findings& findings) {
    const auto bypass = read_bypass(connection, setting.role);
    const auto add = [&](const std::string& message, const std::string& remedy) {
        findings.add({"role", setting.role, Severity::error, message, remedy});
    };
    if (bypass.is_superuser) {
        add("it is a superuser: no policy binds it", "let the application connect as another role");
    } else if (bypass.bypasses) {
        add("it has BYPASSRLS: no policy binds it",
            fmt::format("alter role {} nobypassrls;", pg::identifier(setting.role)));
    } else if (!bypass.stronger.empty()) {
        add(fmt::format("it may become {}, whom no policy binds", join(bypass.stronger, ", ")),
            fmt::format("revoke {} from {};", pg::identifier(bypass.stronger.front()),
                        pg::identifier(setting.role)));
    }
    if (!bypass.is_superuser) {
        inspect_owner(setting, bypass, findings);
    }
    for (const auto row :
         connection.query(defaults_sql, {setting.role, setting.isolation.setting})) {
        const auto where = row.text("role").empty()
                               ? fmt::format("database {}", connection.settings().database)
                               : fmt::format("role {}", row.text("role"));
        findings.add(
            {"default", setting.isolation.setting, Severity::error,
             fmt::format("sessions of {} begin on behalf of {}: whoever says nothing is not "
                         "nobody",
                         where, row.text("value")),
             row.text("role").empty()
                 ? fmt::format("alter database {} reset {};",
                               pg::identifier(connection.settings().database),
                               setting.isolation.setting)
                 : fmt::format("alter role {} reset {};", pg::identifier(row.text("role")),
                               setting.isolation.setting)});
    }
}

}  // namespace caisson::isolation
