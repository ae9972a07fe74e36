// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/samples.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::proof {
namespace {

/// Columns that need a value, with one for their type: those without a default, and those whose
/// default would advance a sequence. `hints` are the first constants that checks name beside them.
constexpr std::string_view columns_sql = R"sql(
select format('%I.%I', n.nspname, c.relname) as table_name, quote_ident(a.attname) as column_name,
       case when y.typcategory = 'A' then '{}' when b.typname in ('json', 'jsonb') then '{}'
            when y.typtype = 'e' then (select min(enumlabel) from pg_enum
                                        where enumtypid = y.oid and enumsortorder =
                                       (select min(enumsortorder) from pg_enum where enumtypid = y.oid))
            when b.typname in ('inet', 'cidr') then '127.0.0.1/32'
            when b.typname = 'macaddr' then '00:00:00:00:00:01'
            when b.typname = 'uuid' then '00000000-0000-4000-8000-000000000001'
            when b.typname = 'bytea' then '\x01' when b.typname = 'xml' then '<a/>'
            when b.typname = 'time' or b.typname = 'timetz' then '12:00'
            when b.typname = 'point' then '(1,1)' when b.typname = 'bit' then '1'
            when b.typcategory = 'N' then '1' when b.typcategory = 'B' then 'true'
            when b.typcategory = 'D' then '2020-01-01' when b.typcategory = 'T' then '1 day'
            when b.typcategory = 'R' then 'empty'
            else 'x' end as value,
       coalesce((select (regexp_match(pg_get_constraintdef(k.oid), '''((?:[^'']|'''')*)''::'))[1]
                   from pg_constraint k
                  where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any (k.conkey)
                    and pg_get_constraintdef(k.oid) ~ '''::' limit 1), '') as hint,
       b.typcategory = 'S' as is_text
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                     and a.attgenerated = ''
  join pg_type y on y.oid = a.atttypid
  join pg_type b on b.oid = case when y.typtype = 'd' then y.typbasetype else y.oid end
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
 where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
   and (a.attnotnull or y.typnotnull)
   and (a.attidentity <> '' or d.oid is null or pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')
 order by c.oid, a.attnum
)sql";

/// Foreign keys: the columns of the child, and those of the parent in the same order.
constexpr std::string_view keys_sql = R"sql(
select format('%I.%I', n.nspname, c.relname) as child, format('%I.%I', pn.nspname, p.relname) as parent,
       array_to_string(array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality u (num, place)
              join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.place), e'\t') as columns,
       array_to_string(array(select quote_ident(a.attname) from unnest(k.confkey) with ordinality u (num, place)
              join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by u.place), e'\t') as targets
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
 where k.contype = 'f' and k.conparentid = 0
)sql";

struct Shape {
    std::map<std::string, std::string> values;  ///< Column to an expression; quoted names.
    std::vector<std::string> parents;
};

std::map<std::string, Shape> shapes_of(pg::Connection& connection) {
    std::map<std::string, Shape> shapes;
    for (const auto row : connection.query(columns_sql)) {
        const bool hinted = row.boolean("is_text") && !row.text("hint").empty();
        // The hint comes out of the server's own quotes.
        const auto value =
            hinted ? replace_all(row.string("hint"), "''", "'") : row.string("value");
        shapes[row.string("table_name")].values[row.string("column_name")] = pg::literal(value);
    }
    for (const auto row : connection.query(keys_sql)) {
        auto& shape = shapes[row.string("child")];
        const std::string parent = row.string("parent");
        const auto columns = split(row.text("columns"), '\t');
        const auto targets = split(row.text("targets"), '\t');
        const bool is_needed = std::ranges::any_of(
            columns, [&](const auto& column) { return shape.values.contains(column); });
        if (!is_needed) {
            continue;  // NULL will do.
        }
        shape.parents.push_back(parent);
        for (std::size_t index = 0; index < columns.size() && index < targets.size(); ++index) {
            shape.values[columns[index]] =
                fmt::format("(select {} from {} limit 1)", targets[index], parent);
        }
    }
    return shapes;
}

std::string insert_of(const std::string& table, const Shape& shape) {
    if (shape.values.empty()) {
        return fmt::format("insert into {} default values", table);
    }
    std::vector<std::string> columns;
    std::vector<std::string> values;
    for (const auto& [column, value] : shape.values) {
        columns.push_back(column);
        values.push_back(value);
    }
    return fmt::format("insert into {} ({}) overriding system value values ({})", table,
                       join(columns, ", "), join(values, ", "));
}

/// Without triggers, where the session may: an audit trail is no place for the rows of a proof.
void begin(pg::Connection& connection) {
    connection.query("begin");
    connection.query("savepoint mode");
    try {
        connection.query("set local session_replication_role = replica");
    } catch (const pg::DatabaseError&) {
        connection.query("rollback to savepoint mode");
    }
}

/// Runs each statement for itself, all of them in one message: there may be thousands. The numbers
/// of those that the server refused.
std::set<std::size_t> refused(pg::Connection& connection,
                              const std::vector<std::string>& statements) {
    std::set<std::size_t> numbers;
    if (statements.empty()) {
        return numbers;
    }
    std::vector<std::string> literals;
    literals.reserve(statements.size());
    for (const auto& statement : statements) {
        literals.push_back(pg::literal(statement));
    }
    connection.query("do " +
                     pg::literal(fmt::format(
                         "declare statement text; number int := 0; refused text := ''; begin "
                         "foreach statement in array array[{}] loop begin execute statement; "
                         "exception when others then refused := refused || number || ' '; end; "
                         "number := number + 1; end loop; perform pg_catalog.set_config("
                         "'caisson.refused', refused, true); end",
                         join(literals, ", "))));
    const auto answer =
        connection.query("select pg_catalog.current_setting('caisson.refused') as numbers");
    for (const auto& number : split(answer.front().text("numbers"), ' ')) {
        if (!number.empty()) {
            numbers.insert(std::stoul(number));
        }
    }
    return numbers;
}

}  // namespace

Samples put_samples(pg::Connection& connection, const std::map<std::string, Rows>& rows) {
    Samples samples;
    auto shapes = shapes_of(connection);
    std::vector<std::string> left;
    std::set<std::string> filled;
    for (const auto& [name, found] : rows) {
        if (found.count > 0) {
            filled.insert(name);
        } else {
            left.push_back(name);
        }
    }
    if (left.empty()) {
        return samples;
    }
    begin(connection);
    // Parents first; what refers to itself or in a circle stays without.
    for (bool progress = true; progress;) {
        progress = false;
        std::vector<std::string> rest;
        std::vector<std::string> names;
        std::vector<std::string> statements;
        for (const auto& name : left) {
            const auto& shape = shapes[name];
            const bool ready = std::ranges::all_of(shape.parents, [&](const auto& parent) {
                return filled.contains(parent) || !rows.contains(parent);
            });
            if (!ready) {
                rest.push_back(name);
                continue;
            }
            progress = true;
            names.push_back(name);
            statements.push_back(insert_of(name, shape));
        }
        const auto empty = refused(connection, statements);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (empty.contains(i)) {
                samples.without.push_back(names[i]);
            } else {
                filled.insert(names[i]);
                samples.tables.push_back(names[i]);
            }
        }
        left = std::move(rest);
    }
    connection.query("commit");
    samples.without.insert(samples.without.end(), left.begin(), left.end());
    std::ranges::sort(samples.without);
    return samples;
}

void take_samples(pg::Connection& connection, const Samples& samples) {
    if (samples.tables.empty()) {
        return;
    }
    std::vector<std::string> statements;
    for (auto table = samples.tables.rbegin(); table != samples.tables.rend(); ++table) {
        statements.push_back("delete from only " + *table);
    }
    begin(connection);
    refused(connection, statements);
    connection.query("commit");
}

}  // namespace caisson::proof
