// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "platform/grants.h"

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
               found->is_powerful) {
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
        } else if (role == Role::service) {
            state.member_of = {"pg_read_all_settings"};  // Verification compares settings.
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
                                const std::string& database_name,
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
            {fmt::format("database {}", database_name),
             fmt::format("create database {} owner {} encoding 'UTF8' template template0",
                         identifier(database_name), identifier(owner)),
             false, true});
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
                 fmt::format("create extension {} cascade", identifier(extension.name)),
                 extension.optional});
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

std::string setting_literal(const std::string& name, const std::string& value) {
    // Source: GUC_LIST_QUOTE in PostgreSQL's src/backend/utils/misc/guc_tables.c; no view tells it.
    static const std::set<std::string> lists = {
        "local_preload_libraries",  "search_path",      "session_preload_libraries",
        "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"};
    if (!lists.contains(lower(name)) || trim(value).empty()) {
        return pg::literal(value);
    }
    std::vector<std::string> quoted;
    for (const auto& part : split(value, ',')) {
        quoted.push_back(pg::literal(trim(part)));
    }
    return join(quoted, ", ");
}

std::string rights(const platform::Manifest& manifest, const platform::Database& database,
                   const std::string& database_name) {
    const auto owner = identifier(role_name(database, Role::owner));
    const auto migrator = identifier(role_name(database, Role::migrator));
    const auto service = identifier(role_name(database, Role::service));
    const auto name = identifier(database_name);
    const auto writers = names(database, {Role::app, Role::service});
    const auto readers =
        names(database, {Role::backup, Role::readonly, Role::auditor, Role::advisor});
    const auto of_caisson =
        names(database, {Role::owner, Role::migrator, Role::service, Role::auditor, Role::monitor});
    const auto built_in =
        writers + ", " + readers + ", " + names(database, {Role::migrator, Role::monitor});
    auto everyone = built_in;
    for (const auto& role : own_roles(manifest, database)) {
        everyone += ", " + identifier(database.name + "_" + role.name);
    }
    const auto later = fmt::format("alter default privileges for role {} ", owner);

    std::string sql;
    const auto add = [&](const std::string& statement) { sql += statement + ";\n"; };
    // What was given by hand goes first, in the same transaction. Rights of the manifest's own
    // roles stay: they follow the migrations.
    add(fmt::format("revoke all on database {} from public, {}", name, built_in));
    add(fmt::format("revoke all on schema public from {}", built_in));
    add(fmt::format("revoke all on schema caisson from public, {}, {}", owner, built_in));
    for (const std::string_view kind : {"tables", "sequences"}) {
        add(fmt::format("revoke all on all {} in schema caisson from public, {}, {}", kind, owner,
                        built_in));
        add(later + fmt::format("revoke all on {} from {}", kind, built_in));
    }
    add(later + fmt::format("revoke all on schemas from {}", built_in));
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
    // The journal is only ever added to. A schema of fewer steps does not have it.
    add(
        fmt::format("do $$begin if to_regclass('caisson.journal') is not null then revoke update, "
                    "delete on caisson.journal from {}, {}; end if; end$$",
                    owner, service));
    // What the schema offers to the monitor alone is named after it.
    add(
        fmt::format("do $$declare one regprocedure; begin for one in select oid from pg_proc where "
                    "pronamespace = 'caisson'::regnamespace and starts_with(proname, 'monitor_') "
                    "loop execute format('revoke all on function %s from ', one) || {}; execute "
                    "format('grant execute on function %s to ', one) || {}; end loop; end$$",
                    pg::literal("public, " + owner + ", " + built_in),
                    pg::literal(identifier(role_name(database, Role::monitor)))));
    // Drills believe the markers: the application does not write them.
    add(
        fmt::format("do $$begin if to_regclass('caisson.heartbeat') is not null then revoke "
                    "insert, update, delete on caisson.heartbeat from {}; end if; end$$",
                    service));
    return sql;
}

namespace {

std::string text_of(const std::vector<platform::Privilege>& privileges) {
    std::vector<std::string> list;
    for (const auto& privilege : privileges) {
        // The names were checked when the manifest was read: words of SQL, not input.
        list.push_back(privilege.columns.empty() ? privilege.name
                                                 : fmt::format("{} ({})", privilege.name,
                                                               pg::identifiers(privilege.columns)));
    }
    return join(list, ", ");
}

/// The condition under which a target is there, by the catalogue's own look-up functions.
std::string existence(platform::GrantObject object, const std::string& quoted, bool has_arguments) {
    using Object = platform::GrantObject;
    const auto look_up = object == Object::schema                                ? "to_regnamespace"
                         : object == Object::type                                ? "to_regtype"
                         : object == Object::table || object == Object::sequence ? "to_regclass"
                         : has_arguments                                         ? "to_regprocedure"
                                                                                 : "to_regproc";
    return fmt::format("{}({}) is not null", look_up, pg::literal(quoted));
}

Grant grant_of(const std::string& role, const platform::Grant& parsed) {
    Grant grant;
    grant.role = role;
    std::vector<std::string> targets;
    std::vector<std::string> conditions;
    for (const auto& target : parsed.targets) {
        const bool is_schema =
            parsed.all_in_schema || parsed.object == platform::GrantObject::schema;
        const auto schema = target.schema.empty() ? "public" : target.schema;
        auto quoted = is_schema ? identifier(target.name) : identifier(schema, target.name);
        quoted += target.has_arguments ? fmt::format("({})", target.arguments) : "";
        targets.push_back(quoted);
        conditions.push_back(existence(is_schema ? platform::GrantObject::schema : parsed.object,
                                       quoted, target.has_arguments));
        grant.schemas.insert(is_schema ? target.name : schema);
    }
    grant.object = join(targets, ", ");
    grant.exists = join(conditions, " and ");
    const auto word = platform::grant_object_text(parsed.object);
    grant.sql = fmt::format(
        "grant {} on {} {} to {}", text_of(parsed.privileges),
        parsed.all_in_schema ? fmt::format("all {}s in schema", word) : std::string(word),
        grant.object, identifier(role));
    return grant;
}

}  // namespace

std::vector<Grant> grants(const platform::Manifest& manifest, const platform::Database& database) {
    std::vector<Grant> list;
    for (const auto& role : own_roles(manifest, database)) {
        for (const auto& text : role.grants) {
            std::string why;
            const auto parsed = platform::parse_grant(text, why);
            if (!parsed) {
                throw Error(Code::platform_invalid,
                            fmt::format("\"{}\" is no grant: {}", text, why))
                    .at(role.place);
            }
            list.push_back(grant_of(database.name + "_" + role.name, *parsed));
        }
    }
    return list;
}

}  // namespace caisson::provision
