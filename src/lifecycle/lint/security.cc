// SPDX-License-Identifier: Apache-2.0
// Rights that become wider than anybody meant.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

void row_security(Visit& visit) {
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_DisableRowSecurity" || command.type == "AT_NoForceRowSecurity") {
            visit.report_at(
                command,
                command.type == "AT_DisableRowSecurity"
                    ? fmt::format("from here on, everybody who may read {} reads all of its rows",
                                  visit.target())
                    : fmt::format("from here on, the owner of {} reads all of its rows",
                                  visit.target()),
                command.type == "AT_DisableRowSecurity"
                    ? fmt::format("create policy everything_for_the_auditor on {} for select to "
                                  "auditor using (true);  -- wider for one role",
                                  visit.target())
                    : "");
        }
    }
}

void grant_to_public(Visit& visit) {
    if (!visit.is("GrantStmt") || !visit.statement().flag("is_grant")) {
        return;
    }
    for (const auto& grantee : visit.statement().list("grantees")) {
        if (grantee.text("roletype") == "ROLESPEC_PUBLIC") {
            visit.report(
                "PUBLIC is every role there is and will be",
                std::string(visit.text().substr(0, grantee.location())) + "the_role_that_needs_it;",
                grantee.location(), 6);
        }
    }
}

void definer_search_path(Visit& visit) {
    if (!visit.is("CreateFunctionStmt")) {
        return;
    }
    bool is_definer = false;
    bool has_path = false;
    for (const auto& option : visit.statement().list("options")) {
        is_definer =
            is_definer || (option.text("defname") == "security" && option["arg"].flag("boolval"));
        has_path = has_path ||
                   (option.text("defname") == "set" && option["arg"].text("name") == "search_path");
    }
    if (is_definer && !has_path) {
        const auto name = object_name(visit.statement().list("funcname"));
        visit.report(
            fmt::format("{} runs with its owner's rights and finds tables and functions where the "
                        "caller says",
                        name),
            fmt::format("alter function {} set search_path = pg_catalog, pg_temp;", name));
    }
}

void extension_update(Visit& visit) {
    if (visit.is("AlterExtensionStmt")) {
        visit.report(
            fmt::format("the new version of {} runs SQL of its own as a superuser or owner",
                        spelled(visit.statement().text("extname"))));
    }
}

}  // namespace

std::vector<Rule> security_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::security;
    return {
        {"disabling-row-security",
         family,
         error,
         false,
         {"", "", "", "AUTHZ_UPDATE"},
         "row level security is switched off",
         "Policies stay, and hold for nobody.",
         "A policy for the role that needs more.",
         row_security},
        {"grant-to-public",
         family,
         warning,
         false,
         {"", "", "", "AUTHZ_UPDATE"},
         "GRANT … TO PUBLIC",
         "It is given to every role there is and will be.",
         "A grant to the role that needs it.",
         grant_to_public},
        {"security-definer-search-path",
         family,
         warning,
         false,
         {},
         "a SECURITY DEFINER function without SET search_path",
         "Its caller chooses where it finds tables and functions, and so what runs with its "
         "owner's rights.",
         "SET search_path in the function.",
         definer_search_path},
        {"updating-extension",
         family,
         warning,
         true,
         {"", "", "", "UPGRADING_EXTENSION_VERSION"},
         "ALTER EXTENSION … UPDATE",
         "Its scripts run SQL that nobody reviewed here.",
         "A file of its own, tried on a "
         "shadow first.",
         extension_update},
    };
}

}  // namespace caisson::lint
