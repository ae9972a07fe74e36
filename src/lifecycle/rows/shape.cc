// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/shape.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::rows {
namespace {

/// Separates names in one field; it is in none.
constexpr char unit_separator = '\x1f';

/// The tables that all queries speak of; $1 says whether partitions count as tables of their own.
constexpr std::string_view tables_sql = R"sql(
with ours as materialized (
    select c.oid, c.relname, n.nspname, c.relkind, c.relispartition
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where case when $1 then c.relkind = 'r' else c.relkind in ('r', 'p') and not c.relispartition end
       and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'caisson')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                                 and d.deptype = 'e'))
)sql";

constexpr std::string_view columns_sql = R"sql(
select format('%I.%I', t.nspname, t.relname) as table_name, t.oid, t.nspname, t.relname,
       t.relkind = 'p' as is_partitioned, quote_ident(a.attname) as name, a.attname as bare,
       format('%I.%I', bn.nspname, b.typname) as type, b.typname as base, b.typcategory as category,
       a.attnotnull or y.typnotnull as is_required,
       a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid) ~ 'nextval', false) as is_counted,
       case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as fallback,
       case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end as generated,
       case when b.typname in ('varchar', 'bpchar') then m.typmod - 4 else m.typmod end as length,
       case when b.typname = 'numeric' and m.typmod > 0 then ((m.typmod - 4) >> 16) & 65535 else 0 end as precision,
       case when b.typname = 'numeric' and m.typmod > 0 then (m.typmod - 4) & 2047 else 0 end as scale,
       array_to_string(array(select enumlabel from pg_enum where enumtypid = b.oid order by enumsortorder), e'\x1f')
           as labels
  from ours t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_type y on y.oid = a.atttypid
  cross join lateral (
       with recursive base as (
           select y.oid, y.typtype, y.typbasetype, case when y.typtype = 'd' then y.typtypmod else a.atttypmod end as typmod
           union all
           select up.oid, up.typtype, up.typbasetype, case when up.typtype = 'd' then up.typtypmod else base.typmod end
             from base join pg_type up on up.oid = base.typbasetype where base.typtype = 'd')
       select oid, typmod from base where typtype <> 'd') m
  join pg_type b on b.oid = m.oid
  join pg_namespace bn on bn.oid = b.typnamespace
  left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
 order by t.oid, a.attnum
)sql";

/// Checks of tables; those of domains, where VALUE stands for the column; the bounds of partitions.
constexpr std::string_view checks_sql = R"sql(
select format('%I.%I', t.nspname, t.relname) as table_name, k.conname as name,
       pg_get_expr(k.conbin, k.conrelid) as expression, '' as stands_for,
       array_to_string(array(select quote_ident(attname) from pg_attribute where attrelid = t.oid
                              and attnum = any (k.conkey)), e'\x1f') as columns
  from ours t join pg_constraint k on k.conrelid = t.oid and k.contype = 'c'
union all
select format('%I.%I', t.nspname, t.relname), k.conname, pg_get_expr(k.conbin, 0), quote_ident(a.attname),
       quote_ident(a.attname)
  from ours t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_constraint k on k.contypid = a.atttypid and k.contype = 'c'
union all
select format('%I.%I', t.nspname, t.relname), 'partitions', string_agg(part.bound, ' or ' order by part.relid),
       '', (select array_to_string(array_agg(distinct quote_ident(a.attname)), e'\x1f')
              from pg_partition_tree(t.oid) level join pg_partitioned_table pt on pt.partrelid = level.relid
             cross join unnest(pt.partattrs) as key(num)
              join pg_attribute a on a.attrelid = t.oid and a.attname =
                   (select attname from pg_attribute where attrelid = level.relid and attnum = key.num)
             where key.num > 0)
  from ours t cross join lateral (
       select leaf.relid, '(' || pg_get_partition_constraintdef(leaf.relid) || ')' as bound
         from pg_partition_tree(t.oid) leaf where leaf.isleaf and leaf.relid <> t.oid
        order by leaf.relid limit 20) as part
 where t.relkind = 'p' and part.bound is not null
 group by t.oid, t.nspname, t.relname
union all
select format('%I.%I', t.nspname, t.relname), 'partition', pg_get_partition_constraintdef(t.oid), '',
       array_to_string(array(select quote_ident(attname) from pg_attribute
                              where attrelid = t.oid and attnum > 0 and not attisdropped), e'\x1f')
  from ours t where t.relispartition and pg_get_partition_constraintdef(t.oid) is not null
 order by 1, 2
)sql";

/// Keys with the columns that are indexed, and with all that are read: by expressions, by
/// conditions, behind INCLUDE.
constexpr std::string_view keys_sql = R"sql(
select format('%I.%I', t.nspname, t.relname) as table_name, i.relname as name, x.indisprimary as is_primary,
       x.indexprs is null and x.indpred is null and not x.indisexclusion as is_plain,
       x.indisexclusion as is_exclusion,
       coalesce(pg_get_expr(x.indexprs, x.indrelid), '') as expressions,
       array_to_string(array(
           select quote_ident(a.attname) from pg_attribute a
            where a.attrelid = t.oid and a.attnum in (select unnest((x.indkey::int2[])[0:x.indnkeyatts - 1]))
              and a.attnum > 0 order by a.attnum), e'\x1f') as columns,
       array_to_string(array(
           select quote_ident(a.attname) from pg_attribute a
            where a.attrelid = t.oid
              and (a.attnum in (select unnest(x.indkey))
                   or a.attnum in (select d.refobjsubid from pg_depend d
                                    where d.classid = 'pg_class'::regclass and d.objid = i.oid
                                      and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid))
              and a.attnum > 0 order by a.attnum), e'\x1f') as read
  from ours t join pg_index x on x.indrelid = t.oid and (x.indisunique or x.indisexclusion) and x.indisvalid
  join pg_class i on i.oid = x.indexrelid
 order by 1, x.indisprimary desc, 2
)sql";

constexpr std::string_view foreign_keys_sql = R"sql(
select format('%I.%I', t.nspname, t.relname) as table_name, k.conname as name,
       format('%I.%I', p.nspname, p.relname) as parent,
       array_to_string(array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality u (num, place)
              join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.place), e'\x1f') as columns,
       array_to_string(array(select quote_ident(a.attname) from unnest(k.confkey) with ordinality u (num, place)
              join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by u.place), e'\x1f') as targets
  from ours t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
                                  and (k.conparentid = 0 or t.relispartition)
  join (select c.oid, c.relname, n.nspname, c.relispartition from pg_class c
          join pg_namespace n on n.oid = c.relnamespace) p on p.oid = k.confrelid
 where k.conparentid = 0 or not p.relispartition
 order by 1, 2
)sql";

std::string question(std::string_view sql) { return std::string(tables_sql) + std::string(sql); }

std::vector<std::string> names_in(const pg::Row& row, std::string_view field) {
    return split(row.text(field), unit_separator);
}

/// A domain's check speaks of VALUE.
std::string with_column(const std::string& expression, const std::string& column) {
    std::string text;
    std::size_t copied = 0;
    sql::Scanner scanner(expression);
    while (const auto token = scanner.next()) {
        const auto word = std::string_view(expression).substr(token->offset, token->length);
        if (token->kind == sql::TokenKind::word && sql::is_keyword(word, "value")) {
            text += expression.substr(copied, token->offset - copied) + column;
            copied = token->offset + token->length;
        }
    }
    return text + expression.substr(copied);
}

Column column_of(const pg::Row& row) {
    Column column;
    column.name = row.string("name");
    column.bare = row.string("bare");
    column.type = row.string("type");
    column.base = row.string("base");
    column.category = row.text("category").front();
    column.is_required = row.boolean("is_required");
    column.is_counted = row.boolean("is_counted");
    column.fallback = row.string("fallback");
    column.generated = row.string("generated");
    column.length = std::max(0, static_cast<int>(row.integer("length")));
    column.precision = static_cast<int>(row.integer("precision"));
    column.scale = static_cast<int>(row.integer("scale"));
    column.labels = names_in(row, "labels");
    return column;
}

}  // namespace

const Column* Table::find(const std::string& column) const {
    const auto found =
        std::ranges::find_if(columns, [&](const Column& each) { return each.name == column; });
    return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> Table::named_in(const std::string& expression) const {
    std::set<std::string_view> words;
    sql::Scanner scanner(expression);
    while (const auto token = scanner.next()) {
        words.insert(std::string_view(expression).substr(token->offset, token->length));
    }
    std::vector<std::string> names;
    for (const auto& column : columns) {
        if (words.contains(column.name)) {
            names.push_back(column.name);
        }
    }
    return names;
}

std::vector<std::string> Table::written_for(const std::string& column) const {
    const auto* const found = find(column);
    return found && !found->generated.empty() ? named_in(found->generated)
                                              : std::vector<std::string>{column};
}

Shapes read_shapes(pg::Connection& connection, Partitions partitions) {
    Shapes shapes;
    const pg::Parameters wish = {partitions == Partitions::as_tables};
    for (const auto row : connection.query(question(columns_sql), wish)) {
        auto& table = shapes[row.string("table_name")];
        table.name = row.string("table_name");
        table.bare_schema = row.string("nspname");
        table.bare_name = row.string("relname");
        table.oid = row.integer("oid");
        table.is_partitioned = row.boolean("is_partitioned");
        table.columns.push_back(column_of(row));
    }
    for (const auto row : connection.query(question(checks_sql), wish)) {
        Check check{row.string("name"), row.string("expression"), names_in(row, "columns")};
        if (!row.text("stands_for").empty()) {
            check.expression = with_column(check.expression, row.string("stands_for"));
        }
        shapes[row.string("table_name")].checks.push_back(std::move(check));
    }
    for (const auto row : connection.query(question(keys_sql), wish)) {
        auto& table = shapes[row.string("table_name")];
        Key key{row.string("name"),        names_in(row, "columns"), names_in(row, "read"),
                row.boolean("is_primary"), row.boolean("is_plain"),  row.boolean("is_exclusion")};
        for (auto& name : table.named_in(row.string("expressions"))) {
            if (std::ranges::find(key.columns, name) == key.columns.end()) {
                key.columns.push_back(std::move(name));
            }
        }
        table.keys.push_back(std::move(key));
    }
    for (const auto row : connection.query(question(foreign_keys_sql), wish)) {
        shapes[row.string("table_name")].foreign_keys.push_back(
            {row.string("name"), names_in(row, "columns"), row.string("parent"),
             names_in(row, "targets")});
    }
    return shapes;
}

}  // namespace caisson::rows
