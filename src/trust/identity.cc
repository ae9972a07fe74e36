// SPDX-License-Identifier: Apache-2.0
#include "trust/identity.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"

namespace caisson::trust {
namespace {

constexpr std::string_view this_database = R"sql(
select (select system_identifier::text from pg_control_system()) as system_identifier,
       (select oid::text from pg_database where datname = current_database()) as database_oid)sql";

/// Objects of users, without what extensions brought along.
constexpr std::string_view count_objects = R"sql(
select count(*) as objects
  from (select c.oid, 'pg_class'::regclass as class, c.relnamespace as namespace from pg_class c
         where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        union all
        select p.oid, 'pg_proc'::regclass, p.pronamespace from pg_proc p
        union all
        select t.oid, 'pg_type'::regclass, t.typnamespace from pg_type t where t.typtype in ('e', 'd')) as o
  join pg_namespace n on n.oid = o.namespace
 where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'))sql";

std::string described(const Identity& identity) {
    return fmt::format("platform {}, database {}, environment {}", identity.platform,
                       identity.database, identity.environment);
}

}  // namespace

std::optional<Identity> read_identity(pg::Connection& connection) {
    if (connection.query("select to_regclass('caisson.identity') is null as none")
            .front()
            .boolean("none")) {
        return std::nullopt;
    }
    const auto rows = connection.query(
        "select platform, database, environment, uuid, system_identifier, database_oid, created_at "
        "from caisson.identity");
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto row = rows.front();
    return Identity{row.string("platform"),          row.string("database"),
                    row.string("environment"),       row.string("uuid"),
                    row.string("system_identifier"), row.string("database_oid"),
                    row.string("created_at")};
}

Judgement judge(pg::Connection& connection, const Run& run, const platform::Database& database) {
    auto found = read_identity(connection);
    const auto wanted = fmt::format("platform {}, database {}, environment {}", run.manifest.name,
                                    database.key, run.environment.name);
    if (!found) {
        const auto objects = connection.query(count_objects).front().integer("objects");
        if (objects == 0) {
            return {Standing::empty, std::nullopt, fmt::format("{} is empty", database.name)};
        }
        return {Standing::unknown, std::nullopt,
                fmt::format("{} holds {} objects and no identity; expected {}", database.name,
                            objects, wanted)};
    }
    if (found->platform != run.manifest.name || found->database != database.key ||
        found->environment != run.environment.name) {
        auto explanation =
            fmt::format("{} belongs to {}; expected {}", database.name, described(*found), wanted);
        return {Standing::foreign, std::move(found), std::move(explanation)};
    }
    const auto here = connection.query(this_database).front();
    if (here.text("system_identifier") != found->system_identifier ||
        here.text("database_oid") != found->database_oid) {
        auto explanation = fmt::format(
            "{} is a copy of the database that was stamped {}: another server or database",
            database.name, found->created_at);
        return {Standing::copy, std::move(found), std::move(explanation)};
    }
    return {Standing::ours, std::move(found), fmt::format("{} is ours", database.name)};
}

Identity stamp(pg::Connection& connection, const Run& run, const platform::Database& database) {
    const auto here = connection.query(this_database).front();
    connection.query(
        "insert into caisson.identity (platform, database, environment, uuid, system_identifier, "
        "database_oid) "
        "values ($1, $2, $3, $4, $5, $6) on conflict (only_row) do update set platform = "
        "excluded.platform, "
        "database = excluded.database, environment = excluded.environment, uuid = excluded.uuid, "
        "system_identifier = excluded.system_identifier, database_oid = excluded.database_oid, "
        "created_at = now()",
        {run.manifest.name, database.key, run.environment.name, random_uuid(),
         here.text("system_identifier"), here.text("database_oid")});
    return *read_identity(connection);
}

void require_ours(pg::Connection& connection, const Run& run, const platform::Database& database) {
    const auto judgement = judge(connection, run, database);
    switch (judgement.standing) {
        case Standing::ours:
            return;
        case Standing::empty:
            throw Error(Code::identity_unknown,
                        fmt::format("{} has not been provisioned", database.name),
                        "provision it first: caisson provision");
        case Standing::unknown:
            throw Error(Code::identity_unknown, judgement.explanation,
                        "if it is this platform's, take it over: caisson db adopt, or with the "
                        "history of another migration tool caisson migrate adopt");
        case Standing::foreign:
        case Standing::copy:
            throw Error(Code::identity_mismatch, judgement.explanation);
    }
}

void require_consent(const Run& run, const platform::Database& database, const std::string& verb,
                     const std::string& confirmed, bool yes) {
    require_consent(run, database_name(run, database), verb, confirmed, yes);
}

void require_consent(const Run& run, const std::string& name, const std::string& verb,
                     const std::string& confirmed, bool yes) {
    // Where several databases are concerned, each is named: --confirm one,other.
    const auto names = split(confirmed, ',');
    const bool is_confirmed = std::ranges::find(names, name) != names.end();
    if (run.environment.is_protected && !is_confirmed) {
        throw Error(Code::protected_environment,
                    confirmed.empty()
                        ? fmt::format("{} asks for consent, and the environment {} is protected",
                                      verb, run.environment.name)
                        : fmt::format("{} was confirmed for {}, not for {}", verb, confirmed, name),
                    fmt::format("confirm with --confirm {}", name));
    }
    if (!yes && !is_confirmed) {
        throw Error(Code::confirmation_needed, fmt::format("{} changes {} for good", verb, name));
    }
}

}  // namespace caisson::trust
