// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/circumstances.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "drivers/pg/quote.h"

namespace caisson::shadow {
namespace {

/// One row for each fact. `who` is a role, empty for everybody.
constexpr std::string_view facts_sql = R"sql(
    with here as (select oid, datacl, datdba from pg_database where datname = current_database()),
    space as (select nspowner, nspacl from pg_namespace where nspname = 'public')
    select 'owner' as kind, pg_get_userbyid(nspowner)::text as who, '' as what, '' as value
      from space
    union all
    select 'database', case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end,
           a.privilege_type, case when a.is_grantable then 'grantable' else '' end
      from here, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
    union all
    select 'schema', case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) end,
           a.privilege_type, case when a.is_grantable then 'grantable' else '' end
      from space, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
    union all
    select 'setting', case when s.setrole = 0 then '' else pg_get_userbyid(s.setrole) end,
           split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
      from here join pg_db_role_setting s on s.setdatabase = here.oid, unnest(s.setconfig) c
)sql";

pg::Result differences(pg::Connection& connection, const std::string& before) {
    return connection.query(
        fmt::format(
            "with now as ({}), before as (select e->>0 as kind, e->>1 as who, e->>2 as what, e->>3 "
            "as value from jsonb_array_elements($1::jsonb) e) "
            "select false as is_before, n.* from (table now except table before) n union all "
            "select true, b.* from (table before except table now) b order by 1",
            facts_sql),
        {before});
}

/// The SQL that undoes a fact of now, or makes one of before; empty for what is no fact of ours:
/// the words come out of a comment.
std::string sql_of(const pg::Row& fact, const std::string& database) {
    const auto kind = fact.text("kind");
    const auto what = fact.string("what");
    const bool is_before = fact.boolean("is_before");
    const auto who = fact.text("who").empty() ? "public" : pg::identifier(fact.text("who"));
    if (kind == "setting") {
        const auto target =
            fact.text("who").empty()
                ? fmt::format("database {}", pg::identifier(database))
                : fmt::format("role {} in database {}", who, pg::identifier(database));
        const auto name = pg::identifier(what);
        // By way of the session: a list of names is kept just as it was written.
        return is_before ? fmt::format(
                               "select set_config({0}, {1}, false); alter {2} set {3} from "
                               "current; reset {3}",
                               pg::literal(what), pg::literal(fact.text("value")), target, name)
                         : fmt::format("alter {} reset {}", target, name);
    }
    constexpr std::array<std::string_view, 4> privileges = {"CREATE", "CONNECT", "TEMPORARY",
                                                            "USAGE"};
    if ((kind != "database" && kind != "schema") ||
        std::find(privileges.begin(), privileges.end(), what) == privileges.end()) {
        return {};
    }
    const auto target =
        kind == "schema" ? "schema public" : fmt::format("database {}", pg::identifier(database));
    return is_before ? fmt::format("grant {} on {} to {}{}", what, target, who,
                                   fact.text("value").empty() ? "" : " with grant option")
                     : fmt::format("revoke {} on {} from {}", what, target, who);
}

}  // namespace

bool attempt(pg::Connection& connection, const std::string& sql) {
    try {
        connection.script(sql);
        return true;
    } catch (const Error&) {
        return false;
    }
}

std::string circumstances(pg::Connection& connection) {
    return connection
        .query(fmt::format("select coalesce(jsonb_agg(jsonb_build_array(kind, who, what, value)), "
                           "'[]')::text as facts from ({}) f",
                           facts_sql))
        .front()
        .string("facts");
}

void restore(pg::Connection& connection, const std::string& before) {
    // The owner first: with it the rights on the schema change.
    for (const auto row : differences(connection, before)) {
        if (row.text("kind") == "owner" && row.boolean("is_before")) {
            connection.script("create schema if not exists public");
            attempt(connection, fmt::format("alter schema public owner to {}",
                                            pg::identifier(row.text("who"))));
        }
    }
    const auto database = connection.query("select current_database() as name").front();
    for (const auto row : differences(connection, before)) {
        if (const auto sql = sql_of(row, database.string("name")); !sql.empty()) {
            attempt(connection, sql);
        }
    }
}

}  // namespace caisson::shadow
