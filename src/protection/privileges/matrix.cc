// SPDX-License-Identifier: Apache-2.0
#include "protection/privileges/matrix.h"

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::privileges {
namespace {

constexpr char unit_separator = '\x1f';

/// {} is the list of roles.
constexpr std::string_view matrix_sql = R"sql(
with roles as (
    select name from unnest({}) as name where name = 'public' or exists (select from pg_roles where rolname = name)
), spaces as materialized (
    select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'caisson')
), relations as materialized (
    select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as name from pg_class c
      join spaces n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                                 and d.deptype = 'e')
)
select 'table ' || c.name as object, r.name as role,
       array_to_string(array(
           select p from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
            where has_table_privilege(r.name, c.oid, p)
           union all
           select p || ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'
             from unnest(array['select', 'insert', 'update', 'references']) p
             join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where not has_table_privilege(r.name, c.oid, p) and has_column_privilege(r.name, c.oid, a.attnum, p)
            group by p), e'\x1f') as rights
  from relations c cross join roles r where c.relkind <> 'S'
union all
select 'sequence ' || c.name, r.name,
       array_to_string(array(select p from unnest(array['usage', 'select', 'update']) p
                              where has_sequence_privilege(r.name, c.oid, p)), e'\x1f')
  from relations c cross join roles r where c.relkind = 'S'
union all
select format('%s %I.%I(%s)', case p.prokind when 'p' then 'procedure' else 'function' end, n.nspname, p.proname,
              pg_get_function_identity_arguments(p.oid)), r.name,
       case when has_function_privilege(r.name, p.oid, 'execute') then 'execute' else '' end
  from pg_proc p join spaces n on n.oid = p.pronamespace cross join roles r
 where p.prokind in ('f', 'p')
   and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select format('schema %I', n.nspname), r.name,
       array_to_string(array(select p from unnest(array['usage', 'create']) p
                              where has_schema_privilege(r.name, n.oid, p)), e'\x1f')
  from spaces n cross join roles r
union all
select 'database', r.name,
       array_to_string(array(select p from unnest(array['connect', 'create', 'temporary']) p
                              where has_database_privilege(r.name, current_database(), p)), e'\x1f')
  from roles r
)sql";

/// {} is the list of roles. Who owns the database is a member of pg_database_owner by that alone,
/// and a superuser of every role.
constexpr std::string_view roles_sql = R"sql(
select r.rolname as role, r.rolsuper as is_superuser,
       array_to_string(array(select g.rolname from pg_roles g
                              where g.oid <> r.oid and not r.rolsuper and g.rolname <> 'pg_database_owner'
                                and pg_has_role(r.oid, g.oid, 'member') order by 1), e'\x1f') as groups
  from pg_roles r
 where r.rolname = any ({})
    or exists (select from pg_roles a where a.rolname = any ({}) and not a.rolsuper and pg_has_role(a.oid, r.oid, 'member'))
)sql";

std::string as_array(const std::set<std::string>& roles) {
    std::vector<std::string> literals;
    for (const auto& role : roles) {
        literals.push_back(pg::literal(role));
    }
    return "array[" + join(literals, ", ") + "]::text[]";
}

}  // namespace

bool Privileges::has(const std::string& role) const {
    const auto found = matrix.find("database");
    return found != matrix.end() && found->second.contains(role);
}

Privileges read_privileges(pg::Connection& connection, const std::vector<std::string>& roles) {
    Privileges privileges;
    std::set<std::string> all(roles.begin(), roles.end());
    const auto asked = as_array(all);
    all.insert("public");
    for (const auto row : connection.query(replace_all(std::string(roles_sql), "{}", asked))) {
        const auto role = row.string("role");
        if (row.boolean("is_superuser")) {
            privileges.superusers.insert(role);
        }
        const auto groups = split(row.text("groups"), unit_separator);
        privileges.groups[role] = {groups.begin(), groups.end()};
        all.insert(groups.begin(), groups.end());
    }
    for (const auto row :
         connection.query(replace_all(std::string(matrix_sql), "{}", as_array(all)))) {
        const auto rights = split(row.text("rights"), unit_separator);
        privileges.matrix[row.string("object")][row.string("role")] = {rights.begin(),
                                                                       rights.end()};
    }
    return privileges;
}

Privileges as_users(const Privileges& privileges, const std::map<std::string, std::string>& users) {
    const auto name_of = [&](const std::string& role) {
        const auto found = users.find(role);
        return found == users.end() ? role : found->second;
    };
    Privileges renamed;
    for (const auto& [object, by_role] : privileges.matrix) {
        for (const auto& [role, rights] : by_role) {
            renamed.matrix[object][name_of(role)].insert(rights.begin(), rights.end());
        }
    }
    for (const auto& [role, groups] : privileges.groups) {
        for (const auto& group : groups) {
            // Several roles of one user are no groups of it.
            if (name_of(group) != name_of(role)) {
                renamed.groups[name_of(role)].insert(name_of(group));
            }
        }
    }
    for (const auto& role : privileges.superusers) {
        renamed.superusers.insert(name_of(role));
    }
    for (const auto& [role, user] : users) {
        if (user != role) {
            renamed.stands_for[user].insert(role);
        }
    }
    return renamed;
}

}  // namespace caisson::privileges
