// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"

namespace caisson::docs {
namespace {

std::string roles_text(const SchemaPage& page, const Policy& policy) {
    std::vector<std::string> roles;
    for (const auto& role : policy.roles) {
        if (role == "public") {
            return "everybody";
        }
        roles.push_back(code(short_role(page.facts.database, unquoted(role))));
    }
    return enumeration(roles);
}

std::string_view may(const std::string& command) {
    return command == "select"   ? "may read"
           : command == "insert" ? "may add"
           : command == "update" ? "may change"
           : command == "delete" ? "may delete"
                                 : "may read, add, change and delete";
}

/// What is better read as SQL than inside a sentence.
bool is_long(const std::string& condition) {
    return condition.size() > 120 || condition.find('\n') != std::string::npos;
}

std::string rows_text(const std::string& condition, bool is_permissive, std::string_view clause) {
    if (condition == "true") {
        return "every row";
    }
    if (condition == "false") {
        return "no row";
    }
    const std::string_view only = is_permissive ? "" : "only ";
    return is_long(condition) ? fmt::format("{}the rows that {} below lets through", only, clause)
                              : fmt::format("{}the rows for which {}", only, code(condition));
}

/// What a policy lets its roles do, as a sentence.
std::string sentence(const SchemaPage& page, const Policy& policy) {
    auto who = roles_text(page, policy);
    if (policy.is_permissive) {
        who.front() = who.front() == 'e' ? 'E' : who.front();
    } else {
        who = "Whatever other policies let through, " + who;
    }
    const bool writes = policy.command != "select" && policy.command != "delete";
    // Of what is added only the new row is looked at.
    const auto& seen = policy.command == "insert" ? policy.allowed : policy.visible;
    auto text =
        fmt::format("{} {} {}", who, may(policy.command),
                    seen.empty() ? "every row"
                                 : rows_text(seen, policy.is_permissive,
                                             policy.command == "insert" ? "WITH CHECK" : "USING"));
    if (policy.command == "insert" || !writes) {
        return text + ".";
    }
    if (policy.allowed.empty() || policy.allowed == policy.visible) {
        return text +
               (seen.empty() || seen == "true" ? "." : "; what they write must satisfy the same.");
    }
    return text +
           (policy.allowed == "true"
                ? "; what they write may be anything."
                : fmt::format("; what they write must satisfy {}.",
                              is_long(policy.allowed) ? "WITH CHECK below" : code(policy.allowed)));
}

std::string sql_of(const Table& table, const Policy& policy) {
    auto definition = policy.definition;
    for (const std::string_view clause : {" with check (", " using ("}) {
        if (const auto at = schema::find_outside(definition, clause); at != std::string::npos) {
            definition.replace(at, 1, "\n    ");
        }
    }
    return fmt::format("create policy {} on {} as {};", policy.name, table.name, definition);
}

/// Roles of provisioning that policies do not hold for.
std::string exempt_roles(const SchemaPage& page) {
    std::vector<std::string> names;
    for (const auto& role : page.roles) {
        if (role.bypasses_rls) {
            names.push_back(code(short_role(page.facts.database, role.name)));
        }
    }
    return enumeration(names);
}

}  // namespace

std::string policies_section(const SchemaPage& page, const Table& table) {
    if (!table.has_row_security && table.policies.empty()) {
        return {};
    }
    std::string text = "\n**Row-level security**\n\n";
    if (!table.has_row_security) {
        text += "It is off: the policies below hold for nobody.\n";
    } else {
        text +=
            fmt::format("It is on{}; {} see all rows.{}\n",
                        table.forces_row_security ? ", for the owner as well" : "",
                        (table.forces_row_security ? "" : "the owner, ") + exempt_roles(page),
                        table.policies.empty() ? " There is no policy: nobody else sees any." : "");
    }
    const bool has_permissive = std::ranges::any_of(table.policies, &Policy::is_permissive);
    if (table.has_row_security && !table.policies.empty() && !has_permissive) {
        text += "No policy lets a row through: all of them only restrict.\n";
    }
    for (const auto& policy : table.policies) {
        text += fmt::format("\n- {}: {}", code(policy.name), sentence(page, policy));
        if (!policy.comment.empty()) {
            text += ' ' + inline_text(policy.comment);
        }
        text += '\n';
    }
    if (!table.policies.empty()) {
        std::vector<std::string> statements;
        for (const auto& policy : table.policies) {
            statements.push_back(sql_of(table, policy));
        }
        text += '\n' + code_block("sql", join(statements, "\n"));
    }
    return text;
}

}  // namespace caisson::docs
