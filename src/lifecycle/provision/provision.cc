// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/provision.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "trust/locks.h"
#include "trust/passfile.h"

namespace caisson::provision {
namespace {

/// On the maintenance database, and so one for the whole server, as roles are.
constexpr const char* lock_name = "provision";
constexpr std::chrono::seconds lock_limit{60};

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

void run_actions(pg::Connection& connection, const std::vector<Action>& actions,
                 const Options& options, Report& report) {
    for (const auto& action : actions) {
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
}

/// Secrets that this run makes, kept in the passfile before a role gets them: a role without a
/// known secret is mended by the next run, a secret without its role is simply used.
class Secrets {
 public:
    explicit Secrets(const trust::Run& run)
        : run_(run), passfile_(trust::Passfile::read(run.state.passfile())) {}

    std::set<std::string> roles_with_secret(const std::map<std::string, RoleState>& wanted,
                                            const platform::Database& database) const {
        std::set<std::string> known;
        if (fs::exists(rotation_mark(database))) {
            return known;  // A rotation was cut off: the server may know either secret, so all are
                           // set again.
        }
        for (const auto& [role, state] : wanted) {
            const auto settings = settings_of(role, database);
            if (!settings.password.empty() || find(settings)) {
                known.insert(role);
            }
        }
        return known;
    }

    /// The password a role is to get: the environment's, the one we kept, or a new one.
    Secret password_of(const std::string& role, const platform::Database& database) {
        const auto settings = settings_of(role, database);
        if (!settings.password.empty()) {
            return settings.password;
        }
        if (const auto kept = find(settings)) {
            return *kept;
        }
        const auto made = random_secret();
        passfile_.set(entry_of(settings, made));
        changed_ = true;
        return made;
    }

    /// A new secret in any case, for rotation.
    Secret renew(const std::string& role, const platform::Database& database) {
        const auto settings = settings_of(role, database);
        if (!settings.password.empty()) {
            throw Error(
                Code::usage,
                fmt::format("the secret of {} comes from the environment, not from us", role),
                "change it there, and in the server");
        }
        auto made = random_secret();
        passfile_.set(entry_of(settings, made));
        changed_ = true;
        return made;
    }

    /// From before the secrets are kept until the server has them.
    void mark_rotation(const platform::Database& database) const {
        make_directory(run_.state.secrets(), 0700, run_.account);
        write_file(rotation_mark(database), "", 0600, run_.account);
    }
    void clear_rotation(const platform::Database& database) const {
        std::error_code ignored;
        fs::remove(rotation_mark(database), ignored);
    }

    void keep() {
        if (changed_) {
            make_directory(run_.state.secrets(), 0700, run_.account);
            passfile_.write(run_.state.passfile(), run_.account);
        }
    }

 private:
    pg::Settings settings_of(const std::string& role, const platform::Database& database) const {
        auto settings = trust::role_settings(run_, database, role.substr(database.name.size() + 1));
        settings.user = role;
        return settings;
    }
    std::optional<Secret> find(const pg::Settings& settings) const {
        return passfile_.find(settings.host, settings.port, settings.database, settings.user);
    }

    /// Roles carry their database's name, so the entry is good for any database of the server.
    static trust::Passfile::Entry entry_of(const pg::Settings& settings, const Secret& secret) {
        return {settings.host, std::to_string(settings.port), "*", settings.user, secret};
    }
    /// One for each database: mending the roles of one says nothing of another's.
    fs::path rotation_mark(const platform::Database& database) const {
        return run_.state.secrets() / ("rotating-" + database.key);
    }

    const trust::Run& run_;
    trust::Passfile passfile_;
    bool changed_ = false;
};

void provision_server(pg::Connection& server, const trust::Run& run,
                      const platform::Database& database, const Options& options, Report& report) {
    const auto found = survey_server(server, run, database);
    Secrets secrets(run);
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

Report provision(const trust::Run& run, const platform::Database& database,
                 const std::vector<trust::CatalogueStep>& catalogue, const Options& options) {
    Report report;
    pg::Connection server(trust::server_settings(run, database));
    // Two runs would give one role two secrets, and keep the one that the server does not have.
    const trust::AdvisoryLock lock(server, lock_name, lock_limit);
    report.database_version = server.query("show server_version").front().string("server_version");
    if (has_database(server, run, database)) {
        // First of all: the roles of somebody else's database are not ours to give secrets to.
        pg::Connection inside(trust::admin_settings(run, database));
        require_admission(inside, run, database, options);
    }
    provision_server(server, run, database, options, report);
    fault::point("database-made");
    if (has_database(server, run, database)) {
        pg::Connection inside(trust::admin_settings(run, database));
        provision_inside(inside, run, database, catalogue, options, report);
        if (!run.is_private()) {
            const auto settings =
                compare_settings(inside, run, options.settings && !options.dry_run);
            report.done.insert(report.done.end(), settings.done.begin(), settings.done.end());
            report.notes.insert(report.notes.end(), settings.notes.begin(), settings.notes.end());
        }
    }
    fault::point("provisioned");
    return report;
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

std::vector<std::string> rotate_secrets(const trust::Run& run, const platform::Database& database,
                                        const std::string& role, bool dry_run) {
    pg::Connection server(trust::server_settings(run, database));
    const trust::AdvisoryLock lock(server, lock_name, lock_limit);
    Secrets secrets(run);
    std::vector<std::string> rotated;
    std::vector<Action> actions;
    for (const auto& [name, state] : wanted_roles(run.manifest, database)) {
        if (!state.can_login || (!role.empty() && name != database.name + "_" + role)) {
            continue;
        }
        rotated.push_back(name);
        if (!dry_run) {
            const auto verifier =
                server.scram_verifier(name, secrets.renew(name, database).reveal());
            actions.push_back({name, fmt::format("alter role {} password {}", pg::identifier(name),
                                                 pg::literal(verifier))});
        }
    }
    if (rotated.empty()) {
        throw Error(Code::usage, fmt::format("{} has no login role \"{}\"", database.name, role),
                    "see the roles in docs/reference/provision.md");
    }
    if (dry_run) {
        return rotated;
    }
    // The file and the server cannot change at once: the mark tells the next run to set the kept
    // secrets again.
    secrets.mark_rotation(database);
    secrets.keep();
    fault::point("secrets-kept");
    pg::Transaction transaction(server);
    for (const auto& action : actions) {
        server.query(action.sql);
    }
    transaction.commit();
    secrets.clear_rotation(database);
    return rotated;
}

Report compare_settings(pg::Connection& admin, const trust::Run& run, bool set) {
    Report report;
    for (const auto& [name, value] : run.manifest.server.postgres) {
        // Sizes are compared as sizes: 1GB is 1024MB.
        const auto rows = admin.query(
            "select current_setting(name) as value, context, "
            "  lower(current_setting(name)) = lower($2) or setting = $2 "
            "  or (unit in ('B', 'kB', '8kB', 'MB') and $2 ~* '^\\s*\\d+\\s*[kmgt]b\\s*$' "
            "      and pg_size_bytes(current_setting(name)) = pg_size_bytes($2)) "
            "  or (unit in ('ms', 's', 'min') and $2 ~ '^\\s*\\d+\\s*(us|ms|s|min|h|d)\\s*$' "
            "      and current_setting(name) ~ '^\\d+(us|ms|s|min|h|d)$' "
            "      and current_setting(name)::interval = $2::interval) as same "
            "  from pg_settings where lower(name) = lower($1)",
            {name, value});
        if (rows.empty()) {
            report.notes.push_back(fmt::format("the server knows no setting {}", name));
            continue;
        }
        const auto row = rows.front();
        const std::string found = row.string("value");
        if (row.text("same") == "t") {
            continue;
        }
        if (!set) {
            report.notes.push_back(
                fmt::format("{} is {} on the server, the manifest says {}", name, found, value));
            continue;
        }
        admin.query(fmt::format("alter system set {} = {}", pg::identifier(name),
                                setting_literal(name, value)));
        report.done.push_back(fmt::format(
            "{} = {}{}", name, value,
            row.text("context") == "postmaster" ? ", after a restart of the server" : ""));
    }
    if (set && !report.done.empty()) {
        admin.query("select pg_reload_conf()");
    }
    return report;
}

}  // namespace caisson::provision
