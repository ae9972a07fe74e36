// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/search_path.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::backups {

bool misses_by_path(const std::string& errors) {
    constexpr std::string_view word = "ERROR:  ";
    constexpr std::array<std::string_view, 4> kinds = {"function ", "relation ", "type ",
                                                       "operator "};
    return std::ranges::any_of(split(errors, '\n'), [&](const std::string& line) {
        const auto at = line.find(word);
        return at != std::string::npos && line.ends_with(" does not exist") &&
               std::ranges::any_of(kinds, [&](std::string_view kind) {
                   return std::string_view(line).substr(at + word.size()).starts_with(kind);
               });
    });
}

std::vector<std::string> give_search_path(pg::Connection& connection, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& row : connection.query(
             "select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid "
             "= p.pronamespace join pg_language l on l.oid = p.prolang where p.prokind in ('f', "
             "'w') and n.nspname not in ('pg_catalog', 'information_schema') and l.lanname not in "
             "('internal', 'c') and not exists (select from unnest(p.proconfig) c where "
             "starts_with(c, 'search_path=')) and not exists (select from pg_depend d where "
             "d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')")) {
        names.push_back(row.string("name"));
    }
    for (const auto& name : names) {
        connection.query(fmt::format("alter function {} set search_path to {}", name, path));
    }
    return names;
}

void take_search_path(pg::Connection& connection, const std::vector<std::string>& functions) {
    for (const auto& name : functions) {
        connection.query(fmt::format("alter function {} reset search_path", name));
    }
}

}  // namespace caisson::backups
