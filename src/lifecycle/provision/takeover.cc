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
         format('table %I.%I', n.nspname, c.relname) as words,
         case c.relkind when 'S' then 'sequence' else 'table' end as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
  union all
  select p.oid, 'pg_proc'::regclass, p.pronamespace, p.proowner, format('routine %s', p.oid::regprocedure), 'routine'
    from pg_proc p
  union all
  select t.oid, 'pg_type'::regclass, t.typnamespace, t.typowner, format('type %I.%I', n.nspname, t.typname), 'type'
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where t.typtype in ('e', 'd', 'r')
      or t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
  union all
  select n.oid, 'pg_namespace'::regclass, n.oid, n.nspowner, format('schema %I', n.nspname), 'schema'
    from pg_namespace n
)
select o.words, o.kind, n.nspname as schema,
       (select string_agg(format('%I.%I', m.nspname, s.relname), ', ')
          from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
          join pg_namespace m on m.oid = s.relnamespace
         where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
           and d.refobjid = o.oid and o.kind = 'table' and d.deptype in ('a', 'i')) as sequences,
       r.rolname as owner, r.rolsuper as is_superuser,
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

std::string names(const platform::Database& database, std::initializer_list<Role> roles) {
    std::vector<std::string> list;
    for (const auto role : roles) {
        list.push_back(trust::role_name(database, role));
    }
    return pg::identifiers(list);
}

/// What default privileges give on an object of the owner's. Objects that were the owner's before
/// are left out: what somebody took away from them stays away.
std::string rights_on(const pg::Row& object, const std::string& writers,
                      const std::string& readers) {
    const auto on_sequences = [&](std::string_view sequences) {
        return fmt::format(
            "grant usage, select on sequence {0} to {1}; grant select on sequence {0} to {2};",
            sequences, writers, readers);
    };
    const auto kind = object.text("kind");
    // `table a.b` names a sequence as well, and the word before the name is the kind otherwise.
    const auto words = std::string(object.text("words"));
    const auto name = words.substr(words.find(' ') + 1);
    if (kind == "table") {
        return fmt::format(
                   "grant select, insert, update, delete on {0} to {1}; grant select on {0} to "
                   "{2};",
                   name, writers, readers) +
               (object.text("sequences").empty() ? "" : on_sequences(object.text("sequences")));
    }
    if (kind == "sequence") {
        return on_sequences(name);
    }
    return kind == "routine"
               ? fmt::format("grant execute on routine {} to {}, {};", name, writers, readers)
               : "";
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
    const auto writers = names(database, {Role::app, Role::service});
    const auto readers =
        names(database, {Role::backup, Role::readonly, Role::auditor, Role::advisor});
    std::set<std::string> schemas;
    std::string rights;
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
        schemas.insert(row.string("schema"));
        rights += rights_on(row, writers, readers);
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
    for (const auto& schema : schemas) {
        sql += fmt::format("grant usage on schema {} to {}, {};", pg::identifier(schema), writers,
                           readers);
    }
    sql += rights;
    if (!dry_run) {
        run_with_patience(admin, sql);
    }
    return done;
}

}  // namespace caisson::provision
