// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/shadow.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/shadow/address.h"
#include "lifecycle/shadow/server.h"
#include "platform/environment.h"

namespace caisson::shadow {
namespace {

/// A database of the real name on a server that is nobody else's: what migrations do to roles and
/// to their database by name hits nothing real.
class OwnServer : public Place {
 public:
    OwnServer(const trust::Run& run, const platform::Database& database, const Options& options)
        : server_(run, options), database_(database) {
        pg::Connection connection(server_.settings("postgres", "postgres"));
        connection.script(roles_sql(run.manifest));
        connection.query(
            fmt::format("create database {} owner {} encoding 'UTF8' template template0",
                        pg::identifier(database.name),
                        pg::identifier(trust::role_name(database, trust::Role::owner))));
    }

    pg::Settings admin() const override { return server_.settings("postgres", database_.name); }
    pg::Settings role(trust::Role role) const override {
        return server_.settings(trust::role_name(database_, role), database_.name);
    }
    std::optional<Error> explain(const Error& cause) const override {
        return server_.explain(cause);
    }

 private:
    /// Roles are cluster-wide, and files of one database may name those of another.
    static std::string roles_sql(const platform::Manifest& manifest) {
        std::map<std::string, provision::RoleState> roles;
        for (const auto& database : manifest.databases) {
            roles.merge(provision::wanted_roles(manifest, database));
        }
        std::string create;
        std::string grant;
        for (const auto& [name, state] : roles) {
            create += fmt::format("create role {} {}{};\n", pg::identifier(name),
                                  state.can_login ? "login" : "nologin",
                                  state.bypasses_rls ? " bypassrls" : "");
            for (const auto& group : state.member_of) {
                grant +=
                    fmt::format("grant {} to {};\n", pg::identifier(group), pg::identifier(name));
            }
        }
        return create + grant;
    }

    Server server_;
    platform::Database database_;
};

provision::Survey survey_of(pg::Connection& connection) {
    provision::Survey survey;
    for (const auto row : connection.query("select name, coalesce(default_version, '') as offered, "
                                           "coalesce(installed_version, '') as installed from "
                                           "pg_available_extensions")) {
        survey.offered[row.string("name")] = row.string("offered");
        if (!row.text("installed").empty()) {
            survey.installed[row.string("name")] = row.string("installed");
        }
    }
    return survey;
}

/// Without the optional extensions in the database, and nobody may make them: they are taken back
/// as they are made. Notes. Event triggers are for superusers; at an address we may not be one.
std::vector<std::string> forbid_extensions(pg::Connection& inside,
                                           const std::vector<std::string>& names) {
    if (names.empty()) {
        return {};
    }
    if (inside.query("show is_superuser").front().text(0) != "on") {
        return {
            fmt::format("the files may make the optional extensions {} here: only a superuser "
                        "could forbid it",
                        join(names, ", "))};
    }
    std::string list;
    for (const auto& name : names) {
        list += fmt::format("{}quote_ident({})", list.empty() ? "" : ", ", pg::literal(name));
    }
    inside.script(fmt::format(R"sql(
create function caisson.forbid_extension() returns event_trigger language plpgsql
set search_path = pg_catalog as $$
declare name text;
begin
    for name in select object_identity from pg_event_trigger_ddl_commands()
                 where object_type = 'extension' and object_identity in ({}) loop
        raise insufficient_privilege using
            message = format('the extension %s is optional, and this is tried without it', name),
            hint = 'let the file do without it, or declare it without optional = true';
    end loop;
end $$;
create event trigger caisson_forbid_extension on ddl_command_end when tag in ('CREATE EXTENSION')
    execute function caisson.forbid_extension();
)sql",
                              list));
    return {};
}

/// What provisioning does inside a database: extensions, the schema caisson, rights. Notes.
std::vector<std::string> prepare(pg::Connection& inside, const trust::Run& run,
                                 const platform::Database& database,
                                 const std::vector<trust::CatalogueStep>& catalogue,
                                 const std::string& database_name, bool has_roles,
                                 const Options& options) {
    trust::install_catalogue(inside, catalogue);
    auto wanted = database;
    std::vector<std::string> forbidden;
    if (!options.optional_extensions) {
        std::erase_if(wanted.extensions, [&](const auto& extension) {
            if (extension.optional) {
                forbidden.push_back(extension.name);
            }
            return extension.optional;
        });
    }
    auto extensions =
        provision::plan_extensions(survey_of(inside), wanted, inside.server_version() / 10000);
    for (const auto& action : extensions.actions) {
        try {
            inside.query(action.sql);
        } catch (const pg::DatabaseError& error) {
            if (action.is_optional) {
                extensions.notes.push_back(fmt::format("the optional {} is left out: {}",
                                                       action.description, error.message()));
                continue;
            }
            throw Error(Code::database_rejected,
                        fmt::format("the {} cannot be made in the shadow: {}", action.description,
                                    error.message()),
                        "make it there beforehand as a superuser, or name no shadow: a server of "
                        "its own is made");
        }
    }
    if (has_roles) {
        inside.script(provision::rights(run.manifest, database, database_name));
    }
    auto notes = forbid_extensions(inside, forbidden);
    notes.insert(notes.end(), extensions.notes.begin(), extensions.notes.end());
    return notes;
}

pg::Settings settings_of(const platform::Endpoint& endpoint) {
    pg::Settings settings;
    settings.host = endpoint.host;
    settings.port = endpoint.port;
    settings.database = endpoint.database;
    settings.user = endpoint.user.empty() ? "postgres" : endpoint.user;
    settings.password = endpoint.password;
    settings.tls = endpoint.tls;
    settings.tls_root = endpoint.tls_root;
    settings.application = "caisson shadow";
    return settings;
}

std::string version_text(int version) {
    return fmt::format("PostgreSQL {}.{}", version / 10000, version % 10000);
}

Shadow open_address(const platform::Endpoint& endpoint, const trust::Run& run,
                    const platform::Database& database, std::vector<trust::CatalogueStep> catalogue,
                    const Options& options) {
    auto place = std::make_unique<Address>(settings_of(endpoint), run, database);
    auto notes = place->make_roles(run, database);
    for (auto& step : catalogue) {
        if (step.number == trust::identity_step().number) {
            step = place->marked(std::move(step));
        }
    }
    try {
        const auto more = prepare(place->connection(), run, database, catalogue, endpoint.database,
                                  place->has_roles(), options);
        notes.insert(notes.end(), more.begin(), more.end());
        if (place->has_roles()) {
            // Elsewhere the owner owns the database; here it stays the user's.
            place->connection().query(
                fmt::format("grant create on database {} to {}", pg::identifier(endpoint.database),
                            pg::identifier(trust::role_name(database, trust::Role::owner))));
        }
    } catch (const pg::DatabaseError& error) {
        throw Error(Code::database_rejected,
                    fmt::format("{} may not prepare the shadow {}: {}", endpoint.user,
                                endpoint.database, error.message()),
                    "give it the database (ALTER DATABASE … OWNER TO) and CREATEROLE, or name no "
                    "shadow: a server of its own is made");
    }
    const int version = place->connection().server_version();
    auto text =
        fmt::format("{} at {} ({})", endpoint.database, endpoint.host, version_text(version));
    return {std::move(place), std::move(text), version, std::move(notes)};
}

}  // namespace

Shadow open(const trust::Run& run, const platform::Database& database,
            const std::vector<trust::CatalogueStep>& catalogue, const Options& options) {
    const auto endpoint = options.own_server ? std::nullopt
                                             : platform::shadow_endpoint(
                                                   run.manifest, run.environment, run.variables);
    if (endpoint) {
        return open_address(*endpoint, run, database, catalogue, options);
    }
    auto place = std::make_unique<OwnServer>(run, database, options);
    pg::Connection inside(place->admin());
    auto notes = prepare(inside, run, database, catalogue, database.name, true, options);
    const int version = inside.server_version();
    if (options.major != 0 && version / 10000 != options.major) {
        notes.push_back(fmt::format(
            "the shadow runs {}, because PostgreSQL {} is not installed here: it may word some "
            "definitions otherwise",
            version_text(version), options.major));
    }
    auto text = fmt::format("a server of its own ({})", version_text(version));
    return {std::move(place), std::move(text), version, std::move(notes)};
}

pg::Connection& Connections::operator()(bool as_admin) {
    auto& connection = as_admin ? admin_ : migrator_;
    if (!connection) {
        connection.emplace(as_admin ? shadow_.admin() : shadow_.role(trust::Role::migrator));
    }
    return *connection;
}

}  // namespace caisson::shadow
