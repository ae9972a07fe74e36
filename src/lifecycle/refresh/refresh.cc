// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/refresh/refresh.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace caisson::refresh {
namespace {

constexpr std::string_view all_views = R"sql(
with recursive relation as (
    select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as name, c.relispopulated
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('m', 'v') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass
                          and d.objid = c.oid and d.deptype = 'e')
), reading (reader, read) as (
    select distinct w.ev_class, d.refobjid
      from pg_catalog.pg_rewrite w
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
       and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> w.ev_class
), reached (view, read) as (
    select m.oid, r.read from relation m join reading r on r.reader = m.oid where m.relkind = 'm'
    union
    select t.view, r.read from reached t join relation v on v.oid = t.read and v.relkind = 'v'
      join reading r on r.reader = v.oid
)
select m.name, m.relispopulated as is_filled,
       exists (select from pg_catalog.pg_index i
                where i.indrelid = m.oid and i.indisunique and i.indisvalid and i.indimmediate
                  and i.indpred is null and i.indexprs is null) as has_key,
       coalesce((select string_agg(distinct o.name, e'\n') from reached t
                   join relation o on o.oid = t.read and o.relkind = 'm' where t.view = m.oid), '') as reads
  from relation m where m.relkind = 'm' order by m.name)sql";

std::vector<View> read_views(pg::Connection& connection) {
    std::vector<View> views;
    for (const auto row : connection.query(std::string(all_views))) {
        View view;
        view.name = row.string("name");
        view.is_filled = row.boolean("is_filled");
        view.has_key = row.boolean("has_key");
        if (!row.text("reads").empty()) {
            view.reads = split(row.string("reads"), '\n');
        }
        views.push_back(std::move(view));
    }
    return views;
}

/// `stats` means `public.stats` where no other schema has one.
const View& find(const std::vector<View>& views, const std::string& wanted) {
    std::vector<const View*> found;
    std::vector<std::string> names;
    for (const auto& view : views) {
        names.push_back(view.name);
        if (view.name == wanted) {
            return view;
        }
        if (view.name.size() > wanted.size() && view.name.ends_with("." + wanted)) {
            found.push_back(&view);
        }
    }
    if (found.size() == 1) {
        return *found.front();
    }
    throw Error(Code::usage,
                found.empty() ? fmt::format("there is no materialised view {}", wanted)
                              : fmt::format("{} is in several schemas", wanted),
                names.empty() ? "the database has none" : "choose of: " + join(names, ", "));
}

/// Those that others read come first; PostgreSQL allows no circles.
void put_in_order(std::vector<View>& views) {
    std::vector<View> ordered;
    std::set<std::string> waiting;
    for (const auto& view : views) {
        waiting.insert(view.name);
    }
    while (!views.empty()) {
        const auto next = std::find_if(views.begin(), views.end(), [&](const View& view) {
            return std::none_of(view.reads.begin(), view.reads.end(),
                                [&](const auto& name) { return waiting.contains(name); });
        });
        waiting.erase(next->name);
        ordered.push_back(std::move(*next));
        views.erase(next);
    }
    views = std::move(ordered);
}

}  // namespace

std::vector<View> plan(pg::Connection& connection, const std::vector<std::string>& wanted) {
    auto views = read_views(connection);
    if (!wanted.empty()) {
        std::set<std::string> names;
        for (const auto& name : wanted) {
            names.insert(find(views, name).name);
        }
        std::erase_if(views, [&](const View& view) { return !names.contains(view.name); });
    }
    put_in_order(views);
    return views;
}

Refreshed refresh(pg::Connection& connection, const View& view,
                  std::chrono::milliseconds patience) {
    const Stopwatch watch;
    const auto sql = fmt::format("refresh materialized view {}{}",
                                 view.is_concurrent() ? "concurrently " : "", view.name);
    while (true) {
        const Stopwatch attempt;
        try {
            pg::Transaction transaction(connection);
            connection.query("set local lock_timeout = '500ms'");
            connection.query(sql);
            const auto rows =
                connection.query(fmt::format("select count(*) as n from {}", view.name))
                    .front()
                    .integer("n");
            transaction.commit();
            return {rows, attempt.elapsed()};
        } catch (const pg::DatabaseError& error) {
            if (error.sqlstate != pg::sqlstate::lock_not_available) {
                throw;
            }
            if (watch.elapsed() >= patience) {
                throw Error(Code::locked,
                            fmt::format("{} is held by others for longer than {}", view.name,
                                        human(patience)),
                            "wait for them, or give it a unique index: then nobody need wait");
            }
        }
        interrupt::check();
        ::poll(nullptr, 0, 100);
    }
}

}  // namespace caisson::refresh
