// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/address.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"
#include "lifecycle/shadow/circumstances.h"

namespace caisson::shadow {
namespace {

/// The comment of the schema caisson while the database is a shadow; what follows it are the
/// extensions that were there before and, in a line of its own, the circumstances.
constexpr std::string_view mark = "A shadow: Caisson tries things here and empties it. Before: ";

/// Everything that lies directly in a schema of users, and the schemas themselves.
/// Source: PostgreSQL, "pg_depend": whatever is in a schema depends on it, except what belongs to
/// something else in it.
constexpr std::string_view objects_sql = R"sql(
with space as (
    select n.oid, n.nspname from pg_namespace n
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass
                                                 and e.objid = n.oid and e.deptype = 'e')
), object as (
    select distinct d.classid, d.objid from pg_depend d join space s on s.oid = d.refobjid
     where d.refclassid = 'pg_namespace'::regclass and d.deptype in ('n', 'a')
       and d.classid not in ('pg_default_acl'::regclass, 'pg_extension'::regclass,
                             coalesce(to_regclass('pg_publication_namespace'), 0::regclass))
       and not exists (select from pg_depend e where e.classid = d.classid and e.objid = d.objid
                                                 and e.deptype in ('e', 'i'))
)
select i.type, i.identity from object o, lateral pg_identify_object(o.classid, o.objid, 0) i
 where i.type not in ('rule', 'trigger', 'policy')
union all
select 'schema', quote_ident(nspname) from space where nspname <> 'public'
union all
select 'event trigger', quote_ident(evtname) from pg_event_trigger v
 where not exists (select from pg_depend e where e.classid = 'pg_event_trigger'::regclass
                                             and e.objid = v.oid and e.deptype = 'e')
union all
select 'publication', quote_ident(pubname) from pg_publication
union all
select 'foreign-data wrapper', quote_ident(fdwname) from pg_foreign_data_wrapper w
 where not exists (select from pg_depend e where e.classid = 'pg_foreign_data_wrapper'::regclass
                                             and e.objid = w.oid and e.deptype = 'e')
union all
select 'large object', oid::text from pg_largeobject_metadata
)sql";

std::set<std::string> extensions_of(pg::Connection& connection) {
    std::set<std::string> names;
    for (const auto row : connection.query("select extname from pg_extension")) {
        names.insert(row.string("extname"));
    }
    return names;
}

/// What a killed run noted of the time before it.
struct LeftBehind {
    std::set<std::string> extensions;
    std::string circumstances;
};

/// Whether the database is somebody's: a shadow has no identity.
bool has_identity(pg::Connection& connection) {
    return connection.query("select to_regclass('caisson.identity') is not null as there")
               .front()
               .boolean("there") &&
           !connection.query("select from caisson.identity").empty();
}

/// Nothing where the database is no shadow of ours.
std::optional<LeftBehind> left_behind(pg::Connection& connection) {
    const auto rows = connection.query(
        "select coalesce(obj_description(to_regnamespace('caisson'), 'pg_namespace'), '') as note");
    const std::string note = rows.front().string("note");
    if (note.rfind(mark, 0) != 0 || has_identity(connection)) {
        return std::nullopt;
    }
    const auto end = note.find('\n');
    const auto names = split(note.substr(mark.size(), end - mark.size()), ',');
    return LeftBehind{{names.begin(), names.end()},
                      end == std::string::npos ? "[]" : note.substr(end + 1)};
}

/// The comment of a role that was made for a shadow in this database and no other.
std::string role_mark(pg::Connection& connection) {
    return fmt::format(
        "{} in database {}", provision::shadow_role_mark,
        connection.query("select oid from pg_database where datname = current_database()")
            .front()
            .text("oid"));
}

/// Drops the roles that were made for a shadow here. One that something outside this database
/// depends on is somebody's by now: REASSIGN OWNED and DROP OWNED would reach what is theirs.
/// Gives back those that stay.
std::vector<std::string> drop_roles(pg::Connection& connection) {
    std::vector<std::string> left;
    for (const auto row : connection.query(
             "with here as (select oid from pg_database where datname = current_database()) "
             "select r.rolname, "
             "exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass "
             "         and d.refobjid = r.oid and d.classid <> 'pg_auth_members'::regclass "
             "         and case when d.dbid = 0 then d.classid <> 'pg_database'::regclass "
             "                                    or d.objid <> here.oid "
             "                  else d.dbid <> here.oid end) "
             "or exists (select from pg_db_role_setting s where s.setrole = r.oid "
             "            and s.setdatabase <> here.oid) as is_used "
             "from pg_roles r, here where shobj_description(r.oid, 'pg_authid') = $1",
             {role_mark(connection)})) {
        const auto role = pg::identifier(row.text("rolname"));
        if (row.boolean("is_used") ||
            !attempt(connection, fmt::format("reassign owned by {0} to current_user; drop owned by "
                                             "{0}; drop role {0}",
                                             role))) {
            left.push_back(row.string("rolname"));
        }
    }
    return left;
}

std::string place_of(const pg::Settings& settings) {
    return fmt::format("{}:{}/{}", settings.host, settings.port, settings.database);
}

/// A database that the platform itself lives in is no place to try things, however empty.
void refuse_own(const pg::Settings& settings, const trust::Run& run) {
    if (run.is_private()) {
        return;
    }
    for (const auto& database : run.manifest.databases) {
        const auto own = trust::admin_settings(run, database);
        if (place_of(own) == place_of(settings)) {
            throw Error(Code::identity_unknown,
                        fmt::format("the shadow {} is the database {} of the environment itself",
                                    place_of(settings), database.key));
        }
    }
}

/// What our login is to a role that is there.
struct Standing {
    bool may_act = false;    ///< As a member, however it became one.
    bool is_member = false;  ///< By a grant that one of ours would be the same as.
};

std::optional<Standing> standing_of(pg::Connection& connection, const std::string& role) {
    // Since PostgreSQL 16 one may be a member without being able to become the role, and each
    // grantor has a grant of its own.
    const bool is_split = connection.server_version() >= 160000;
    const auto rows = connection.query(
        fmt::format("select pg_has_role(r.oid, 'usage'){} as may, exists (select from "
                    "pg_auth_members m join pg_roles me on me.oid = m.member where m.roleid = "
                    "r.oid and me.rolname = current_user{}) as member "
                    "from pg_roles r where r.rolname = $1",
                    is_split ? " and pg_has_role(r.oid, 'set')" : "",
                    is_split ? " and m.grantor = me.oid" : ""),
        {role});
    if (rows.empty()) {
        return std::nullopt;
    }
    return Standing{rows.front().boolean("may"), rows.front().boolean("member")};
}

pg::Connection connect(const pg::Settings& settings, const trust::Run& run) {
    refuse_own(settings, run);
    return pg::Connection(settings);
}

}  // namespace

std::vector<std::string> contents(pg::Connection& connection, std::size_t limit) {
    std::vector<std::string> found;
    for (const auto row : connection.query(fmt::format("{} limit {}", objects_sql, limit))) {
        found.push_back(fmt::format("{} {}", row.text(0), row.text(1)));
    }
    return found;
}

void clean(pg::Connection& connection, const std::set<std::string>& kept) {
    for (const auto& extension : extensions_of(connection)) {
        if (!kept.contains(extension) && extension != "plpgsql") {
            connection.query(
                fmt::format("drop extension if exists {} cascade", pg::identifier(extension)));
        }
    }
    // One by one: a schema with thousands of tables would need more locks than the server has. The
    // schema caisson, which carries the mark, goes last.
    std::vector<std::string> schemas;
    for (const auto row : connection.query(objects_sql)) {
        const std::string type = row.string("type");
        const std::string identity = row.string("identity");
        if (type == "schema" || identity.rfind("caisson.", 0) == 0) {
            if (type == "schema" && identity != "caisson") {
                schemas.push_back(identity);
            }
            continue;
        }
        if (type == "large object") {
            connection.query("select lo_unlink($1::oid)", {identity});
            continue;
        }
        const std::string word = type == "foreign-data wrapper" ? "foreign data wrapper"
                                 : type == "statistics object"  ? "statistics"
                                                                : type;
        // What went with another one meanwhile is no mistake.
        connection.query(fmt::format("drop {} if exists {} cascade", word, identity));
    }
    for (const auto& schema : schemas) {
        connection.query(fmt::format("drop schema if exists {} cascade", schema));
    }
    connection.query("drop schema if exists caisson cascade");
}

namespace {

/// The oids of what ALTER DEFAULT PRIVILEGES left.
std::set<std::string> default_privileges(pg::Connection& connection) {
    std::set<std::string> oids;
    for (const auto row : connection.query("select oid::text as oid from pg_default_acl")) {
        oids.insert(row.string("oid"));
    }
    return oids;
}

/// Those of roles that stay go with no object. Back at what holds without being told, they vanish.
void take_back_defaults(pg::Connection& connection, const std::set<std::string>& before) {
    constexpr std::string_view statements = R"sql(
select format('alter default privileges for role %s%s %s %s on %s %s %s', d.defaclrole::regrole,
              coalesce(' in schema ' || quote_ident(n.nspname), ''), x.verb, x.privileges,
              case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
                   when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
              case x.verb when 'revoke' then 'from' else 'to' end,
              case x.grantee when 0 then 'public' else x.grantee::regrole::text end) as sql
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
 cross join lateral (
       select 1 as place, 'revoke' as verb, grantee, 'all' as privileges
         from aclexplode(d.defaclacl) group by grantee
       union all
       select 2, 'grant', grantee, string_agg(privilege_type, ', ')
         from aclexplode(acldefault(case d.defaclobjtype when 'S' then 's'::"char"
                                         else d.defaclobjtype end, d.defaclrole))
        where d.defaclnamespace = 0 group by grantee) x
 where d.oid = $1::oid order by x.place)sql";
    for (const auto& oid : default_privileges(connection)) {
        if (before.contains(oid)) {
            continue;
        }
        for (const auto row : connection.query(std::string(statements), {oid})) {
            connection.query(row.string("sql"));
        }
    }
}

}  // namespace

Address::Address(pg::Settings settings, const trust::Run& run, const platform::Database& database)
    : settings_(std::move(settings)),
      connection_(connect(settings_, run)),
      database_(database),
      lock_(connection_, "shadow", std::chrono::milliseconds(1)) {
    connection_.script("set client_min_messages = warning");
    if (const auto before = left_behind(connection_)) {
        restore(connection_, before->circumstances);
        clean(connection_, before->extensions);
    }
    constexpr std::size_t most = 5;
    auto found = contents(connection_, most + 1);
    if (!found.empty()) {
        const bool is_more = found.size() > most;
        found.resize(std::min(found.size(), most));
        throw Error(Code::identity_unknown,
                    fmt::format("the shadow {} is not empty: it holds {}{}", place_of(settings_),
                                join(found, ", "), is_more ? " and more" : ""),
                    "name an empty database, or name none: a server of its own is made. Nothing "
                    "was changed");
    }
    extensions_before_ = extensions_of(connection_);
    left_roles_ = drop_roles(connection_);
    before_ = circumstances(connection_);
    defaults_before_ = default_privileges(connection_);
}

Address::~Address() {
    try {
        if (connection_.in_transaction()) {
            connection_.query("rollback");
        }
        connection_.script("reset role");
        if (has_identity(connection_)) {
            return;  // Somebody made it theirs meanwhile.
        }
        restore(connection_, before_);
        clean(connection_, extensions_before_);
        take_back_defaults(connection_, defaults_before_);
    } catch (const Error&) {
        // The mark tells the next run to go on.
    }
    try {
        drop_roles(connection_);
    } catch (const Error&) {
        // So do the comments of the roles.
    }
    for (const auto& revoke : revokes_) {
        attempt(connection_, revoke);
    }
}

pg::Settings Address::role(trust::Role role) const {
    auto settings = settings_;
    if (has_roles_) {
        // A migrator acts as the owner, as everywhere.
        settings.session["role"] =
            trust::role_name(database_, role == trust::Role::migrator ? trust::Role::owner : role);
    }
    return settings;
}

trust::CatalogueStep Address::marked(trust::CatalogueStep first) const {
    const std::vector<std::string> before(extensions_before_.begin(), extensions_before_.end());
    first.sql += fmt::format(";\ncomment on schema caisson is {}",
                             pg::literal(std::string(mark) + join(before, ",") + "\n" + before_));
    return first;
}

std::vector<std::string> Address::make_roles(const trust::Run& run,
                                             const platform::Database& database) {
    const auto me =
        connection_.query("select rolsuper, rolname from pg_roles where rolname = current_user")
            .front();
    std::vector<std::string> notes;
    for (const auto& name : left_roles_) {
        notes.push_back(fmt::format(
            "the role {}, once made for a shadow here, is used elsewhere by now: it was left",
            name));
    }
    std::vector<std::string> sql;
    std::vector<std::string> revokes;
    const auto comment = pg::literal(role_mark(connection_));
    for (const auto& [name, state] : provision::wanted_roles(run.manifest, database)) {
        const auto role = pg::identifier(name);
        const auto standing = standing_of(connection_, name);
        if (!standing) {
            sql.push_back(fmt::format(
                "create role {0} nologin{1}; comment on role {0} is {2};", role,
                state.bypasses_rls && me.boolean("rolsuper") ? " bypassrls" : "", comment));
        }
        if (!me.boolean("rolsuper") && (!standing || !standing->may_act)) {
            const auto self = pg::identifier(me.text("rolname"));
            sql.push_back(fmt::format("grant {} to {};", role, self));
            if (!standing || !standing->is_member) {
                revokes.push_back(fmt::format("revoke {} from {}", role, self));
            }
        }
    }
    try {
        if (!sql.empty()) {
            connection_.script(join(sql, "\n"));
        }
        revokes_ = std::move(revokes);
        has_roles_ = true;
        return notes;
    } catch (const pg::DatabaseError& error) {
        if (!error.is("42501")) {
            throw;
        }
        notes.push_back(fmt::format(
            "the shadow works as {} alone: it may not make the roles of the platform or act as "
            "them ({}). Files that name them fail there; give it CREATEROLE, or name no shadow",
            settings_.user, error.message()));
        return notes;
    }
}

}  // namespace caisson::shadow
