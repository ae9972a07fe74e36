// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/rows.h"

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::proof {
namespace {

constexpr std::string_view tables_sql = R"sql(
select c.oid, format('%I.%I', n.nspname, c.relname) as name, pg_relation_size(c.oid) as bytes,
       a.attname as column, format_type(a.atttypid, a.atttypmod) as type
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                          and a.attgenerated = ''
 where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                                             and d.objid = c.oid and d.deptype = 'e')
)sql";

/// One query for each hundred tables: a union of a thousand takes the server long to plan.
constexpr std::size_t at_once = 100;

std::string part_of(const std::string& name, const Table& table, std::int64_t limit) {
    std::vector<std::string> columns;
    for (const auto& [column, type] : table.columns) {
        columns.push_back(pg::identifier(column));
    }
    const auto digest = columns.empty() || table.bytes > limit
                            ? "''"
                            : fmt::format(
                                  "coalesce(sum(hashtextextended(row({})::text, 0)::numeric)"
                                  "::text, '')",
                                  join(columns, ", "));
    return fmt::format("select {} as name, count(*) as count, {} as digest from only {}",
                       pg::literal(name), digest, name);
}

}  // namespace

Tables tables_of(pg::Connection& connection) {
    Tables tables;
    for (const auto row : connection.query(tables_sql)) {
        auto& table = tables[row.string("name")];
        table.oid = row.integer("oid");
        table.bytes = row.integer("bytes");
        if (const auto column = row.optional("column")) {
            table.columns[*column] = row.string("type");
        }
    }
    return tables;
}

std::map<std::string, Rows> rows_of(pg::Connection& connection, const Tables& tables,
                                    std::int64_t limit) {
    std::map<std::string, Rows> rows;
    std::vector<std::string> parts;
    const auto ask = [&] {
        if (!parts.empty()) {
            for (const auto row : connection.query(join(parts, "\nunion all\n"))) {
                rows[row.string("name")] = {static_cast<std::uint64_t>(row.integer("count")),
                                            row.string("digest")};
            }
            parts.clear();
        }
    };
    for (const auto& [name, table] : tables) {
        if (table.bytes == 0) {
            rows[name] = {};
            continue;
        }
        parts.push_back(part_of(name, table, limit));
        if (parts.size() == at_once) {
            ask();
        }
    }
    ask();
    return rows;
}

Tables common(const Tables& one, const Tables& other) {
    Tables both;
    for (const auto& [name, table] : one) {
        const auto found = other.find(name);
        if (found == other.end()) {
            continue;
        }
        auto& shared = both[name];
        shared.oid = found->second.oid;
        shared.bytes = found->second.bytes;
        for (const auto& [column, type] : table.columns) {
            const auto same = found->second.columns.find(column);
            if (same != found->second.columns.end() && same->second == type) {
                shared.columns[column] = type;
            }
        }
    }
    return both;
}

}  // namespace caisson::proof
