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

std::vector<std::string> become(const std::string& role, const std::string& self) {
    return role == self ? std::vector<std::string>()
                        : std::vector<std::string>{"set local role " + pg::identifier(role)};
}

void inspect_owner(const Inspection& inspection, const Bypass& bypass) {
    const auto& role = inspection.setting.role;
    for (const auto& [oid, relation] : inspection.setting.subject.relations) {
        if (!relation.has_row_security || !bypass.may_become.contains(relation.owner)) {
            continue;
        }
        Finding finding{relation.is_forced ? "forced owner" : "owner", relation.label};
        const bool has_rights = bypass.memberships.contains(relation.owner);
        if (!has_rights) {
            finding.message = fmt::format(
                "{} may become its owner by SET ROLE, and switch its policies off", role);
        } else if (relation.is_forced) {
            finding.message =
                fmt::format("{} has the rights of its owner and may switch its policies off", role);
        } else {
            finding.message = fmt::format(
                "{} has the rights of its owner, whom policies do not bind "
                "without FORCE ROW LEVEL SECURITY",
                role);
        }
        finding.severity = relation.is_forced ? Severity::warning : Severity::error;
        finding.remedy = relation.owner == role
                             ? "let a role own it that nobody acts as for tenants"
                             : fmt::format("revoke {} from {};", pg::identifier(relation.owner),
                                           pg::identifier(role));
        if (!relation.is_forced) {
            finding.remedy +=
                fmt::format(" and alter table {} force row level security;", relation.name);
        }
        inspection.add(std::move(finding),
                       fmt::format("alter table {} disable row level security", relation.name),
                       become(relation.owner, role));
    }
}

void inspect_bypass(const Inspection& inspection, const Bypass& bypass) {
    const auto& role = inspection.setting.role;
    const auto name = pg::identifier(role);
    const auto add = [&](const std::string& message, const std::string& remedy,
                         const std::string& statement, std::vector<std::string> enter = {}) {
        inspection.add({"role", role, Severity::error, message, remedy}, statement,
                       std::move(enter));
    };
    const std::string look =
        "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user";
    if (bypass.is_superuser) {
        add("it is a superuser: no policy binds it", "let the application connect as another role",
            look);
    } else if (bypass.bypasses) {
        add("it has BYPASSRLS: no policy binds it", fmt::format("alter role {} nobypassrls;", name),
            look);
    } else if (!bypass.stronger.empty()) {
        add(fmt::format("it may become {}, whom no policy binds", join(bypass.stronger, ", ")),
            fmt::format("revoke {} from {};", pg::identifier(bypass.stronger.front()), name), look,
            become(bypass.stronger.front(), role));
    } else if (bypass.makes_roles && !bypass.grantable.empty()) {
        const auto& target = bypass.grantable;
        add(fmt::format("it has CREATEROLE, by which it may make itself a member of {}", target),
            fmt::format("alter role {} nocreaterole;", name),
            fmt::format("grant {} to {}", pg::identifier(target), name));
    }
}

}  // namespace

void Inspection::add(Finding finding, std::string statement, std::vector<std::string> enter) const {
    if (!findings.has(finding.name())) {
        Draft draft;
        draft.finding = finding.name();
        draft.role = setting.role;
        draft.enter = std::move(enter);
        draft.statement = std::move(statement);
        draft.is_plain = true;
        drafts.push_back(std::move(draft));
    }
    findings.add(std::move(finding));
}

void inspect_role(const Inspection& inspection) {
    auto& connection = inspection.connection;
    const auto& setting = inspection.setting;
    const auto& key = setting.isolation.setting;
    const auto bypass = read_bypass(connection, setting.role);
    inspect_bypass(inspection, bypass);
    if (!bypass.is_superuser) {
        inspect_owner(inspection, bypass);
    }
    for (const auto row : connection.query(defaults_sql, {setting.role, key})) {
        const bool is_everybodys = row.text("role").empty();
        const auto where = is_everybodys
                               ? fmt::format("database {}", connection.settings().database)
                               : fmt::format("role {}", row.text("role"));
        inspection.add(
            {"default", key, Severity::error,
             fmt::format("sessions of {} begin on behalf of {}: whoever says nothing is not nobody",
                         where, row.text("value")),
             fmt::format("alter {} {} reset {};", is_everybodys ? "database" : "role",
                         pg::identifier(is_everybodys ? connection.settings().database
                                                      : row.string("role")),
                         key)},
            fmt::format("select setrole::regrole as role, setconfig from pg_db_role_setting "
                        "where array_to_string(setconfig, ' ') like {}",
                        pg::literal("%" + key + "=%")));
    }
}

}  // namespace caisson::isolation
