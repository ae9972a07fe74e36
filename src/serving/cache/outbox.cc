// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/outbox.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "drivers/pg/quote.h"

namespace caisson::cache {
namespace {

/// No table has such a column, and of a column that is not there no value is known: each change of
/// the table is one of all its rows.
constexpr const char* no_column = "caisson: rows are not told";

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

/// As pg_trigger keeps arguments, in hexadecimal digits.
std::string stored_arguments(const WatchedTable& table) {
    std::string digits;
    const auto add = [&](std::string_view text) {
        for (const char c : text) {
            digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
        }
        digits += "00";
    };
    add(table.table);
    for (const auto& column : table.columns) {
        add(column);
    }
    return digits;
}

std::string text_at(const boost::json::value& object, std::string_view name) {
    const auto& value = object.at(name);
    return value.is_null() ? std::string() : std::string(value.as_string());
}

void drop_all(const boost::json::array& triggers, const std::string& relation, TriggerStep& step) {
    for (const auto& trigger : triggers) {
        step.statements.push_back(fmt::format("drop trigger {} on {}",
                                              pg::identifier(text_at(trigger, "name")), relation));
    }
}

/// Why its rows cannot be told by the columns that the table has.
std::optional<Error> mistake_of(const WatchedTable& table, const boost::json::value& found) {
    for (const auto& column : found.at("columns").as_array()) {
        if (const auto mistake = text_at(column, "mistake"); !mistake.empty()) {
            return Error(
                Code::platform_invalid,
                fmt::format("[cache.keys] tells rows by {}({}), which {}; expected an integer, a "
                            "uuid, or a text of a deterministic collation",
                            table.table, text_at(column, "name"), mistake),
                fmt::format("name the whole table: tables = [\"{}\"]", table.table));
        }
    }
    return std::nullopt;
}

/// What the database has of one watched table.
TriggerStep step_of(const WatchedTable& table, const boost::json::value& found,
                    const boost::json::array& triggers) {
    const auto relation = text_at(found, "relation");
    bool is_right = triggers.size() == events.size();
    for (const auto& trigger : triggers) {
        is_right = is_right && trigger.at("fires").as_bool() &&
                   text_at(trigger, "arguments") == stored_arguments(table);
    }
    TriggerStep step{table.table, {}};
    if (!is_right) {
        drop_all(triggers, relation, step);
        for (const auto* const event : events) {
            step.statements.push_back(create(event, relation, table));
        }
    }
    return step;
}

/// Of the triggers. In two steps, because databases have had the first one with an earlier text.
std::string note_function() {
    return R"sql(
create or replace function caisson.cache_note() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
declare
    most    constant integer := 200;
    known   jsonb := '{}';
    several    jsonb;
    sources text[] := '{}';
    place   integer;
    said    text;
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
    -- Who writes through cache::transact() reads this before it commits, and needs no right for it.
    said := coalesce(current_setting('caisson.cache_changes', true), '');
    if said <> 'many' then
        said := said || jsonb_build_array(tg_argv[0], known)::text || E'\n';
        perform set_config('caisson.cache_changes',
                           case when octet_length(said) > 65536 then 'many' else said end, true);
    end if;
    -- Should nobody carry the changes on, they do not stay for ever. A little at a time, and never a
    -- reason to refuse the write: under repeatable read, rows that somebody else took are an error.
    if random() < 0.001 then
        begin
            delete from caisson.cache_outbox where id in (
                select id from caisson.cache_outbox where at < now() - interval '1 hour'
                 order by id limit 2000 for update skip locked);
        exception when others then null;
        end;
    end if;
    return null;
end
$body$;
revoke all on function caisson.cache_note() from public;
comment on function caisson.cache_note() is 'Of triggers that Caisson put on tables of [cache.keys]'
)sql";
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
)sql" + note_function()};
}

trust::CatalogueStep note_step() {
    return {41, "what triggers of cached tables write down", note_function()};
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

std::vector<std::string> TriggerPlan::statements() const {
    std::vector<std::string> all;
    for (const auto& step : steps) {
        all.insert(all.end(), step.statements.begin(), step.statements.end());
    }
    return all;
}

/// One text, because it is asked over both kinds of connections.
const char* const triggers_query = R"sql(
with wanted as (
    select w.place, to_regclass(w.entry ->> 'quoted') as relation, w.entry -> 'columns' as columns
      from jsonb_array_elements($1::text::jsonb) with ordinality as w(entry, place)
), triggers as (
    select g.tgrelid, g.oid, g.xmin, g.tgname, g.tgenabled, encode(g.tgargs, 'hex') as arguments
      from pg_trigger g where g.tgfoid = to_regproc('caisson.cache_note')
       and not g.tgisinternal and g.tgparentid = 0
)
select jsonb_build_object(
    'has_outbox', to_regproc('caisson.cache_note') is not null,
    'fingerprint', md5(concat(
        (select string_agg(t.oid || ' ' || t.xmin, ',' order by t.oid)
           from triggers t where t.tgrelid in (select relation from wanted)), '|',
        -- A column that had another type for a while was told otherwise meanwhile.
        (select string_agg(a.attrelid || ' ' || a.attnum || ' ' || a.xmin, ','
                           order by a.attrelid, a.attnum)
           from wanted w, jsonb_array_elements_text(w.columns) as c(name), pg_attribute a
          where a.attrelid = w.relation and a.attname = c.name))),
    'wanted', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', w.relation::oid::text,
        'relation', w.relation::text,
        'columns', (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'mistake', case
            when a.attname is null then 'is not there'
            when a.atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype,
                                    'uuid'::regtype, 'text'::regtype, 'varchar'::regtype)
                then 'is of type ' || format_type(a.atttypid, a.atttypmod)
            when not coalesce(l.collisdeterministic, true)
                then 'is of the nondeterministic collation ' || l.collname
            else '' end)), '[]')
          from jsonb_array_elements_text(w.columns) as c(name)
          left join pg_attribute a on a.attrelid = w.relation and a.attname = c.name
                and a.attnum > 0 and not a.attisdropped
          left join pg_collation l on l.oid = a.attcollation)) order by w.place), '[]') from wanted w),
    'triggers', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', t.tgrelid::text, 'relation', t.tgrelid::regclass::text, 'name', t.tgname::text,
        'arguments', t.arguments, 'fires', t.tgenabled in ('O', 'A'))
        order by t.tgrelid::regclass::text, t.tgname), '[]') from triggers t))::text as found
)sql";

std::string triggers_argument(const std::vector<WatchedTable>& tables) {
    boost::json::array wanted;
    for (const auto& table : tables) {
        wanted.push_back(
            {{"quoted", pg::qualified_name(table.table).quoted()},
             {"columns", boost::json::array(table.columns.begin(), table.columns.end())}});
    }
    return boost::json::serialize(wanted);
}

TriggerPlan triggers_of(const std::vector<WatchedTable>& tables, std::string_view answer,
                        Absent absent) {
    const auto found = boost::json::parse(answer);
    TriggerPlan plan;
    if (!found.at("has_outbox").as_bool()) {
        for (std::size_t i = 0; i < tables.size(); ++i) {
            if (text_at(found.at("wanted").as_array().at(i), "relation").empty()) {
                plan.absent.push_back(tables[i].table);
            }
        }
        if (tables.empty() || (absent == Absent::left_out && plan.has_none_of(tables))) {
            return plan;
        }
        throw Error(Code::usage, "the schema caisson of this database has no outbox yet",
                    "run caisson provision");
    }
    plan.fingerprint = text_at(found, "fingerprint");
    std::map<std::string, boost::json::array> present;
    std::vector<std::string> order;
    for (const auto& trigger : found.at("triggers").as_array()) {
        auto& of = present[text_at(trigger, "id")];
        if (of.empty()) {
            order.push_back(text_at(trigger, "id"));
        }
        of.push_back(trigger);
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const auto& entry = found.at("wanted").as_array().at(i);
        if (text_at(entry, "relation").empty()) {
            plan.absent.push_back(tables[i].table);
            continue;
        }
        auto watched = tables[i];
        if (auto mistake = mistake_of(watched, entry)) {
            if (absent == Absent::refused) {
                throw Error(*mistake);
            }
            watched.columns = {no_column};
            plan.mistaken.emplace(watched.table, *std::move(mistake));
        }
        auto step = step_of(watched, entry, present[text_at(entry, "id")]);
        present.erase(text_at(entry, "id"));
        if (!step.statements.empty()) {
            plan.missing.push_back(step.table);
            plan.steps.push_back(std::move(step));
        }
    }
    for (const auto& id : order) {
        const auto left = present.find(id);
        if (left == present.end()) {
            continue;
        }
        const auto relation = text_at(left->second.front(), "relation");
        TriggerStep step{relation, {}};
        drop_all(left->second, relation, step);
        plan.superfluous.push_back(relation);
        plan.steps.push_back(std::move(step));
    }
    if (absent == Absent::refused) {
        require_tables({plan});
    }
    return plan;
}

void require_columns(const std::vector<TriggerPlan>& plans) {
    for (const auto& plan : plans) {
        for (const auto& [table, mistake] : plan.mistaken) {
            const bool is_right_nowhere = std::ranges::all_of(plans, [&](const TriggerPlan& one) {
                return one.mistaken.contains(table) ||
                       std::ranges::find(one.absent, table) != one.absent.end();
            });
            if (is_right_nowhere) {
                throw Error(mistake);
            }
        }
    }
}

void require_tables(const std::vector<TriggerPlan>& plans) {
    require_columns(plans);
    for (const auto& table : plans.empty() ? std::vector<std::string>() : plans.front().absent) {
        const bool is_nowhere = std::ranges::all_of(plans, [&](const TriggerPlan& plan) {
            return std::ranges::find(plan.absent, table) != plan.absent.end();
        });
        if (is_nowhere) {
            throw Error(
                Code::platform_invalid,
                fmt::format("[cache.keys] names the table {}, which {}", table,
                            plans.size() == 1 ? "the database does not have" : "no database has"));
        }
    }
}

TriggerPlan plan_triggers(pg::Connection& connection, const std::vector<WatchedTable>& tables,
                          Absent absent) {
    return triggers_of(
        tables, connection.query(triggers_query, {triggers_argument(tables)}).front().text("found"),
        absent);
}

void apply(pg::Connection& connection, const TriggerPlan& plan,
           std::chrono::milliseconds lock_timeout) {
    for (const auto& step : plan.steps) {
        pg::Transaction transaction(connection);
        connection.query("select set_config('lock_timeout', $1, true)",
                         {std::to_string(lock_timeout.count())});
        for (const auto& statement : step.statements) {
            connection.query(statement);
        }
        transaction.commit();
    }
}

}  // namespace caisson::cache
