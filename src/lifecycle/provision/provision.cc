// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/provision.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/parallel.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/provision/secrets.h"
#include "trust/locks.h"

namespace caisson::provision {
namespace {

/// In the database that is provisioned, while what is inside of it is made.
constexpr const char* database_lock = "provision";

bool has_database(pg::Connection& server, const trust::Run& run,
                  const platform::Database& database) {
    return !server
                .query("select from pg_database where datname = $1",
                       {trust::database_name(run, database)})
                .empty();
}

Survey survey_server(pg::Connection& server, const trust::Run& run,
                     const platform::Database& database) {
    Survey survey;
    const auto me = server
                        .query(
                            "select current_user as name, (select rolsuper from pg_roles where "
                            "rolname = current_user) as super, "
                            "exists (select from pg_database where datname = $1) as there",
                            {trust::database_name(run, database)})
                        .front();
    survey.admin = me.string("name");
    survey.admin_is_superuser = me.boolean("super");
    survey.database_exists = me.boolean("there");
    const auto roles = server.query(
        "select r.rolname, r.rolcanlogin, r.rolbypassrls, "
        "       r.rolsuper or r.rolcreatedb or r.rolcreaterole or r.rolreplication as powerful, "
        "       coalesce(array_to_string(array(select g.rolname from pg_auth_members m join "
        "pg_roles g on g.oid = m.roleid "
        "                                       where m.member = r.oid), ','), '') as groups "
        "  from pg_roles r where r.rolname = current_user or starts_with(r.rolname, $1)",
        {database.name + "_"});
    for (const auto row : roles) {
        RoleState state{
            row.boolean("rolcanlogin"), row.boolean("rolbypassrls"), row.boolean("powerful"), {}};
        for (auto& group : split(row.text("groups"), ',')) {
            state.member_of.insert(std::move(group));
        }
        survey.roles[row.string("rolname")] = std::move(state);
    }
    return survey;
}

void survey_extensions(pg::Connection& inside, Survey& survey) {
    for (const auto row :
         inside.query("select name, default_version, coalesce(installed_version, '') as installed "
                      "from pg_available_extensions")) {
        survey.offered[row.string("name")] = row.string("default_version");
        if (!row.text("installed").empty()) {
            survey.installed[row.string("name")] = row.string("installed");
        }
    }
}

/// The rights as they are: whoever changes one changes this.
std::string rights_as_they_are(pg::Connection& inside, const platform::Database& database) {
    return sha256_hex(
        inside
            .query(
                "select concat_ws('|', "
                "  (select concat(datacl::text, datdba) from pg_database where datname = "
                "current_database()), "
                "  (select string_agg(concat(nspname, nspowner, nspacl::text), ',' order by "
                "nspname) from pg_namespace "
                "    where nspname in ('public', 'caisson')), "
                "  (select string_agg(concat(defaclnamespace, defaclobjtype, defaclacl::text), ',' "
                "order by defaclnamespace, defaclobjtype) "
                "     from pg_default_acl where defaclrole = (select oid from pg_roles where "
                "rolname = $1)), "
                "  (select string_agg(concat(relname, relacl::text), ',' order by relname) from "
                "pg_class "
                "    where relnamespace = to_regnamespace('caisson') and relkind in ('r', 'S')), "
                "  (select string_agg(concat(oid::regprocedure, proacl::text), ',' order by oid) "
                "from pg_proc "
                "    where pronamespace = to_regnamespace('caisson') and starts_with(proname, "
                "'monitor_')), "
                "  (select string_agg(concat(setdatabase = 0, setrole, setconfig::text), ',' order "
                "by setrole) "
                "     from pg_db_role_setting where setdatabase = (select oid from pg_database "
                "where datname = current_database()))) as rights",
                {trust::role_name(database, trust::Role::owner)})
            .front()
            .text("rights"));
}

/// A role that a killed shadow left is the platform's from now on: no later shadow removes it.
std::vector<Action> take_from_shadows(pg::Connection& server,
                                      const std::map<std::string, RoleState>& wanted) {
    std::vector<Action> actions;
    for (const auto row :
         server.query("select rolname from pg_roles where starts_with(shobj_description(oid, "
                      "'pg_authid'), $1)",
                      {shadow_role_mark})) {
        if (wanted.contains(row.string("rolname"))) {
            actions.push_back(
                {fmt::format("role {}, which a shadow had made", row.text("rolname")),
                 fmt::format("comment on role {} is null", pg::identifier(row.text("rolname")))});
        }
    }
    return actions;
}

/// All in one transaction, but for what the server does outside of one only and what may fail.
void run_actions(pg::Connection& connection, const std::vector<Action>& actions,
                 const Options& options, Report& report) {
    std::optional<pg::Transaction> transaction;
    const auto commit = [&] {
        if (transaction) {
            transaction->commit();
            transaction.reset();
        }
    };
    for (const auto& action : actions) {
        if (action.is_alone || action.is_optional) {
            commit();
        } else if (!transaction && !options.dry_run) {
            transaction.emplace(connection);
        }
        if (!options.dry_run) {
            try {
                connection.query(action.sql);
            } catch (const pg::DatabaseError& error) {
                if (!action.is_optional) {
                    throw Error(error).with("while making", action.description);
                }
                report.notes.push_back(fmt::format("the optional {} is left out: {}",
                                                   action.description, error.message()));
                continue;
            }
        }
        report.done.push_back(action.description);
    }
    commit();
}

void provision_server(pg::Connection& server, const trust::Run& run,
                      const platform::Database& database, Secrets& secrets, const Options& options,
                      Report& report) {
    const auto found = survey_server(server, run, database);
    const auto new_password = [&](const std::string& role) {
        return server.scram_verifier(role, secrets.password_of(role, database).reveal());
    };
    const auto wanted = wanted_roles(run.manifest, database);
    const auto known = secrets.roles_with_secret(wanted, database);
    const auto actions = plan_server(found, run.manifest, database,
                                     trust::database_name(run, database), known, new_password);
    if (!options.dry_run) {
        secrets.keep();
    }
    run_actions(server, take_from_shadows(server, wanted), options, report);
    run_actions(server, actions, options, report);
    if (!options.dry_run) {
        secrets.clear_rotation(database);
    }
}

/// Before the first change inside the database: may we?
void require_admission(pg::Connection& inside, const trust::Run& run,
                       const platform::Database& database, const Options& options) {
    const auto judgement = trust::judge(inside, run, database);
    if (options.adopt || judgement.standing == trust::Standing::ours ||
        judgement.standing == trust::Standing::empty) {
        return;
    }
    throw Error(judgement.standing == trust::Standing::unknown ? Code::identity_unknown
                                                               : Code::identity_mismatch,
                judgement.explanation);
}

void provision_rights(pg::Connection& inside, const trust::Run& run,
                      const platform::Database& database, Report& report) {
    const auto script = rights(run.manifest, database, trust::database_name(run, database));
    const auto wanted = sha256_hex(script);
    const auto kept = inside.query("select wanted, given from caisson.rights");
    if (!kept.empty() && kept.front().text("wanted") == wanted &&
        kept.front().text("given") == rights_as_they_are(inside, database)) {
        return;
    }
    pg::Transaction transaction(inside);
    inside.script(script);
    inside.query(
        "insert into caisson.rights (wanted, given) values ($1, $2) on conflict (only_row) "
        "do update set wanted = excluded.wanted, given = excluded.given, given_at = now()",
        {wanted, rights_as_they_are(inside, database)});
    transaction.commit();
    report.done.push_back(kept.empty() ? "rights of the roles"
                                       : "rights of the roles, which had changed");
}

void provision_inside(pg::Connection& inside, const trust::Run& run,
                      const platform::Database& database,
                      const std::vector<trust::CatalogueStep>& catalogue, const Options& options,
                      Report& report) {
    Survey found;
    survey_extensions(inside, found);
    auto extensions = plan_extensions(found, database, inside.server_version() / 10000);
    run_actions(inside, extensions.actions, options, report);
    report.notes.insert(report.notes.end(), extensions.notes.begin(), extensions.notes.end());
    if (options.dry_run) {
        return;
    }
    fault::point("extensions-made");
    const auto steps = trust::install_catalogue(inside, catalogue);
    if (!steps.empty()) {
        report.done.push_back(fmt::format("schema caisson ({})", counted(steps.size(), "step")));
    }
    provision_rights(inside, run, database, report);
    if (trust::judge(inside, run, database).standing != trust::Standing::ours) {
        trust::stamp(inside, run, database);
        report.done.push_back("identity");
    }
    report.identity = trust::read_identity(inside);
    survey_extensions(inside, found);
    for (const auto& extension : database.extensions) {
        if (const auto installed = found.installed.find(extension.name);
            installed != found.installed.end()) {
            report.extensions.insert(*installed);
        }
    }
}

/// Held while roles and databases of these servers are made: one lock for each server, whatever
/// names it goes by.
class ServerLocks {
 public:
    ServerLocks(const trust::Run& run, const std::vector<platform::Database>& databases) {
        std::set<std::string> asked;
        for (const auto& database : databases) {
            const auto settings = trust::server_settings(run, database);
            if (asked.insert(settings.text()).second) {
                auto connection = std::make_unique<pg::Connection>(settings);
                auto name = connection
                                ->query(
                                    "select concat(system_identifier, ' ', current_database()) "
                                    "as name from pg_control_system()")
                                .front()
                                .string("name");
                servers_.emplace(std::move(name), std::move(connection));
            }
        }
        // In the order of what they are, so that two runs cannot wait for each other.
        for (const auto& [name, connection] : servers_) {
            locks_.push_back(
                std::make_unique<trust::AdvisoryLock>(*connection, server_lock, lock_limit));
        }
    }
    ServerLocks(const ServerLocks&) = delete;
    ServerLocks& operator=(const ServerLocks&) = delete;

 private:
    std::map<std::string, std::unique_ptr<pg::Connection>> servers_;
    std::vector<std::unique_ptr<trust::AdvisoryLock>> locks_;
};

/// What is the server's: the roles of the database, and the database itself.
void make_database(const trust::Run& run, const platform::Database& database, Secrets& secrets,
                   const Options& options, Report& report) {
    pg::Connection server(trust::server_settings(run, database));
    report.database_version = server.query("show server_version").front().string("server_version");
    if (has_database(server, run, database)) {
        // First of all: the roles of somebody else's database are not ours to give secrets to.
        pg::Connection inside(trust::admin_settings(run, database));
        require_admission(inside, run, database, options);
    }
    provision_server(server, run, database, secrets, options, report);
    report.is_there = has_database(server, run, database);
    fault::point("database-made");
}

/// What is inside of it.
void fill_database(const trust::Run& run, const platform::Database& database,
                   const std::vector<trust::CatalogueStep>& catalogue, const Options& options,
                   Report& report) {
    if (report.is_there) {
        pg::Connection inside(trust::admin_settings(run, database));
        const trust::AdvisoryLock lock(inside, database_lock, lock_limit);
        provision_inside(inside, run, database, catalogue, options, report);
    }
}

void settle_settings(const trust::Run& run, const platform::Database& database,
                     const Options& options, Report& report) {
    if (report.is_there) {
        pg::Connection inside(trust::admin_settings(run, database));
        const auto settings = compare_settings(inside, run, options.settings && !options.dry_run);
        report.done.insert(report.done.end(), settings.done.begin(), settings.done.end());
        report.notes.insert(report.notes.end(), settings.notes.begin(), settings.notes.end());
    }
}

}  // namespace

trust::CatalogueStep rights_step() {
    return {2, "rights", R"sql(
create table caisson.rights (
    only_row boolean primary key default true check (only_row),
    wanted   text not null,
    given    text not null,
    given_at timestamptz not null default now()
);
comment on table caisson.rights is 'Hashes of the rights that provisioning gave: a change since is noticed and mended'
)sql"};
}

std::vector<Report> provision(const trust::Run& run,
                              const std::vector<platform::Database>& databases,
                              const std::vector<trust::CatalogueStep>& catalogue,
                              const Options& options) {
    std::vector<Report> reports(databases.size());
    {
        const ServerLocks locks(run, databases);
        Secrets secrets(run);
        in_parallel(databases.size(), [&](std::size_t i) {
            make_database(run, databases[i], secrets, options, reports[i]);
        });
    }
    std::mutex settling;
    in_parallel(databases.size(), [&](std::size_t i) {
        fill_database(run, databases[i], catalogue, options, reports[i]);
        if (!run.is_private()) {
            const std::lock_guard lock(settling);  // They may be the settings of one server.
            settle_settings(run, databases[i], options, reports[i]);
        }
        if (options.provisioned) {
            options.provisioned(i, reports[i]);
        }
    });
    fault::point("provisioned");
    return reports;
}

Report apply_grants(const trust::Run& run, const platform::Database& database) {
    Report report;
    const auto wanted = grants(run.manifest, database);
    if (wanted.empty()) {
        return report;
    }
    pg::Connection inside(trust::admin_settings(run, database));
    for (const auto& grant : wanted) {
        if (!grant.exists.empty() &&
            !inside.query("select " + grant.exists + " as there").front().boolean("there")) {
            report.notes.push_back(fmt::format("{} has no rights on {} yet: it does not exist",
                                               grant.role, grant.object));
            continue;
        }
        std::string usage;
        for (const auto& schema : grant.schemas) {
            if (schema != "public") {  // Everybody has the usage of that one.
                usage += fmt::format("grant usage on schema {} to {};", pg::identifier(schema),
                                     pg::identifier(grant.role));
            }
        }
        inside.script(usage + grant.sql);
        report.done.push_back(grant.sql);
    }
    return report;
}

}  // namespace caisson::provision
