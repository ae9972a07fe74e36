// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/inspection.h"

namespace caisson::checks {
namespace {

/// The parts of an anti join for each foreign key, with the very operators that the key uses.
/// `match` is NULL where the key holds over periods, which equality does not describe.
constexpr std::string_view keys_sql = R"sql(
select quote_ident(n.conname) as name,
       n.conrelid::regclass::text as child, n.confrelid::regclass::text as parent,
       case when c.relkind = 'p' then '' else 'only ' end as child_only,
       case when p.relkind = 'p' then '' else 'only ' end as parent_only,
       string_agg(format('p.%I operator(%I.%s) c.%I', pa.attname, os.nspname, o.oprname, ca.attname),
                  ' and ' order by k.place) as match,
       string_agg(format('c.%I', ca.attname), ', ' order by k.place) as columns,
       string_agg(format('c.%I is not null', ca.attname),
                  case when n.confmatchtype = 'f' then ' or ' else ' and ' end order by k.place)
           as concerned,
       -- The same of a list of keys k1, k2, … that several children have in common.
       string_agg(format('c.%I as k%s', ca.attname, k.place), ', ' order by k.place) as keys,
       string_agg(format('p.%I operator(%I.%s) c.k%s', pa.attname, os.nspname, o.oprname, k.place),
                  ' and ' order by k.place) as keys_match,
       string_agg(ca.atttypid::regtype::text, ', ' order by k.place) as types,
       coalesce(to_jsonb(n) ->> 'conperiod', 'false') = 'true' as over_periods
  from pg_constraint n
  join pg_class c on c.oid = n.conrelid
  join pg_class p on p.oid = n.confrelid
 cross join unnest(n.conkey, n.confkey, n.conpfeqop) with ordinality as k(child, parent, op, place)
  join pg_attribute ca on ca.attrelid = n.conrelid and ca.attnum = k.child
  join pg_attribute pa on pa.attrelid = n.confrelid and pa.attnum = k.parent
  join pg_operator o on o.oid = k.op
  join pg_namespace os on os.oid = o.oprnamespace
 where n.contype = 'f' and n.conparentid = 0
   and coalesce(to_jsonb(n) ->> 'conenforced', 'true') = 'true'
 group by n.oid, n.conname, n.conrelid, n.confrelid, c.relkind, p.relkind, n.confmatchtype,
          to_jsonb(n) ->> 'conperiod'
 order by 2, 1
)sql";

/// `from child c where …`: the rows that have no parent and should have one. MATCH SIMPLE lets a
/// key with any NULL pass, MATCH FULL only one of nothing but NULLs.
/// Source: PostgreSQL, "CREATE TABLE", REFERENCES.
std::string orphans_of(const pg::Row& key) {
    return fmt::format("from {}{} c where ({}) and not exists (select from {}{} p where {})",
                       key.text("child_only"), key.text("child"), key.text("concerned"),
                       key.text("parent_only"), key.text("parent"), key.text("match"));
}

/// Asked at once, so that what is known of a parent is looked up once: with a million parents that
/// is most of the work. Few enough that their locks have room.
constexpr std::size_t most_together = 8;

/// Whether a list of keys to the same parent has no orphan at all; no answer is no either.
bool none_of(Inspection& inspection, const std::vector<pg::Row>& keys) {
    std::vector<std::string> lists;
    for (const auto& key : keys) {
        lists.push_back(fmt::format("select {} from {}{} c where {}", key.text("keys"),
                                    key.text("child_only"), key.text("child"),
                                    key.text("concerned")));
    }
    const auto& first = keys.front();
    const auto result = inspection.attempt_large(fmt::format(
        "select count(*) as n from ({}) c where not exists (select from {}{} p where {})",
        join(lists, " union all "), first.text("parent_only"), first.text("parent"),
        first.text("keys_match")));
    const auto* rows = std::get_if<pg::Result>(&result);
    return rows && rows->front().integer("n") == 0;
}

/// The keys that are known to have no orphans, by their place in the list.
std::set<std::size_t> without_orphans(Inspection& inspection, const pg::Result& keys) {
    std::map<std::string, std::vector<std::size_t>> alike;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!keys[i].boolean("over_periods")) {
            alike[fmt::format("{} {} {}", keys[i].text("parent"), keys[i].text("keys_match"),
                              keys[i].text("types"))]
                .push_back(i);
        }
    }
    std::set<std::size_t> known;
    for (const auto& [parent, places] : alike) {
        for (std::size_t start = 0; start < places.size(); start += most_together) {
            const auto end = std::min(places.size(), start + most_together);
            std::vector<pg::Row> rows;
            for (auto i = start; i < end; ++i) {
                rows.push_back(keys[places[i]]);
            }
            if (rows.size() > 1 && none_of(inspection, rows)) {
                known.insert(places.begin() + static_cast<std::ptrdiff_t>(start),
                             places.begin() + static_cast<std::ptrdiff_t>(end));
            }
        }
    }
    return known;
}

/// The first few keys without a parent: "(42), (43), …".
std::string some_keys(Inspection& inspection, const pg::Row& key, const std::string& orphans) {
    const auto result = inspection.attempt(
        fmt::format("select row({})::text as key {} limit 3", key.text("columns"), orphans));
    std::string list;
    if (const auto* rows = std::get_if<pg::Result>(&result)) {
        for (const auto row : *rows) {
            list += (list.empty() ? "" : ", ") + row.string("key");
        }
    }
    return list.empty() ? "" : ", such as " + list;
}

}  // namespace

void inspect_orphans(Inspection& inspection, Verdict& verdict) {
    const auto keys = inspection.connection.query(keys_sql);
    const auto known = without_orphans(inspection, keys);
    std::uint64_t all = 0;
    std::size_t unknown = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (known.contains(i)) {
            continue;
        }
        const auto key = keys[i];
        const auto what = fmt::format("foreign key {} of {}", key.text("name"), key.text("child"));
        if (key.boolean("over_periods")) {
            add_finding(verdict, Severity::info, what + " holds over periods and was not counted");
            continue;
        }
        const auto orphans = orphans_of(key);
        const auto result = inspection.attempt_large("select count(*) as n " + orphans);
        if (const auto* error = std::get_if<pg::DatabaseError>(&result)) {
            ++unknown;
            add_unknown(verdict, what, *error, inspection.options.limit);
            continue;
        }
        const auto n =
            static_cast<std::uint64_t>(std::get<pg::Result>(result).front().integer("n"));
        if (n > 0) {
            all += n;
            add_finding(
                verdict, Severity::error,
                fmt::format("{}: {} without a row in {}{}", what, counted(n, "row"),
                            key.text("parent"), some_keys(inspection, key, orphans)),
                fmt::format("look at them: select c.* {}; then insert the missing rows into {}, or "
                            "delete these",
                            orphans, key.text("parent")));
        }
    }
    if (all > 0) {
        // What is known outweighs what is not.
        verdict.outcome = Outcome::fails;
    }
    verdict.expected = fmt::format("none for {}", counted(keys.size(), "foreign key"));
    verdict.found = all > 0       ? counted(all, "orphan")
                    : unknown > 0 ? fmt::format("{} not examined", counted(unknown, "key"))
                                  : "none";
}

}  // namespace caisson::checks
