// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/matrix.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::isolation {
namespace {

constexpr char unit_separator = '\x1f';

/// {} is the list of roles.
constexpr std::string_view matrix_sql = R"sql(
with roles as (
    select name from unnest({}) as name where name = 'public' or exists (select from pg_roles where rolname = name)
), spaces as materialized (
    select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'caisson')
), relations as materialized (
    select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as name from pg_class c
      join spaces n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                                 and d.deptype = 'e')
)
select 'table ' || c.name as object, r.name as role,
       array_to_string(array(
           select p from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
            where has_table_privilege(r.name, c.oid, p)
           union all
           select p || ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'
             from unnest(array['select', 'insert', 'update', 'references']) p
             join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where not has_table_privilege(r.name, c.oid, p) and has_column_privilege(r.name, c.oid, a.attnum, p)
            group by p), e'\x1f') as rights
  from relations c cross join roles r where c.relkind <> 'S'
union all
select 'sequence ' || c.name, r.name,
       array_to_string(array(select p from unnest(array['usage', 'select', 'update']) p
                              where has_sequence_privilege(r.name, c.oid, p)), e'\x1f')
  from relations c cross join roles r where c.relkind = 'S'
union all
select format('%s %I.%I(%s)', case p.prokind when 'p' then 'procedure' else 'function' end, n.nspname, p.proname,
              pg_get_function_identity_arguments(p.oid)), r.name,
       case when has_function_privilege(r.name, p.oid, 'execute') then 'execute' else '' end
  from pg_proc p join spaces n on n.oid = p.pronamespace cross join roles r
 where p.prokind in ('f', 'p')
   and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select format('schema %I', n.nspname), r.name,
       array_to_string(array(select p from unnest(array['usage', 'create']) p
                              where has_schema_privilege(r.name, n.oid, p)), e'\x1f')
  from spaces n cross join roles r
union all
select 'database', r.name,
       array_to_string(array(select p from unnest(array['connect', 'create', 'temporary']) p
                              where has_database_privilege(r.name, current_database(), p)), e'\x1f')
  from roles r
)sql";

std::string statement_for(const Deviation& deviation, const std::string& database) {
    const auto role = deviation.role == "public" ? "public" : pg::identifier(deviation.role);
    const auto object = deviation.object == "database"
                            ? fmt::format("database {}", pg::identifier(database))
                            : deviation.object;
    return deviation.is_found
               ? fmt::format("revoke {} on {} from {};", deviation.right, object, role)
               : fmt::format("grant {} on {} to {};", deviation.right, object, role);
}

using Rights = std::set<std::string>;

const Rights& rights_of(const std::map<std::string, Rights>& by_role, const std::string& role) {
    static const Rights none;
    const auto found = by_role.find(role);
    return found == by_role.end() ? none : found->second;
}

/// The letters that psql's \dp shows; small columns in parentheses are told by a star.
std::string letters(const Rights& rights) {
    static const std::vector<std::pair<std::string, char>> known = {
        {"insert", 'a'},   {"select", 'r'},     {"update", 'w'}, {"delete", 'd'},
        {"truncate", 'D'}, {"references", 'x'}, {"trigger", 't'}};
    std::string text;
    for (const auto& [right, letter] : known) {
        if (rights.contains(right)) {
            text += letter;
        } else if (std::ranges::any_of(
                       rights, [&](const auto& each) { return each.starts_with(right + " ("); })) {
            text += letter;
            text += '*';
        }
    }
    return text.empty() ? "–" : text;
}

}  // namespace

Matrix read_matrix(pg::Connection& connection, const std::vector<std::string>& roles) {
    std::vector<std::string> literals = {"'public'"};
    for (const auto& role : roles) {
        literals.push_back(pg::literal(role));
    }
    const auto list = fmt::format("array[{}]::text[]", join(literals, ", "));
    Matrix matrix;
    for (const auto row : connection.query(replace_all(std::string(matrix_sql), "{}", list))) {
        const auto rights = split(row.text("rights"), unit_separator);
        matrix[row.string("object")][row.string("role")] = {rights.begin(), rights.end()};
    }
    return matrix;
}

std::vector<Deviation> compare(const Matrix& expected, const Matrix& found,
                               const std::string& database) {
    std::vector<Deviation> list;
    for (const auto& [object, wanted] : expected) {
        const auto there = found.find(object);
        if (there == found.end()) {
            continue;
        }
        const auto& everybody = rights_of(there->second, "public");
        const auto& everybody_wanted = rights_of(wanted, "public");
        for (const auto& [role, has] : there->second) {
            if (!wanted.contains(role)) {
                continue;
            }
            const auto add = [&](const std::string& right, bool is_found) {
                Deviation deviation{object, role, right, is_found, {}};
                deviation.remedy = statement_for(deviation, database);
                list.push_back(std::move(deviation));
            };
            for (const auto& right : has) {
                const bool is_everybodys = role != "public" && everybody.contains(right) &&
                                           !everybody_wanted.contains(right);
                if (!wanted.at(role).contains(right) && !is_everybodys) {
                    add(right, true);
                }
            }
            for (const auto& right : wanted.at(role)) {
                if (!has.contains(right)) {
                    add(right, false);
                }
            }
        }
    }
    return list;
}

std::string to_table(const Matrix& matrix, const std::vector<std::string>& roles) {
    std::vector<std::vector<std::string>> lines;
    std::vector<std::string> heading = {""};
    heading.insert(heading.end(), roles.begin(), roles.end());
    lines.push_back(heading);
    for (const auto& [object, by_role] : matrix) {
        if (!object.starts_with("table ")) {
            continue;
        }
        std::vector<std::string> line = {object.substr(6)};
        for (const auto& role : roles) {
            line.push_back(letters(rights_of(by_role, role)));
        }
        lines.push_back(std::move(line));
    }
    // An en dash has three bytes and one column.
    const auto width_of = [](const std::string& text) {
        return static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    std::vector<std::size_t> widths(heading.size(), 0);
    for (const auto& line : lines) {
        for (std::size_t place = 0; place < line.size(); ++place) {
            widths[place] = std::max(widths[place], width_of(line[place]));
        }
    }
    std::string text;
    for (const auto& line : lines) {
        std::string row;
        for (std::size_t place = 0; place < line.size(); ++place) {
            row += line[place] + std::string(widths[place] - width_of(line[place]) + 2, ' ');
        }
        text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace caisson::isolation
