// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/takeover.h"

#include <map>
#include <set>

#include <fmt/format.h>
#include <poll.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::provision {
namespace {

using trust::Role;

/// Everything in schemas of users, with its owner and the words of ALTER … OWNER. Sequences of
/// columns and types of tables follow their table.
constexpr std::string_view objects_of_others = R"sql(
with o as (
  select c.oid, 'pg_class'::regclass as class, c.relnamespace as namespace, c.relowner as owner,
         format('table %I.%I', n.nspname, c.relname) as words
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
  union all
  select p.oid, 'pg_proc'::regclass, p.pronamespace, p.proowner, format('routine %s', p.oid::regprocedure)
    from pg_proc p
  union all
  select t.oid, 'pg_type'::regclass, t.typnamespace, t.typowner, format('type %I.%I', n.nspname, t.typname)
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where t.typtype in ('e', 'd', 'r')
      or t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
  union all
  select n.oid, 'pg_namespace'::regclass, n.oid, n.nspowner, format('schema %I', n.nspname)
    from pg_namespace n
)
select o.words, r.rolname as owner, r.rolsuper as is_superuser,
       r.rolsuper or r.oid = (select datdba from pg_database where datname = current_database())
       or exists (select from pg_auth_members m join pg_roles w on w.oid = m.roleid
                   where w.rolname = $1 and m.member = r.oid) as is_the_owners
  from o join pg_namespace n on n.oid = o.namespace join pg_roles r on r.oid = o.owner
 where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and r.rolname <> $1 and r.rolname not like 'pg\_%'
   and not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')
 order by o.words)sql";

/// Roles that have something in this database.
constexpr std::string_view users_of_it = R"sql(
select distinct r.rolname as name
  from pg_shdepend s join pg_roles r on r.oid = s.refobjid
 where s.dbid = (select oid from pg_database where datname = current_database())
   and s.refclassid = 'pg_authid'::regclass and not r.rolsuper and r.rolname not like 'pg\_%'
 order by 1)sql";

constexpr std::string_view schemas_of_users = R"sql(
select nspname as name from pg_namespace
 where nspname !~ '^pg_' and nspname not in ('information_schema', 'caisson') order by 1)sql";

std::string names(const platform::Database& database, std::initializer_list<Role> roles) {
    std::vector<std::string> list;
    for (const auto role : roles) {
        list.push_back(trust::role_name(database, role));
    }
    return pg::identifiers(list);
}

/// What default privileges give on objects of the owner's.
std::string rights_in(const std::string& schema, const platform::Database& database) {
    const auto writers = names(database, {Role::app, Role::service});
    const auto readers =
        names(database, {Role::backup, Role::readonly, Role::auditor, Role::advisor});
    const auto name = pg::identifier(schema);
    return fmt::format(
        "grant usage on schema {0} to {1}, {2}; grant select, insert, update, delete on all tables "
        "in schema {0} to {1}; grant select on all tables in schema {0} to {2}; grant usage, "
        "select on all sequences in schema {0} to {1}; grant select on all sequences in schema {0} "
        "to {2}; grant execute on all routines in schema {0} to {1}, {2};",
        name, writers, readers);
}

/// Every object is locked for a moment: one that somebody else holds must not keep all the others
/// waiting, so the transaction gives up after half a second and is tried again. Done twice, it
/// changes nothing.
void run_with_patience(pg::Connection& admin, const std::string& sql) {
    constexpr int most_attempts = 20;
    for (int attempt = 1;; ++attempt) {
        pg::Transaction transaction(admin);
        try {
            admin.script("set local lock_timeout = '500ms';" + sql);
            transaction.commit();
            return;
        } catch (const pg::DatabaseError& error) {
            const bool is_held =
                error.sqlstate == pg::sqlstate::lock_not_available || error.sqlstate == "40P01";
            if (!is_held || attempt == most_attempts) {
                throw;
            }
        }
        interrupt::check();
        ::poll(nullptr, 0, 100 * attempt);
    }
}

std::set<std::string> built_in(const platform::Database& database) {
    std::set<std::string> roles;
    for (const auto role : trust::built_in_roles()) {
        roles.insert(trust::role_name(database, role));
    }
    return roles;
}

}  // namespace

std::vector<std::string> take_over(const trust::Run& run, const platform::Database& database,
                                   bool dry_run) {
    pg::Connection admin(trust::admin_settings(run, database));
    const auto owner = trust::role_name(database, Role::owner);
    const auto ours = built_in(database);
    const auto objects = admin.query(objects_of_others, {owner});
    if (objects.empty()) {
        return {};
    }
    const bool is_superuser = admin
                                  .query(
                                      "select rolsuper as it from pg_roles where rolname = "
                                      "current_user")
                                  .front()
                                  .boolean("it");
    std::set<std::string> former;
    std::map<std::string, std::size_t> kept;
    std::string sql;
    std::size_t taken = 0;
    for (const auto row : objects) {
        // Whoever owns the database, and whom an earlier take-over made a member, may rule over
        // all of it. A role that only has something in it gets no power over the rest.
        if (!row.boolean("is_the_owners") && !ours.contains(row.string("owner"))) {
            ++kept[row.string("owner")];
            continue;
        }
        ++taken;
        sql += fmt::format("alter {} owner to {};", row.text("words"), pg::identifier(owner));
        if (!row.boolean("is_superuser") && !ours.contains(row.string("owner"))) {
            former.insert(row.string("owner"));
        }
    }
    std::vector<std::string> done;
    for (const auto& [role, count] : kept) {
        done.push_back(
            fmt::format("{} of {} left to it: what changes them runs as that role or as "
                        "the administrator",
                        counted(count, "object"), role));
    }
    if (taken == 0) {
        return done;
    }
    done.insert(done.begin(), fmt::format("{} given to {}", counted(taken, "object"), owner));
    for (const auto& role : former) {
        if (!is_superuser && role != admin.settings().user) {
            sql.insert(0, fmt::format("grant {} to current_user;", pg::identifier(role)));
        }
    }
    for (const auto& role : former) {
        if (role != admin.settings().user || is_superuser) {
            sql += fmt::format("grant {} to {};", pg::identifier(owner), pg::identifier(role));
        }
        done.push_back(fmt::format("{} made a member of {}: it goes on as before", role, owner));
    }
    const auto name = pg::identifier(trust::database_name(run, database));
    sql += fmt::format("grant connect, create, temporary on database {} to {};", name,
                       pg::identifier(owner));
    for (const auto row : admin.query(users_of_it)) {
        if (!ours.contains(row.string("name"))) {
            sql += fmt::format(
                "grant connect, temporary on database {0} to {1}; grant usage on schema public to "
                "{1};",
                name, pg::identifier(row.text("name")));
        }
    }
    for (const auto row : admin.query(schemas_of_users)) {
        sql += rights_in(row.string("name"), database);
    }
    if (!dry_run) {
        run_with_patience(admin, sql);
    }
    return done;
}

}  // namespace caisson::provision
