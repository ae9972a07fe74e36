// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/roles.h"

#include "lifecycle/provision/plan.h"
#include "trust/session.h"

namespace caisson::docs {
namespace {

std::string purpose_of(trust::Role role) {
    using trust::Role;
    switch (role) {
        case Role::owner:
            return "Owns the database, the schema public and all that migrations make.";
        case Role::migrator:
            return "Runs migrations: becomes the owner, to whom belongs what it makes.";
        case Role::app:
            return "The application: reads and writes, and is subject to row-level security.";
        case Role::service:
            return "Seeds, verification and administration: as app, past row-level security.";
        case Role::backup:
            return "Backups: reads everything, past row-level security.";
        case Role::readonly:
            return "People and tools that only read.";
        case Role::auditor:
            return "Auditors: reads tables, and what Caisson keeps of its own work.";
        case Role::monitor:
            return "Monitoring: statistics of the server, no rows of tables.";
        case Role::advisor:
            return "Advice on queries: reads tables, so that it can be shown plans.";
    }
    return {};
}

}  // namespace

std::vector<RoleFacts> roles_of(const platform::Manifest& manifest,
                                const platform::Database& database) {
    auto wanted = provision::wanted_roles(manifest, database);
    std::vector<RoleFacts> roles;
    const auto take = [&](const std::string& name, std::string purpose) {
        const auto state = wanted.find(name);
        if (state == wanted.end()) {
            return;
        }
        roles.push_back({name,
                         std::move(purpose),
                         state->second.can_login,
                         state->second.bypasses_rls,
                         {state->second.member_of.begin(), state->second.member_of.end()}});
        wanted.erase(state);
    };
    for (const auto role : trust::built_in_roles()) {
        take(trust::role_name(database, role), purpose_of(role));
    }
    for (const auto& role : manifest.roles) {
        take(database.name + "_" + role.name, "Declared in caisson.toml, with the rights below.");
    }
    return roles;
}

}  // namespace caisson::docs
