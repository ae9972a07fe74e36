// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/address.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/plan.h"

namespace caisson::shadow {
namespace {

/// The comment of the schema caisson while the database is a shadow; what follows it are the
/// extensions that were there before.
constexpr std::string_view mark = "A shadow: Caisson tries things here and empties it. Before: ";
constexpr std::string_view role_mark = "Made by Caisson for a shadow";

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

/// What a killed run noted of the time before it; nothing where the database is no shadow of ours.
std::optional<std::set<std::string>> left_behind(pg::Connection& connection) {
    const auto rows = connection.query(
        "select coalesce(obj_description(to_regnamespace('caisson'), 'pg_namespace'), '') as note");
    const std::string note = rows.front().string("note");
    if (note.rfind(mark, 0) != 0) {
        return std::nullopt;
    }
    const auto names = split(note.substr(mark.size()), ',');
    return std::set<std::string>(names.begin(), names.end());
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

Address::Address(pg::Settings settings, const trust::Run& run, const platform::Database& database)
    : settings_(std::move(settings)),
      connection_(connect(settings_, run)),
      database_(database),
      lock_(connection_, "shadow", std::chrono::milliseconds(1)) {
    connection_.script("set client_min_messages = warning");
    if (const auto before = left_behind(connection_)) {
        clean(connection_, *before);
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
}

Address::~Address() {
    try {
        if (connection_.in_transaction()) {
            connection_.query("rollback");
        }
        connection_.script("reset role");
        clean(connection_, extensions_before_);
        const auto me = pg::identifier(settings_.user);
        connection_.query("alter schema public owner to pg_database_owner");
        connection_.query(fmt::format("grant connect, temporary on database {} to public",
                                      pg::identifier(settings_.database)));
        if (has_roles_) {
            connection_.query(fmt::format(
                "revoke create on database {} from {}", pg::identifier(settings_.database),
                pg::identifier(trust::role_name(database_, trust::Role::owner))));
        }
        connection_.query(
            fmt::format("alter database {} reset all", pg::identifier(settings_.database)));
        for (const auto row : connection_.query(
                 "select r.rolname from pg_roles r where shobj_description(r.oid, 'pg_authid') = "
                 "$1 and starts_with(r.rolname, $2)",
                 {role_mark, database_.name + "_"})) {
            const auto role = pg::identifier(row.text(0));
            connection_.query(fmt::format("reassign owned by {} to {}", role, me));
            connection_.query(fmt::format("drop owned by {}", role));
            connection_.query(fmt::format("drop role {}", role));
        }
    } catch (const Error&) {
        // The mark tells the next run to go on.
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
                             pg::literal(std::string(mark) + join(before, ",")));
    return first;
}

std::vector<std::string> Address::make_roles(const trust::Run& run,
                                             const platform::Database& database) {
    const auto me = connection_
                        .query(
                            "select rolsuper, rolsuper or rolcreaterole as may, rolname from "
                            "pg_roles where rolname = current_user")
                        .front();
    std::vector<std::string> missing;
    std::vector<std::string> sql;
    for (const auto& [name, state] : provision::wanted_roles(run.manifest, database)) {
        if (connection_.query("select from pg_roles where rolname = $1", {name}).empty()) {
            missing.push_back(name);
            sql.push_back(fmt::format(
                "create role {0} nologin{1}; comment on role {0} is {2};", pg::identifier(name),
                state.bypasses_rls && me.boolean("rolsuper") ? " bypassrls" : "",
                pg::literal(role_mark)));
        }
        if (!me.boolean("rolsuper")) {
            sql.push_back(fmt::format("grant {} to {};", pg::identifier(name),
                                      pg::identifier(me.text("rolname"))));
        }
    }
    try {
        if (!sql.empty()) {
            connection_.script(join(sql, "\n"));
        }
        has_roles_ = true;
        return {};
    } catch (const pg::DatabaseError& error) {
        if (!error.is("42501")) {
            throw;
        }
        return {fmt::format(
            "the shadow works as {} alone: it may not make the roles of the platform or act as "
            "them ({}). Files that name them fail there; give it CREATEROLE, or name no shadow",
            settings_.user, error.message())};
    }
}

}  // namespace caisson::shadow
