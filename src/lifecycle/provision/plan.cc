// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::provision {
namespace {

using pg::identifier;
using trust::Role;
using trust::role_name;

std::string names(const platform::Database& database, std::initializer_list<Role> roles) {
    std::vector<std::string> list;
    for (const auto role : roles) {
        list.push_back(role_name(database, role));
    }
    return pg::identifiers(list);
}

/// Roles of the manifest's own that belong to this database.
std::vector<platform::Role> own_roles(const platform::Manifest& manifest,
                                      const platform::Database& database) {
    std::vector<platform::Role> roles;
    for (const auto& role : manifest.roles) {
        if (role.databases.empty() || std::find(role.databases.begin(), role.databases.end(),
                                                database.key) != role.databases.end()) {
            roles.push_back(role);
        }
    }
    return roles;
}

std::string attributes(const RoleState& role) {
    return fmt::format("{} {} nosuperuser nocreatedb nocreaterole noreplication inherit",
                       role.can_login ? "login" : "nologin",
                       role.bypasses_rls ? "bypassrls" : "nobypassrls");
}

void plan_role(const std::string& name, const RoleState& wanted, const RoleState* found,
               bool has_secret, const NewPassword& new_password, std::vector<Action>& actions) {
    const bool needs_password = wanted.can_login && (!found || !has_secret);
    const auto password =
        needs_password ? fmt::format(" password {}", pg::literal(new_password(name))) : "";
    if (!found) {
        actions.push_back(
            {fmt::format("role {}", name),
             fmt::format("create role {} {}{}", identifier(name), attributes(wanted), password)});
    } else if (found->can_login != wanted.can_login || found->bypasses_rls != wanted.bypasses_rls ||
               found->is_superuser) {
        actions.push_back(
            {fmt::format("attributes of role {}", name),
             fmt::format("alter role {} {}{}", identifier(name), attributes(wanted), password)});
    } else if (needs_password) {
        actions.push_back({fmt::format("new password of role {}, whose secret was not found", name),
                           fmt::format("alter role {}{}", identifier(name), password)});
    }
    for (const auto& group : wanted.member_of) {
        if (!found || !found->member_of.contains(group)) {
            actions.push_back({fmt::format("membership of {} in {}", name, group),
                               fmt::format("grant {} to {}", identifier(group), identifier(name))});
        }
    }
}

std::string package_of(const std::string& extension, int major) {
    if (extension == "vector") {
        return fmt::format("postgresql-{}-pgvector", major);
    }
    if (extension == "timescaledb") {
        return fmt::format("timescaledb-2-postgresql-{}", major);
    }
    return fmt::format("postgresql-{}-{}", major, replace_all(extension, "_", "-"));
}

}  // namespace

std::map<std::string, RoleState> wanted_roles(const platform::Manifest& manifest,
                                              const platform::Database& database) {
    std::map<std::string, RoleState> roles;
    for (const auto role : trust::built_in_roles()) {
        RoleState state;
        state.can_login = role != Role::owner;
        // Under FORCE ROW LEVEL SECURITY even the owner sees nothing: seeds, checks and dumps need
        // a way past it.
        state.bypasses_rls = role == Role::service || role == Role::backup;
        if (role == Role::migrator) {
            state.member_of = {role_name(database, Role::owner)};
        } else if (role == Role::backup) {
            state.member_of = {"pg_read_all_data"};
        } else if (role == Role::monitor) {
            state.member_of = {"pg_monitor"};
        }
        roles[role_name(database, role)] = state;
    }
    for (const auto& role : own_roles(manifest, database)) {
        roles[database.name + "_" + role.name] = {true, false, false, {}};
    }
    return roles;
}

std::vector<Action> plan_server(const Survey& found, const platform::Manifest& manifest,
                                const platform::Database& database,
                                const std::set<std::string>& roles_with_secret,
                                const NewPassword& new_password) {
    std::vector<Action> actions;
    const auto owner = role_name(database, Role::owner);
    auto wanted = wanted_roles(manifest, database);
    // The owner first: others become members of it.
    const auto plan_one = [&](const std::string& name) {
        const auto existing = found.roles.find(name);
        plan_role(name, wanted.at(name),
                  existing == found.roles.end() ? nullptr : &existing->second,
                  roles_with_secret.contains(name), new_password, actions);
    };
    plan_one(owner);
    for (const auto& [name, state] : wanted) {
        if (name != owner) {
            plan_one(name);
        }
    }
    if (!found.admin_is_superuser) {
        const auto admin = found.roles.find(found.admin);
        if (admin == found.roles.end() || !admin->second.member_of.contains(owner)) {
            actions.push_back(
                {fmt::format("membership of {} in {}", found.admin, owner),
                 fmt::format("grant {} to {}", identifier(owner), identifier(found.admin))});
        }
    }
    if (!found.database_exists) {
        actions.push_back(
            {fmt::format("database {}", database.name),
             fmt::format("create database {} owner {} encoding 'UTF8' template template0",
                         identifier(database.name), identifier(owner))});
    }
    return actions;
}

ExtensionPlan plan_extensions(const Survey& found, const platform::Database& database,
                              int server_major) {
    ExtensionPlan plan;
    std::vector<std::string> missing;
    std::vector<std::string> packages;
    for (const auto& extension : database.extensions) {
        if (found.installed.contains(extension.name)) {
            continue;
        }
        if (found.offered.contains(extension.name)) {
            plan.actions.push_back(
                {fmt::format("extension {}", extension.name),
                 fmt::format("create extension {} cascade", identifier(extension.name))});
        } else if (extension.optional) {
            plan.notes.push_back(
                fmt::format("the server does not offer the optional extension {} (package {})",
                            extension.name, package_of(extension.name, server_major)));
        } else {
            missing.push_back(extension.name);
            packages.push_back(package_of(extension.name, server_major));
        }
    }
    if (!missing.empty()) {
        throw Error(
            Code::extension_missing,
            fmt::format("the server does not offer {}: {}",
                        missing.size() == 1 ? "a required extension" : "required extensions",
                        join(missing, ", ")),
            fmt::format("apt-get install {}; or mark it optional in caisson.toml: {{ name = "
                        "\"{}\", optional = true }}",
                        join(packages, " "), missing.front()))
            .with("database", database.name);
    }
    return plan;
}

std::string rights(const platform::Manifest& manifest, const platform::Database& database) {
    const auto owner = identifier(role_name(database, Role::owner));
    const auto migrator = identifier(role_name(database, Role::migrator));
    const auto service = identifier(role_name(database, Role::service));
    const auto name = identifier(database.name);
    const auto writers = names(database, {Role::app, Role::service});
    const auto readers =
        names(database, {Role::backup, Role::readonly, Role::auditor, Role::advisor});
    const auto of_caisson =
        names(database, {Role::owner, Role::migrator, Role::service, Role::auditor, Role::monitor});
    auto everyone =
        writers + ", " + readers + ", " + names(database, {Role::migrator, Role::monitor});
    for (const auto& role : own_roles(manifest, database)) {
        everyone += ", " + identifier(database.name + "_" + role.name);
    }
    const auto later = fmt::format("alter default privileges for role {} ", owner);

    std::string sql;
    const auto add = [&](const std::string& statement) { sql += statement + ";\n"; };
    add(fmt::format("revoke all on database {} from public", name));
    add(fmt::format("grant connect on database {} to {}", name, everyone));
    add(fmt::format("grant temporary on database {} to {}", name, service));
    add(fmt::format("alter database {} set search_path = public", name));
    add(fmt::format("alter database {} set timezone = 'UTC'", name));
    // What a migration makes belongs to the owner, whoever runs it.
    add(fmt::format("alter role {} in database {} set role = {}", migrator, name,
                    pg::literal(role_name(database, Role::owner))));
    add(fmt::format("alter schema public owner to {}", owner));
    add("revoke all on schema public from public");
    add(fmt::format("grant usage on schema public to {}", everyone));
    add(later + fmt::format("grant usage on schemas to {}, {}", writers, readers));
    add(later + fmt::format("grant select, insert, update, delete on tables to {}", writers));
    add(later + fmt::format("grant select on tables to {}", readers));
    add(later + fmt::format("grant usage, select on sequences to {}", writers));
    add(later + fmt::format("grant select on sequences to {}", readers));
    add(later + "revoke execute on functions from public");
    add(later + fmt::format("grant execute on functions to {}, {}", writers, readers));
    add(fmt::format("grant usage on schema caisson to {}", of_caisson));
    add(fmt::format("grant select on all tables in schema caisson to {}", of_caisson));
    add(fmt::format("grant usage, select on all sequences in schema caisson to {}, {}", owner,
                    service));
    add(fmt::format("grant insert, update, delete on all tables in schema caisson to {}, {}", owner,
                    service));
    add(
        fmt::format("revoke insert, update, delete on caisson.catalogue, caisson.identity, "
                    "caisson.rights from {}, {}",
                    owner, service));
    return sql;
}

std::vector<Grant> grants(const platform::Manifest& manifest, const platform::Database& database) {
    std::vector<Grant> list;
    for (const auto& role : own_roles(manifest, database)) {
        for (const auto& text : role.grants) {
            const auto on = lower(text).find(" on ");
            if (on == std::string::npos) {
                throw Error(
                    Code::platform_invalid,
                    fmt::format("the grant \"{}\" of role {} has no \" on \"", text, role.name))
                    .at(role.place);
            }
            Grant grant;
            grant.role = database.name + "_" + role.name;
            const std::string privileges(trim(text.substr(0, on)));
            if (lower(privileges).find_first_not_of("abcdefghijklmnopqrstuvwxyz, ") !=
                std::string::npos) {
                throw Error(Code::platform_invalid,
                            fmt::format("\"{}\" names no privileges", privileges))
                    .at(role.place);
            }
            const std::string object(trim(text.substr(on + 4)));
            grant.object = object;
            const auto words = split(object, ' ');
            std::string target;
            if (lower(words[0]) == "schema" && words.size() == 2) {
                grant.schema = words[1];
                grant.exists = fmt::format("to_regnamespace({}) is not null",
                                           pg::literal(identifier(words[1])));
                target = "schema " + identifier(words[1]);
            } else if (lower(words[0]) == "all" && words.size() == 5) {
                grant.schema = words[4];
                grant.exists = fmt::format("to_regnamespace({}) is not null",
                                           pg::literal(identifier(words[4])));
                target = fmt::format("all {} in schema {}", lower(words[1]), identifier(words[4]));
            } else {
                const bool is_sequence = lower(words[0]) == "sequence";
                const auto relation = pg::qualified_name(words.back());
                grant.schema = relation.schema;
                grant.exists =
                    fmt::format("to_regclass({}) is not null", pg::literal(relation.quoted()));
                target = (is_sequence ? "sequence " : "table ") + relation.quoted();
            }
            grant.sql =
                fmt::format("grant {} on {} to {}", privileges, target, identifier(grant.role));
            list.push_back(grant);
        }
    }
    return list;
}

}  // namespace caisson::provision
