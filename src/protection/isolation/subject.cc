// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/subject.h"

#include <algorithm>

#include "base/text.h"

namespace caisson::isolation {
namespace {

constexpr char unit_separator = '\x1f';

/// Relations of users: not of extensions, not ours.
constexpr std::string_view ours = R"sql(
with ours as materialized (
    select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                                 and d.deptype = 'e'))
)sql";

constexpr std::string_view relations_sql = R"sql(
select oid, format('%I.%I', nspname, relname) as name,
       case when nspname = 'public' then relname else nspname || '.' || relname end as label,
       relkind as kind, relispartition as is_partition, relrowsecurity as rls, relforcerowsecurity as forced,
       pg_get_userbyid(relowner) as owner,
       coalesce((select inhparent from pg_inherits where inhrelid = ours.oid and not inhdetachpending
                  order by inhseqno limit 1), 0) as parent,
       coalesce((select option_value::boolean from pg_options_to_table(reloptions)
                  where option_name = 'security_invoker'), false) as is_invoker,
       coalesce((select option_value::boolean from pg_options_to_table(reloptions)
                  where option_name = 'security_barrier'), false) as is_barrier,
       case when relkind = 'v' then pg_relation_is_updatable(oid, true) else 0 end as passes_on
  from ours where relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'
)sql";

constexpr std::string_view reads_sql = R"sql(
select distinct r.ev_class as view, d.refobjid as relation
  from pg_rewrite r join ours on ours.oid = r.ev_class and ours.relkind in ('v', 'm')
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                  and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
)sql";

constexpr std::string_view policies_sql = R"sql(
select p.polname as name, p.polrelid as relation, p.polcmd as command, p.polpermissive as is_permissive,
       array_to_string(array(select rolname from pg_roles where oid = any (p.polroles)), e'\x1f') as roles,
       coalesce(pg_get_expr(p.polqual, p.polrelid), '') as condition,
       coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as checked,
       array_to_string(array(
           select distinct quote_ident(a.attname) from pg_depend d
             join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
              and d.refobjid = p.polrelid and d.refobjsubid > 0), e'\x1f') as columns
  from pg_policy p join ours on ours.oid = p.polrelid
 order by p.polrelid, p.polname
)sql";

constexpr std::string_view functions_sql = R"sql(
select p.oid, format('%I.%I', n.nspname, p.proname) as call,
       format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
       format('%s%s(%s)', case when n.nspname = 'public' then '' else n.nspname || '.' end, p.proname,
              (select string_agg(format_type(t, null), ', ' order by place)
                 from unnest(p.proargtypes) with ordinality u (t, place))) as label,
       p.prokind = 'p' as is_procedure, p.prosecdef as is_definer, p.provolatile = 'v' as is_volatile,
       p.pronargs - p.pronargdefaults as needed, pg_get_userbyid(p.proowner) as owner, l.lanname as language,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
       p.provariadic = 0
           and not exists (select from unnest(p.proargtypes) t join pg_type y on y.oid = t where y.typtype = 'p')
           as is_callable,
       p.prorettype = 'record'::regtype and p.proargmodes is null as is_record,
       array_to_string(array(select coalesce(p.proargnames[place], '') from generate_series(1, p.pronargs) place),
                       e'\x1f') as names,
       array_to_string(array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, place)
                              order by place), e'\x1f') as types,
       array_to_string(array(select y.typcategory::text from unnest(p.proargtypes) with ordinality u (t, place)
                               join pg_type y on y.oid = t order by place), e'\x1f') as categories,
       array_to_string(array(
           select (with recursive base as (
                       select y.typname, y.typtype, y.typbasetype, y.typelem, y.typcategory from pg_type y where y.oid = t
                       union all
                       select up.typname, up.typtype, up.typbasetype, up.typelem, up.typcategory
                         from base join pg_type up on up.oid = case when base.typtype = 'd' then base.typbasetype
                                                                    when base.typcategory = 'A' then base.typelem end)
                   select typname from base where typtype <> 'd' and not (typcategory = 'A' and typelem <> 0))
             from unnest(p.proargtypes) with ordinality u (t, place) order by place), e'\x1f') as bases
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
 where p.prokind in ('f', 'p') and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
   and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by 3
)sql";

constexpr std::string_view sequences_sql = R"sql(
select ours.oid, format('%I.%I', nspname, relname) as name,
       case when nspname = 'public' then relname else nspname || '.' || relname end as label,
       coalesce((select d.refobjid from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = ours.oid
                  and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1),
                -- A default that asks it, though no column owns it.
                (select f.adrelid from pg_depend d join pg_attrdef f on f.oid = d.objid
                  where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
                    and d.refobjid = ours.oid order by f.adrelid limit 1), 0) as relation
  from ours where relkind = 'S' order by 2
)sql";

constexpr std::string_view indexed_sql = R"sql(
select format('%I.%I', t.nspname, t.relname) as relation, quote_ident(a.attname) as name
  from ours t join pg_index x on x.indrelid = t.oid and x.indisvalid
  join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
)sql";

/// $1 is the role.
constexpr std::string_view rights_sql = R"sql(
, columns as (
    select a.attrelid, a.attnum, quote_ident(a.attname) as name, a.attgenerated <> '' as is_generated,
           a.attidentity = 'a' as is_counted
      from pg_attribute a join ours on ours.oid = a.attrelid where a.attnum > 0 and not a.attisdropped)
select c.oid,
       array_to_string(array(select name from columns where attrelid = c.oid
                              and has_column_privilege($1::name, c.oid, attnum, 'select') order by attnum), e'\x1f')
           as selects,
       array_to_string(array(select name from columns where attrelid = c.oid and not is_generated
                              and has_column_privilege($1::name, c.oid, attnum, 'insert') order by attnum), e'\x1f')
           as inserts,
       array_to_string(array(select name from columns where attrelid = c.oid and not is_generated and not is_counted
                              and has_column_privilege($1::name, c.oid, attnum, 'update') order by attnum), e'\x1f')
           as updates,
       has_table_privilege($1::name, c.oid, 'delete') as may_delete,
       has_table_privilege($1::name, c.oid, 'truncate') as may_truncate,
       has_table_privilege($1::name, c.oid, 'trigger') as may_trigger
  from ours c where c.relkind in ('r', 'p', 'v', 'm', 'f') and has_schema_privilege($1::name, c.relnamespace, 'usage')
)sql";

constexpr std::string_view callable_sql = R"sql(
select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and has_schema_privilege($1::name, n.oid, 'usage') and has_function_privilege($1::name, p.oid, 'execute')
)sql";

/// pg_sequences shows the last value to whoever may use a sequence.
constexpr std::string_view countable_sql = R"sql(
select oid from ours
 where case when relkind = 'S' then has_schema_privilege($1::name, relnamespace, 'usage')
                                    and has_sequence_privilege($1::name, oid, 'select, usage') end
)sql";

constexpr std::string_view bypass_sql = R"sql(
select r.rolsuper as is_superuser, r.rolbypassrls as bypasses,
       array_to_string(array(select o.rolname from pg_roles o where o.oid <> r.oid and (o.rolsuper or o.rolbypassrls)
                              and pg_has_role(r.oid, o.oid, 'member')), e'\x1f') as stronger,
       array_to_string(array(select o.rolname from pg_roles o where pg_has_role(r.oid, o.oid, 'usage')), e'\x1f')
           as memberships,
       array_to_string(array(select o.rolname from pg_roles o where pg_has_role(r.oid, o.oid, 'member')), e'\x1f')
           as may_become,
       r.rolcreaterole as makes_roles,
       case when r.rolcreaterole and current_setting('server_version_num')::int < 160000 then coalesce(
           (select o.rolname from pg_roles o
             where not o.rolsuper and not pg_has_role(r.oid, o.oid, 'member')
               and (o.rolbypassrls or exists (select from pg_class c where c.relowner = o.oid and c.relrowsecurity))
             order by o.rolbypassrls desc, 1 limit 1), '') else '' end as grantable
  from pg_roles r where r.rolname = $1
)sql";

std::vector<std::string> names_in(const pg::Row& row, std::string_view field) {
    return split(row.text(field), unit_separator);
}

void read_relations(pg::Connection& connection, Subject& subject) {
    for (const auto row : connection.query(std::string(ours) + std::string(relations_sql))) {
        Relation relation;
        relation.oid = row.integer("oid");
        relation.name = row.string("name");
        relation.label = row.string("label");
        relation.kind = row.text("kind").front();
        relation.parent = row.integer("parent");
        relation.is_partition = row.boolean("is_partition");
        relation.has_row_security = row.boolean("rls");
        relation.is_forced = row.boolean("forced");
        relation.owner = row.string("owner");
        relation.is_invoker = row.boolean("is_invoker");
        relation.is_barrier = row.boolean("is_barrier");
        relation.passes_on = static_cast<int>(row.integer("passes_on"));
        subject.relations[relation.oid] = std::move(relation);
    }
    for (const auto row : connection.query(std::string(ours) + std::string(reads_sql))) {
        subject.relations[row.integer("view")].reads.insert(row.integer("relation"));
    }
    // Views of views: what those read is read as well.
    for (bool grows = true; grows;) {
        grows = false;
        for (auto& [oid, relation] : subject.relations) {
            const auto before = relation.reads.size();
            for (const auto below : std::set<Oid>(relation.reads)) {
                const auto found = subject.relations.find(below);
                if (found != subject.relations.end() && below != oid) {
                    relation.reads.insert(found->second.reads.begin(), found->second.reads.end());
                }
            }
            grows = grows || relation.reads.size() > before;
        }
    }
}

void read_policies(pg::Connection& connection, Subject& subject) {
    for (const auto row : connection.query(std::string(ours) + std::string(policies_sql))) {
        subject.policies.push_back({row.string("name"), row.integer("relation"),
                                    row.text("command").front(), row.boolean("is_permissive"),
                                    names_in(row, "roles"), row.string("condition"),
                                    row.string("checked"), names_in(row, "columns")});
    }
}

void read_functions(pg::Connection& connection, Subject& subject) {
    for (const auto row : connection.query(functions_sql)) {
        Function function;
        function.oid = row.integer("oid");
        function.name = row.string("name");
        function.label = row.string("label");
        function.call = row.string("call");
        function.needed = static_cast<std::size_t>(row.integer("needed"));
        function.is_procedure = row.boolean("is_procedure");
        function.is_definer = row.boolean("is_definer");
        function.is_volatile = row.boolean("is_volatile");
        function.is_callable = row.boolean("is_callable");
        function.is_record = row.boolean("is_record");
        function.owner = row.string("owner");
        function.language = row.string("language");
        function.body = row.string("body");
        const auto names = names_in(row, "names");
        const auto types = names_in(row, "types");
        const auto categories = names_in(row, "categories");
        const auto bases = names_in(row, "bases");
        for (std::size_t place = 0; place < types.size(); ++place) {
            function.arguments.push_back({place < names.size() ? names[place] : "", types[place],
                                          categories[place].front(), bases[place]});
        }
        subject.functions.push_back(std::move(function));
    }
}

}  // namespace

bool Policy::binds(const std::set<std::string>& memberships) const {
    return roles.empty() ||
           std::ranges::any_of(roles, [&](const auto& role) { return memberships.contains(role); });
}

const Relation* Subject::find(const std::string& name) const {
    const auto found = std::ranges::find_if(
        relations, [&](const auto& entry) { return entry.second.name == name; });
    return found == relations.end() ? nullptr : &found->second;
}

const Relation& Subject::root(const Relation& relation) const {
    const auto* top = &relation;
    while (top->is_partition) {
        const auto found = relations.find(top->parent);
        if (found == relations.end()) {
            break;
        }
        top = &found->second;
    }
    return *top;
}

std::vector<const Policy*> Subject::policies_of(Oid relation) const {
    std::vector<const Policy*> list;
    for (const auto& policy : policies) {
        if (policy.relation == relation) {
            list.push_back(&policy);
        }
    }
    return list;
}

Subject read_subject(pg::Connection& connection) {
    Subject subject;
    read_relations(connection, subject);
    read_policies(connection, subject);
    read_functions(connection, subject);
    for (const auto row : connection.query(std::string(ours) + std::string(sequences_sql))) {
        subject.sequences.push_back(
            {row.string("name"), row.string("label"), row.integer("relation"), row.integer("oid")});
    }
    for (const auto row : connection.query(std::string(ours) + std::string(indexed_sql))) {
        subject.indexed[row.string("relation")].insert(row.string("name"));
    }
    for (const auto row :
         connection.query("select distinct stxrelid as relation from pg_statistic_ext")) {
        subject.with_statistics.insert(row.integer("relation"));
    }
    return subject;
}

const Rights::Of& Rights::of(Oid relation) const {
    static const Of none;
    const auto found = relations.find(relation);
    return found == relations.end() ? none : found->second;
}

Rights read_rights(pg::Connection& connection, const std::string& role) {
    Rights rights;
    for (const auto row : connection.query(std::string(ours) + std::string(rights_sql), {role})) {
        Rights::Of of{names_in(row, "selects"),    names_in(row, "inserts"),
                      names_in(row, "updates"),    row.boolean("may_delete"),
                      row.boolean("may_truncate"), row.boolean("may_trigger")};
        if (!of.select.empty() || !of.insert.empty() || !of.update.empty() || of.may_delete ||
            of.may_truncate || of.may_trigger) {
            rights.relations[row.integer("oid")] = std::move(of);
        }
    }
    for (const auto row : connection.query(callable_sql, {role})) {
        rights.functions.insert(row.integer("oid"));
    }
    for (const auto row :
         connection.query(std::string(ours) + std::string(countable_sql), {role})) {
        rights.sequences.insert(row.integer("oid"));
    }
    return rights;
}

Bypass read_bypass(pg::Connection& connection, const std::string& role) {
    Bypass bypass;
    for (const auto row : connection.query(bypass_sql, {role})) {
        bypass.exists = true;
        bypass.is_superuser = row.boolean("is_superuser");
        bypass.bypasses = row.boolean("bypasses");
        bypass.stronger = names_in(row, "stronger");
        const auto memberships = names_in(row, "memberships");
        bypass.memberships = {memberships.begin(), memberships.end()};
        const auto may_become = names_in(row, "may_become");
        bypass.may_become = {may_become.begin(), may_become.end()};
        bypass.makes_roles = row.boolean("makes_roles");
        bypass.grantable = row.string("grantable");
    }
    return bypass;
}

}  // namespace caisson::isolation
