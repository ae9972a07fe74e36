// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/islands.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::isolation {
namespace {

constexpr std::size_t most_examples = 3;

}  // namespace

std::string equals(const rows::Column& column, const std::optional<std::string>& value) {
    if (!value) {
        return fmt::format("{} is null", column.name);
    }
    // Types of these kinds have an equality that means what it says: char(n) without its padding,
    // truth however it is written. Others, such as json, are compared as the server writes them.
    static const std::set<std::string> plain = {"uuid", "bytea", "jsonb"};
    const bool has_equality =
        std::string_view("NSDBETV").find(column.category) != std::string_view::npos ||
        plain.contains(column.base);
    return has_equality ? fmt::format("{} = {}", column.name, pg::literal(*value))
                        : fmt::format("format('%s', {}) = {}", column.name, pg::literal(*value));
}

std::string literal_or_null(const std::optional<std::string>& value) {
    return value ? pg::literal(*value) : "null";
}

std::string Row::condition_of(const std::vector<std::string>& columns) const {
    std::vector<std::string> parts;
    for (const auto& name : columns) {
        parts.push_back(equals(*table->find(name), value(name)));
    }
    return parts.empty() ? "true" : join(parts, " and ");
}

const Row* Tenant::first(const std::string& table) const {
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return row.table->name == table; });
    return found == rows.end() ? nullptr : &*found;
}

std::map<std::string, std::size_t> Islands::owners() const {
    std::map<std::string, std::size_t> owners;
    std::set<std::string> several;
    for (std::size_t index = 0; index < tenants.size(); ++index) {
        for (const auto& row : tenants[index].rows) {
            for (const auto& [column, value] : row.values) {
                if (!value || value->size() < 3) {
                    continue;
                }
                const auto [found, is_new] = owners.try_emplace(*value, index);
                if (!is_new && found->second != index) {
                    several.insert(*value);
                }
            }
        }
    }
    for (const auto& value : several) {
        owners.erase(value);
    }
    return owners;
}

Examples read_examples(pg::Connection& connection, const rows::Shapes& shapes,
                       const Tenancy& tenancy) {
    Examples examples;
    for (const auto& name : tenancy.tables) {
        const auto columns = rows::all_columns(shapes.at(name));
        if (columns.empty()) {
            continue;
        }
        for (const auto row : connection.query(fmt::format(
                 "select {} from {} limit {}", join(columns, ", "), name, most_examples))) {
            examples[name].push_back(rows::values_of(row, columns));
        }
    }
    return examples;
}

void wipe(pg::Connection& connection, const Tenancy& tenancy) {
    pg::Transaction transaction(connection);
    connection.query("set local session_replication_role = replica");
    for (const auto& name : tenancy.tables) {
        connection.query("delete from " + name);
    }
    transaction.commit();
}

namespace {

/// Whether the row's foreign key names that other row.
bool refers(const Row& row, const rows::ForeignKey& key, const Row& other) {
    return other.table->name == key.parent && &other != &row &&
           std::ranges::equal(key.columns, key.targets, [&](const auto& own, const auto& target) {
               return row.value(own) && row.value(own) == other.value(target);
           });
}

void add_with_parents(const Tenant& tenant, const Row& row, std::set<const Row*>& seen,
                      std::vector<const Row*>& list) {
    if (!seen.insert(&row).second) {
        return;
    }
    for (const auto& key : row.table->foreign_keys) {
        for (const auto& other : tenant.rows) {
            if (refers(row, key, other)) {
                add_with_parents(tenant, other, seen, list);
            }
        }
    }
    list.push_back(&row);
}

}  // namespace

std::vector<const Row*> with_parents(const Tenant& tenant, const Row& row) {
    std::vector<const Row*> list;
    std::set<const Row*> seen;
    add_with_parents(tenant, row, seen, list);
    return list;
}

}  // namespace caisson::isolation
