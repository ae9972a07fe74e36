// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/identity.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/pg/quote.h"

namespace caisson::isolation {
namespace {

struct Holder {
    const rows::Table* table = nullptr;
    const rows::Column* column = nullptr;
};

/// The bare type, of a list that of its elements: `_uuid` is one of uuids.
std::string element(const rows::Column& column) {
    return column.category == 'A' && column.base.starts_with('_') ? column.base.substr(1)
                                                                  : column.base;
}

char letter_of(std::size_t index) { return static_cast<char>('a' + index); }

std::string uuid_of(std::size_t index) {
    const auto of = [&](std::size_t count) { return std::string(count, letter_of(index)); };
    // Letters beyond f are no hexadecimal digits.
    return index < 6 ? fmt::format("{}-{}-4{}-8{}-{}", of(8), of(4), of(3), of(3), of(12))
                     : fmt::format("00000000-0000-4000-8000-{:012}", 900'001 + index);
}

/// Whether the checks of the column alone hold with the value; what it is as the column writes it.
bool fits(pg::Connection& connection, const Holder& holder, const std::string& value) {
    rows::Table alone;
    alone.name = holder.table->name;
    alone.columns = {*holder.column};
    for (const auto& check : holder.table->checks) {
        if (rows::tied_columns(*holder.table, check) ==
            std::set<std::string>{holder.column->name}) {
            alone.checks.push_back(check);
        }
    }
    const auto made = rows::choose(
        connection, alone, {{holder.column->name, {{held_in(*holder.column, value)}, false}}});
    const auto length = static_cast<std::size_t>(holder.column->length);
    return made && (length == 0 || holder.column->category != 'S' || value.size() <= length);
}

/// Texts that a tenant might be called.
std::vector<std::string> words_for(pg::Connection& connection, const std::vector<Holder>& holders,
                                   std::size_t index) {
    std::vector<std::string> words = {fmt::format("tenant-{}", letter_of(index)),
                                      fmt::format("tenant{}", letter_of(index)),
                                      fmt::format("TENANT{}", static_cast<char>('A' + index))};
    const rows::Tag tag{fmt::format("t{}", letter_of(index)), 70'001 + index * 1'000,
                        "00000000-0000-4000-8000-"};
    for (const auto& [table, column] : holders) {
        for (const auto& sql : rows::candidates_for(*table, *column, true, tag)) {
            words.push_back(connection.query(fmt::format("select {}::text as word", sql))
                                .front()
                                .string("word"));
        }
        words.push_back(std::string(1, letter_of(index)));
    }
    return words;
}

}  // namespace

std::string held_in(const rows::Column& column, const std::string& value) {
    return column.category == 'A' ? fmt::format("array[{}]", pg::literal(value))
                                  : pg::literal(value);
}

std::vector<std::string> identities(pg::Connection& connection, const IslandPlan& plan) {
    std::vector<Holder> holders;
    for (const auto& [table, column] : plan.tenancy.identity) {
        holders.push_back({&plan.shapes.at(table), plan.shapes.at(table).find(column)});
    }
    const auto any = [&](const auto& is) {
        return std::ranges::any_of(holders, [&](const Holder& each) { return is(*each.column); });
    };
    const bool is_uuid =
        holders.empty() || any([](const auto& column) { return element(column) == "uuid"; });
    const bool is_number = any([](const auto& column) {
        return column.category == 'N' || element(column).starts_with("int");
    });
    const bool is_small = any([](const auto& column) { return element(column) == "int2"; });
    std::vector<std::string> values;
    for (std::size_t index = 0; index < plan.tenants; ++index) {
        const auto& declared = plan.isolation.tenants;
        if (!declared.empty()) {
            if (index < declared.size()) {
                values.push_back(declared[index]);
            }
            continue;
        }
        if (is_uuid) {
            values.push_back(uuid_of(index));
            continue;
        }
        if (is_number) {
            values.push_back(std::to_string((is_small ? 9'001 : 900'001) + index));
            continue;
        }
        const auto words = words_for(connection, holders, index);
        const auto found = std::ranges::find_if(words, [&](const std::string& word) {
            return std::ranges::find(values, word) == values.end() &&
                   std::ranges::all_of(
                       holders, [&](const Holder& each) { return fits(connection, each, word); });
        });
        values.push_back(found == words.end() ? words.front() : *found);
    }
    return values;
}

}  // namespace caisson::isolation
