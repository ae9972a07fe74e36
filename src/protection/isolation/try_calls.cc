// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

/// Calls of one function for each other tenant. What runs with the caller's own rights shows
/// nothing that the caller could not read: a few are enough.
constexpr std::size_t most_calls_as_owner = 16;
constexpr std::size_t most_calls_as_caller = 3;

/// Types that take one another's values.
std::string family(const std::string& type) {
    static const std::map<std::string, std::string> families = {
        {"integer", "number"}, {"bigint", "number"}, {"smallint", "number"},
        {"numeric", "number"}, {"int2", "number"},   {"int4", "number"},
        {"int8", "number"},    {"text", "text"},     {"character varying", "text"},
        {"varchar", "text"},   {"bpchar", "text"},   {"character", "text"},
        {"name", "text"}};
    const auto found = families.find(type);
    return found == families.end() ? type : found->second;
}

/// How well a column's name fits an argument's: `p_hash` and `token_hash`.
int likeness(const std::string& argument, const std::string& column) {
    auto name = lower(argument);
    for (const std::string_view prefix : {"_", "p_", "in_", "a_", "the_"}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
            break;
        }
    }
    return name.empty()                                       ? 0
           : name == column                                   ? 3
           : column.ends_with(name) || name.ends_with(column) ? 2
           : column.find(name) != std::string::npos           ? 1
                                                              : 0;
}

/// What of a tenant an argument might be, the likeliest first.
std::vector<std::string> values_for(const Argument& argument, const Tenant& tenant) {
    std::vector<std::pair<int, std::string>> found;
    const auto add = [&](int score, const std::string& value) {
        const auto same =
            std::ranges::find_if(found, [&](const auto& entry) { return entry.second == value; });
        if (same == found.end()) {
            found.emplace_back(score, value);
        } else {
            same->first = std::max(same->first, score);
        }
    };
    for (const auto& row : tenant.rows) {
        for (const auto& column : row.table->columns) {
            const auto value = row.values.find(column.name);
            if (value == row.values.end() || !value->second ||
                family(column.base) != family(argument.type)) {
                continue;
            }
            const bool is_key = std::ranges::any_of(row.table->keys, [&](const auto& key) {
                return std::ranges::find(key.columns, column.name) != key.columns.end();
            });
            add(2 * likeness(argument.name, column.bare) + (is_key ? 1 : 0) +
                    (*value->second == tenant.id ? 2 : 0),
                *value->second);
        }
    }
    std::ranges::stable_sort(found, std::greater<>(),
                             [](const auto& entry) { return entry.first; });
    std::vector<std::string> values;
    for (const auto& [score, value] : found) {
        values.push_back(fmt::format("{}::{}", pg::literal(value), argument.type));
    }
    if (family(argument.type) == "text") {
        values.push_back("'%'");
        values.push_back("''");
    } else if (family(argument.type) == "number") {
        values.push_back("1000");
    } else if (argument.category == 'B') {
        values.push_back("true");
        values.push_back("false");
    } else if (argument.category == 'A') {
        values.push_back(fmt::format("'{{}}'::{}", argument.type));
    } else if (argument.category == 'D') {
        values.push_back(fmt::format("'2000-01-01'::{}", argument.type));
    }
    values.push_back(fmt::format("null::{}", argument.type));
    return values;
}

/// Lists of arguments: the likeliest of all at first, then one of them varied after the other.
std::vector<std::string> argument_lists(const Function& function, const Tenant& tenant,
                                        std::size_t most) {
    std::vector<std::vector<std::string>> values;
    for (std::size_t place = 0; place < function.needed; ++place) {
        values.push_back(values_for(function.arguments[place], tenant));
    }
    std::vector<std::string> lists;
    const auto add = [&](const std::vector<std::string>& list) {
        auto text = join(list, ", ");
        if (lists.size() < most && std::ranges::find(lists, text) == lists.end()) {
            lists.push_back(std::move(text));
        }
    };
    std::vector<std::string> first;
    for (const auto& list : values) {
        first.push_back(list.front());
    }
    add(first);
    for (std::size_t rank = 1; rank < most; ++rank) {
        for (std::size_t place = 0; place < values.size(); ++place) {
            auto list = first;
            list[place] = values[place][std::min(rank, values[place].size() - 1)];
            add(list);
        }
    }
    return lists;
}

std::string call_of(const Function& function, const std::string& arguments) {
    return fmt::format("{} {}({})",
                       function.is_procedure ? "call"
                       : function.is_record  ? "select"
                                             : "select * from",
                       function.call, arguments);
}

}  // namespace

void Scene::add_calls(std::vector<Question>& questions) const {
    for (const auto& function : setting_.subject.functions) {
        if (!setting_.rights.functions.contains(function.oid) || !function.is_callable ||
            function.language == "internal") {
            continue;
        }
        const auto most = function.is_definer ? most_calls_as_owner : most_calls_as_caller;
        std::vector<std::string> lists;
        for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
            if (actor_.is_tenant() && index == actor_.tenant) {
                continue;
            }
            for (auto& list : argument_lists(function, tenant(index), most)) {
                if (std::ranges::find(lists, list) == lists.end()) {
                    lists.push_back(std::move(list));
                }
            }
        }
        for (const auto& list : lists) {
            questions.push_back(
                {Question::Kind::function, call_of(function, list), nullptr, &function});
        }
    }
}

/// A function that changes something is called once more, to see whose rows it changed.
void Scene::try_effects(const Question& question) {
    if (!question.function->is_volatile || !question.function->is_definer) {
        return;
    }
    std::vector<const Victim*> all;
    for (const auto& victim : victims_) {
        all.push_back(&victim);
    }
    std::vector<const Victim*> harmed;
    stage_.attempt(question.sql, {}, [&](const Outcome&) { harmed = changed(all); });
    if (harmed.empty()) {
        return;
    }
    mark(question.function->label, "call", Mark::leaked);
    Finding finding{"call", question.function->label};
    finding.message =
        fmt::format("it changes what belongs to {}", tenant(harmed.front()->tenant).name);
    finding.remedy =
        "let it compare the row's tenant with the setting, or make it SECURITY INVOKER";
    Draft draft;
    draft.rows = with_parents(tenant(harmed.front()->tenant), *harmed.front()->row);
    draft.harmed = harmed.front()->row;
    draft.statement = question.sql;
    draft.is_question = false;
    draft.look = fmt::format("select * from {} where {}", harmed.front()->row->table->name,
                             condition_of(*harmed.front()->row));
    report(std::move(finding), std::move(draft));
}

}  // namespace caisson::isolation
