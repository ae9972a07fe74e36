// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/outbox.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "drivers/pg/quote.h"

namespace caisson::cache {
namespace {

constexpr std::array events = {"insert", "update", "delete", "truncate"};

std::string trigger_name(std::string_view event) { return fmt::format("caisson_cache_{}", event); }

/// What stands behind the function's name: the table's name in tags, and the columns.
std::string arguments_of(const WatchedTable& table) {
    std::string text = pg::literal(table.table);
    for (const auto& column : table.columns) {
        text += ", " + pg::literal(column);
    }
    return text;
}

std::string create(std::string_view event, const std::string& relation, const WatchedTable& table) {
    std::string transition;
    if (event == "insert" || event == "update") {
        transition += " new table as caisson_new";
    }
    if (event == "delete" || event == "update") {
        transition += " old table as caisson_old";
    }
    return fmt::format(
        "create trigger {} after {} on {}{} for each statement execute function "
        "caisson.cache_note({})",
        pg::identifier(trigger_name(event)), event, relation,
        transition.empty() ? "" : " referencing" + transition, arguments_of(table));
}

/// The arguments of the triggers that a relation has: the same for each of its events.
struct Present {
    std::string relation;
    std::map<std::string, std::string> arguments;  ///< By the trigger's name; joined by '\n'.
};

std::string joined(const WatchedTable& table) {
    std::string text = table.table;
    for (const auto& column : table.columns) {
        text += "\n" + column;
    }
    return text;
}

std::map<std::string, Present> read_present(pg::Connection& connection) {
    std::map<std::string, Present> present;
    const auto rows = connection.query(
        "select g.tgrelid::text as id, g.tgrelid::regclass::text as relation, g.tgname as name, "
        "replace(regexp_replace(encode(g.tgargs, 'escape'), '\\\\000$', ''), '\\000', e'\\n') "
        "as arguments "
        "from pg_trigger g where g.tgfoid = to_regproc('caisson.cache_note') "
        "and not g.tgisinternal and g.tgparentid = 0 order by 2, 3");
    for (const auto row : rows) {
        auto& entry = present[std::string(row.text("id"))];
        entry.relation = row.text("relation");
        entry.arguments[std::string(row.text("name"))] = row.text("arguments");
    }
    return present;
}

}  // namespace

trust::CatalogueStep outbox_step() {
    return {40, "changes of cached tables", R"sql(
create table caisson.cache_outbox (
    id         bigint generated always as identity primary key,
    xid        xid8 not null default pg_current_xact_id(),
    at         timestamptz not null default now(),
    table_name text not null,
    rows       jsonb
);
create index cache_outbox_xid on caisson.cache_outbox (xid);
comment on table caisson.cache_outbox is
    'What changed in tables that cached values are made of; rows: values by column, null when they are not known';
create function caisson.cache_note() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
declare
    most    constant integer := 200;
    known   jsonb := '{}';
    several    jsonb;
    sources text[] := '{}';
    place   integer;
begin
    -- More arguments than the table's name are columns: which of their values changed. concat() and
    -- no cast: a cast may be somebody's function, and would run with the rights of this one.
    if tg_op = 'TRUNCATE' then
        known := null;
    else
        if tg_op in ('INSERT', 'UPDATE') then sources := sources || 'caisson_new'::text; end if;
        if tg_op in ('DELETE', 'UPDATE') then sources := sources || 'caisson_old'::text; end if;
        begin
        for place in 1 .. tg_nargs - 1 loop
            execute format('select coalesce(jsonb_agg(value), ''[]'') from (select distinct concat(value) as value from (%s) r where value is not null limit %s) v',
                (select string_agg(format('select %I as value from %I', tg_argv[place], source), ' union all ')
                   from unnest(sources) as source), most + 1) into several;
            if jsonb_array_length(several) > most then
                known := null;
                exit;
            end if;
            known := known || jsonb_build_object(tg_argv[place], several);
        end loop;
        exception when undefined_column then
            -- The column went or has another name now: no reason to refuse the write.
            known := null;
        end;
        -- A statement that touched no row changed nothing.
        if tg_nargs = 1 then
            execute format('select to_jsonb(exists (%s))',
                (select string_agg(format('select 1 from %I', source), ' union all ') from unnest(sources) as source))
                into strict several;
            if several = 'false' then return null; end if;
        elsif known is not null and not exists (
            select from jsonb_each(known) as e where jsonb_array_length(e.value) > 0) then
            return null;
        end if;
    end if;
    insert into caisson.cache_outbox (table_name, rows) values (tg_argv[0], known);
    perform pg_notify('caisson_cache', '');
    -- Should nobody carry the changes on, they do not stay for ever.
    if random() < 0.001 then
        delete from caisson.cache_outbox where id in (
            select id from caisson.cache_outbox where at < now() - interval '1 hour'
             order by id limit 5000 for update skip locked);
    end if;
    return null;
end
$body$;
revoke all on function caisson.cache_note() from public;
comment on function caisson.cache_note() is 'Of triggers that Caisson put on tables of [cache.keys]'
)sql"};
}

std::vector<WatchedTable> watched_tables(const std::vector<platform::CacheKey>& keys) {
    std::map<std::string, std::set<std::string>> columns;
    for (const auto& key : keys) {
        for (const auto& table : key.tables) {
            auto& known = columns[table.table];
            if (!table.column.empty()) {
                known.insert(table.column);
            }
        }
    }
    std::vector<WatchedTable> watched;
    for (const auto& [table, names] : columns) {
        watched.push_back({table, {names.begin(), names.end()}});
    }
    return watched;
}

TriggerPlan plan_triggers(pg::Connection& connection, const std::vector<WatchedTable>& tables) {
    TriggerPlan plan;
    if (connection.query("select to_regproc('caisson.cache_note') is not null as there")
            .front()
            .text("there") != "t") {
        if (tables.empty()) {
            return plan;
        }
        throw Error(Code::usage, "the schema caisson of this database has no outbox yet",
                    "run caisson provision");
    }
    auto present = read_present(connection);
    for (const auto& table : tables) {
        const auto found = connection
                               .query(
                                   "select coalesce(to_regclass($1)::oid::text, '') as id, "
                                   "coalesce(to_regclass($1)::text, '') as relation",
                                   {pg::qualified_name(table.table).quoted()})
                               .front();
        const std::string id(found.text("id"));
        if (id.empty()) {
            throw Error(Code::platform_invalid,
                        fmt::format("[cache.keys] names the table {}, which the database does not "
                                    "have",
                                    table.table));
        }
        const std::string relation(found.text("relation"));
        auto& have = present[id];
        bool is_right = have.arguments.size() == events.size();
        for (const auto& [name, arguments] : have.arguments) {
            is_right = is_right && arguments == joined(table);
        }
        if (!is_right) {
            plan.missing.push_back(table.table);
            for (const auto& [name, arguments] : have.arguments) {
                plan.statements.push_back(
                    fmt::format("drop trigger {} on {}", pg::identifier(name), relation));
            }
            for (const auto* const event : events) {
                plan.statements.push_back(create(event, relation, table));
            }
        }
        present.erase(id);
    }
    for (const auto& [id, have] : present) {
        plan.superfluous.push_back(have.relation);
        for (const auto& [name, arguments] : have.arguments) {
            plan.statements.push_back(
                fmt::format("drop trigger {} on {}", pg::identifier(name), have.relation));
        }
    }
    return plan;
}

void apply(pg::Connection& connection, const TriggerPlan& plan) {
    pg::Transaction transaction(connection);
    for (const auto& statement : plan.statements) {
        connection.query(statement);
    }
    transaction.commit();
}

}  // namespace caisson::cache
