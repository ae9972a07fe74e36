// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/checks/inspection.h"
#include "lifecycle/provision/plan.h"
#include "trust/session.h"

namespace caisson::checks {
namespace {

using trust::Role;
using Roles = std::map<std::string, provision::RoleState>;

std::string array_of(const Roles& roles) {
    std::string list;
    for (const auto& [name, state] : roles) {
        list += (list.empty() ? "" : ", ") + pg::literal(name);
    }
    return fmt::format("array[{}]::text[]", list);
}

void compare_attributes(Verdict& verdict, const std::string& name,
                        const provision::RoleState& wanted, const pg::Row& row) {
    const auto expect = [&](bool value, std::string_view column, std::string_view what) {
        if (row.boolean(column) != value) {
            add_finding(verdict, Severity::error,
                        fmt::format("role {} {} {}", name, value ? "cannot" : "can", what),
                        fmt::format("alter role {} {}{};", pg::identifier(name), value ? "" : "no",
                                    column));
        }
    };
    expect(false, "superuser", "do everything: it is a superuser");
    expect(wanted.can_login, "login", "log in");
    expect(wanted.bypasses_rls, "bypassrls", "pass by row-level security");
    expect(false, "createdb", "create databases");
    expect(false, "createrole", "create roles");
    expect(false, "replication", "replicate the whole server");
}

/// What makes a member more than it should be.
bool is_powerful(const std::string& group, bool is_superuser, const platform::Database& database) {
    return is_superuser || group.rfind("pg_", 0) == 0 ||
           group == role_name(database, Role::owner) ||
           group == role_name(database, Role::migrator) ||
           group == role_name(database, Role::service) ||
           group == role_name(database, Role::backup);
}

void compare_memberships(Inspection& inspection, Verdict& verdict, const Roles& wanted,
                         const std::set<std::string>& found) {
    const auto& database = inspection.options.database;
    std::map<std::string, std::set<std::string>> groups;
    for (const auto row : inspection.connection.query(fmt::format(
             "select m.rolname as member, g.rolname as grp, g.rolsuper as is_superuser "
             "from pg_auth_members a join pg_roles m on m.oid = a.member "
             "join pg_roles g on g.oid = a.roleid where m.rolname = any ({}) order by 1, 2",
             array_of(wanted)))) {
        const auto member = row.string("member");
        const auto group = row.string("grp");
        groups[member].insert(group);
        if (!wanted.at(member).member_of.contains(group)) {
            add_finding(
                verdict,
                is_powerful(group, row.boolean("is_superuser"), database) ? Severity::error
                                                                          : Severity::warning,
                fmt::format("role {} is a member of {}, which nothing declares", member, group),
                fmt::format("revoke {} from {};", pg::identifier(group), pg::identifier(member)));
        }
    }
    for (const auto& [name, state] : wanted) {
        for (const auto& group : state.member_of) {
            if (found.contains(name) && !groups[name].contains(group)) {
                add_finding(verdict, Severity::error,
                            fmt::format("role {} is not a member of {}", name, group),
                            "caisson provision");
            }
        }
    }
}

void check_passwords(Inspection& inspection, Verdict& verdict, const Roles& wanted) {
    // Only a superuser may read them; elsewhere nothing is known, and nothing is said.
    if (!inspection.connection
             .query("select has_table_privilege('pg_catalog.pg_authid', 'select') as may")
             .front()
             .boolean("may")) {
        return;
    }
    for (const auto row : inspection.connection.query(fmt::format(
             "select rolname as name from pg_authid where rolname = any ({}) and rolcanlogin and "
             "rolpassword not like 'SCRAM-SHA-256$%' order by 1",
             array_of(wanted)))) {
        add_finding(verdict, Severity::error,
                    fmt::format("the password of role {} is not kept as a SCRAM verifier",
                                row.text("name")),
                    "give it a new password: caisson provision");
    }
}

void check_public_rights(Inspection& inspection, Verdict& verdict) {
    for (const auto row : inspection.connection.query(R"sql(
select format('everybody may create objects in schema %I', nspname) as message,
       format('revoke create on schema %I from public;', nspname) as remedy
  from pg_namespace
 where nspname not like 'pg\_%' and nspname <> 'information_schema'
   and has_schema_privilege('public', oid, 'create')
union all
select format('everybody may %s database %I', case p when 'connect' then 'connect to'
                                                     else 'make temporary tables in' end,
              current_database()),
       format('revoke %s on database %I from public;', p, current_database())
  from unnest(array['connect', 'temporary']) as p
 where has_database_privilege('public', current_database(), p)
union all
select format('everybody may %s %s', lower(string_agg(a.privilege_type, ', ')), c.oid::regclass),
       format('revoke all on %s from public;', c.oid::regclass)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 cross join aclexplode(c.relacl) a
 where a.grantee = 0 and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')
 group by c.oid
 order by 1
)sql")) {
        add_finding(verdict, Severity::error, row.string("message"), row.string("remedy"));
    }
}

/// Roles that work with the data own nothing and make nothing: whoever owns a table passes by its
/// policies, and whoever can make a function can shadow another.
void check_workers(Inspection& inspection, Verdict& verdict, const Roles& workers) {
    for (const auto row : inspection.connection.query(
             fmt::format(R"sql(
select format('role %I owns %s', r.rolname, pg_describe_object(d.classid, d.objid, d.objsubid))
           as message,
       format('reassign owned by %I to %I;', r.rolname, {1}::text) as remedy
  from pg_shdepend d
  join pg_roles r on r.oid = d.refobjid
 where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
   and d.dbid in (0, (select oid from pg_database where datname = current_database()))
   and r.rolname = any ({0})
union all
select format('role %I may create objects in schema %I', r.rolname, n.nspname),
       format('revoke create on schema %I from %I;', n.nspname, r.rolname)
  from pg_roles r cross join pg_namespace n
 where r.rolname = any ({0}) and not r.rolsuper
   and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
   and has_schema_privilege(r.oid, n.oid, 'create')
   and not has_schema_privilege('public', n.oid, 'create')
union all
select format('role %I may create schemas in database %I', r.rolname, current_database()),
       format('revoke create on database %I from %I;', current_database(), r.rolname)
  from pg_roles r
 where r.rolname = any ({0}) and not r.rolsuper
   and has_database_privilege(r.oid, current_database(), 'create')
 order by 1
)sql",
                         array_of(workers),
                         pg::literal(role_name(inspection.options.database, Role::owner))))) {
        add_finding(verdict, Severity::error, row.string("message"), row.string("remedy"));
    }
}

}  // namespace

void inspect_roles(Inspection& inspection, Verdict& verdict) {
    const auto wanted =
        provision::wanted_roles(inspection.options.manifest, inspection.options.database);
    std::set<std::string> found;
    for (const auto row : inspection.connection.query(
             fmt::format("select rolname as name, rolsuper as superuser, rolcanlogin as login, "
                         "rolbypassrls as bypassrls, rolcreatedb as createdb, rolcreaterole as "
                         "createrole, rolreplication as replication from pg_roles where rolname = "
                         "any ({}) order by 1",
                         array_of(wanted)))) {
        const auto name = row.string("name");
        found.insert(name);
        compare_attributes(verdict, name, wanted.at(name), row);
    }
    for (const auto& [name, state] : wanted) {
        if (!found.contains(name)) {
            add_finding(verdict, Severity::error, fmt::format("role {} does not exist", name),
                        "caisson provision");
        }
    }
    compare_memberships(inspection, verdict, wanted, found);
    check_passwords(inspection, verdict, wanted);
    verdict.expected = fmt::format("{} with least rights", wanted.size());
    verdict.found = verdict.findings.empty() ? verdict.expected
                                             : counted(verdict.findings.size(), "difference");
}

void inspect_privileges(Inspection& inspection, Verdict& verdict) {
    auto workers =
        provision::wanted_roles(inspection.options.manifest, inspection.options.database);
    workers.erase(role_name(inspection.options.database, Role::owner));
    workers.erase(role_name(inspection.options.database, Role::migrator));
    check_public_rights(inspection, verdict);
    check_workers(inspection, verdict, workers);
    verdict.expected = "none beyond the roles' own";
    verdict.found = verdict.findings.empty()
                        ? "none beyond"
                        : counted(verdict.findings.size(), "right") + " beyond";
}

}  // namespace caisson::checks
