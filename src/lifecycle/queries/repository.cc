// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/repository.h"

#include <algorithm>

#include "base/text.h"

namespace caisson::queries {
namespace {

constexpr std::string_view now_newer =
    "greatest(clock_timestamp(), {0} + interval '1 microsecond')";

/// SQL of more columns than fit into a line.
std::string listed(const std::vector<std::string>& parts) {
    std::string out;
    std::size_t line = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = parts[i] + (i + 1 < parts.size() ? "," : "");
        if (i > 0) {
            const bool fits = line + 1 + part.size() < 90;
            out += fits ? " " : "\n    ";
            line = fits ? line + 1 : 4;
        }
        out += part;
        line += part.size();
    }
    return out;
}

bool comes_as_itself(const TableColumn& each) {
    return each.type->is_binary && each.type->is_readable;
}

}  // namespace

bool Repository::is_key(std::size_t column) const {
    return std::ranges::find(table_.key, column) != table_.key.end();
}

std::string Repository::qualified() const {
    return table_.schema == "public" ? table_.name : table_.schema + '.' + table_.name;
}

bool Repository::is_insertable(std::size_t i) const {
    return !column(i).is_generated && !column(i).is_identity;
}

bool Repository::is_changeable(std::size_t i) const {
    return is_insertable(i) && !is_key(i) && table_.version != i && table_.removed != i;
}

std::string Repository::selected() const {
    std::vector<std::string> parts;
    for (const auto& each : table_.columns) {
        parts.push_back(comes_as_itself(each) ? each.sql
                                              : fmt::format("{0}::text as {0}", each.sql));
    }
    // RETURNING needs something to return.
    return parts.empty() ? "1" : listed(parts);
}

std::string Repository::not_removed(std::string_view before) const {
    return table_.removed ? fmt::format("{}{} is null", before, column(*table_.removed).sql)
                          : std::string();
}

std::string Repository::compared(std::size_t i) const {
    const auto& each = column(i);
    return each.type->enum_sql == each.type->sql || each.type->enum_sql.empty()
               ? each.sql
               : fmt::format("{}::{}", each.sql, each.type->enum_sql);
}

std::string Repository::compared_type(std::size_t i) const {
    const auto& type = *column(i).type;
    return type.enum_sql.empty() ? type.sql : type.enum_sql;
}

std::string Repository::key_condition() const {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < table_.key.size(); ++i) {
        parts.push_back(fmt::format("{} = ${}", compared(table_.key[i]), i + 1));
    }
    return join(parts, " and ");
}

std::vector<std::string> Repository::key_values(std::string_view name) const {
    if (!is_composite()) {
        return {std::string(name)};
    }
    std::vector<std::string> values;
    for (const auto i : table_.key) {
        values.push_back(fmt::format("{}.{}", name, column(i).cpp));
    }
    return values;
}

std::string Repository::key_parameter() const {
    return is_composite()                        ? "const Key& key"
           : column(table_.key[0]).type->is_view ? "Key key"
                                                 : "const Key& key";
}

bool Repository::has_changes() const {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        if (is_changeable(i)) {
            return true;
        }
    }
    return false;
}

bool Repository::key_is_required() const {
    return std::ranges::all_of(
        table_.key, [&](std::size_t i) { return is_insertable(i) && column(i).is_required(); });
}

bool Repository::key_is_insertable() const {
    return std::ranges::any_of(table_.key, [&](std::size_t i) { return is_insertable(i); });
}

bool Repository::key_has_array() const {
    return std::ranges::any_of(table_.key, [&](std::size_t i) { return column(i).type->is_array; });
}

std::string Repository::always(std::string_view before) const {
    if (!table_.version || column(*table_.version).is_kept) {
        return {};
    }
    const auto& each = column(*table_.version);
    const auto old = fmt::format("{}{}", before, each.sql);
    return each.type->cpp == "pg::Timestamp"
               ? fmt::format("{} = {}", each.sql, fmt::format(now_newer, old))
               : fmt::format("{} = {} + 1", each.sql, old);
}

std::string Repository::behind() const {
    const auto& order = table_.order;
    const bool is_one_way = std::ranges::all_of(
        order, [&](const OrderColumn& each) { return each.falls == order.front().falls; });
    std::vector<std::string> names;
    std::vector<std::string> places;
    for (std::size_t i = 0; i < order.size(); ++i) {
        names.push_back(compared(order[i].column));
        places.push_back(fmt::format("${}", i + 2));
    }
    if (order.size() == 1) {
        return fmt::format("{} {} $2", names[0], order[0].falls ? "<" : ">");
    }
    if (is_one_way) {
        return fmt::format("({}) {} ({})", join(names, ", "), order.front().falls ? "<" : ">",
                           join(places, ", "));
    }
    // The first column alone lets an index be used; the rest tells rows apart.
    std::string equal;
    std::vector<std::string> cases;
    for (std::size_t i = 0; i < order.size(); ++i) {
        cases.push_back(
            fmt::format("({}{} {} {})", equal, names[i], order[i].falls ? "<" : ">", places[i]));
        equal += fmt::format("{} = {} and ", names[i], places[i]);
    }
    return fmt::format("{} {} {} and ({})", names[0], order[0].falls ? "<=" : ">=", places[0],
                       join(cases, " or "));
}

}  // namespace caisson::queries
