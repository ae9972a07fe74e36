// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "platform/reading.h"
#include "platform/shape.h"

namespace caisson::platform {
namespace {

/// The built-in roles that nobody acts as for a tenant: policies do not bind them, by design.
bool passes_by_policies(const std::string& role) {
    return role == "owner" || role == "migrator" || role == "service" || role == "backup";
}

void check_role(Reading& reading, const Node& role) {
    auto known = built_in_roles();
    std::erase_if(known, passes_by_policies);
    for (const auto& own : reading.manifest.roles) {
        known.push_back(own.name);
    }
    if (std::ranges::find(known, role.text) != known.end()) {
        return;
    }
    reading.mistake(
        role.place,
        passes_by_policies(role.text)
            ? fmt::format("policies do not bind the role \"{}\"; expected one that acts "
                          "for tenants",
                          role.text)
            : fmt::format("there is no role \"{}\"; expected a built-in one or one of "
                          "[roles]",
                          role.text),
        suggestion(role.text, known));
}

}  // namespace

void read_isolation(Reading& reading) {
    const Node* const section = reading.document.find("isolation");
    if (!section) {
        return;
    }
    auto& isolation = reading.manifest.isolation;
    isolation.place = section->place;
    isolation.setting = text_of(*section, "setting", isolation.setting);
    if (isolation.setting.find('.') == std::string::npos) {
        reading.mistake(
            section->find("setting")->place,
            fmt::format("the setting is called \"{}\"; expected a name with a dot, such as "
                        "app.current_user_id: others are PostgreSQL's own",
                        isolation.setting));
    }
    if (const Node* roles = section->find("roles")) {
        isolation.roles = texts_of(*section, "roles");
        if (isolation.roles.empty()) {
            reading.mistake(roles->place,
                            "no role acts for tenants, so nothing would be tried; expected at "
                            "least one, such as \"app\"");
        }
        for (const auto& role : roles->items) {
            check_role(reading, role);
        }
    }
    isolation.tenant = texts_of(*section, "tenant");
    isolation.columns = texts_of(*section, "columns");
    isolation.tenants = texts_of(*section, "tenants");
    const std::set<std::string> distinct(isolation.tenants.begin(), isolation.tenants.end());
    if (!isolation.tenants.empty() && (distinct.size() < 2 || distinct.contains("") ||
                                       distinct.size() < isolation.tenants.size())) {
        reading.mistake(section->find("tenants")->place,
                        "expected at least two tenants, each another one and none empty");
    }
    for (const auto& value : members_of(*section, "values")) {
        isolation.values[value.key] = value.value.text;
        if (value.key.find('.') == std::string::npos) {
            reading.mistake(
                value.place,
                fmt::format("the value is for \"{}\"; expected \"table.column\"", value.key));
        }
    }
    for (const auto& accepted : members_of(*section, "accept")) {
        isolation.accepted.push_back({accepted.key, accepted.value.text, accepted.place});
    }
}

}  // namespace caisson::platform
