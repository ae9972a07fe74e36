// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/changes.h"
#include "protection/isolation/identity.h"
#include "protection/isolation/islands.h"
#include "protection/isolation/order.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view unique_violation = "23505";
/// Of a tenant in one table.
constexpr std::size_t most_rows = 20;

void switch_triggers(pg::Connection& connection, bool on) {
    connection.query(
        fmt::format("set local session_replication_role = {}", on ? "origin" : "replica"));
}

class Maker {
 public:
    Maker(pg::Connection& connection, const IslandPlan& plan, std::size_t attempt)
        : connection_(connection), plan_(plan), attempt_(attempt), order_(ordered(plan)) {}

    Islands make() {
        const auto ids = identities(connection_, plan_);
        for (std::size_t index = 0; index < ids.size(); ++index) {
            const char letter = static_cast<char>('a' + index);
            islands_.tenants.push_back({fmt::format("tenant {}", letter), ids[index], {}});
            connection_.query("select set_config($1, $2, true)",
                              {plan_.isolation.setting, tenant().id});
            for (std::size_t place = 0; place < order_.size(); ++place) {
                make_rows(*order_[place], place);
            }
        }
        note_touched();
        return std::move(islands_);
    }

 private:
    Tenant& tenant() { return islands_.tenants.back(); }

    rows::Tag tag(std::size_t place, std::size_t variant) const {
        const auto index = islands_.tenants.size() - 1;
        const char letter = static_cast<char>('a' + index);
        const auto number = place % (9'000 / most_rows) * most_rows + variant;
        return {fmt::format("{}{}", letter, number), (index + 1) * 10'000 % 100'000 + number,
                index < 6 ? fmt::format("{}-0000-4000-8000-", std::string(8, letter))
                          : fmt::format("{:08}-0000-4000-8000-", index)};
    }

    void make_rows(const rows::Table& table, std::size_t place) {
        const auto found = plan_.examples.find(table.name);
        const auto& examples = found == plan_.examples.end() ? none_ : found->second;
        std::string why;
        auto recipe = recipe_of(table, tag(place, 0), why);
        recipe.examples = examples;
        bool has_row =
            why.empty() && (try_turn(table, recipe, place) ||
                            try_row(table, rows::choices_for(table, recipe, tag(place, 0)), why));
        // Rows as the platform's own: they show in views what bare ones do not.
        for (std::size_t variant = 1; variant <= examples.size(); ++variant) {
            std::string ignored;
            auto like = recipe_of(table, tag(place, variant), ignored);
            like.examples = {examples[variant - 1]};
            has_row = (ignored.empty() && try_row(table,
                                                  rows::choices_like(table, examples[variant - 1],
                                                                     like, tag(place, variant)),
                                                  ignored)) ||
                      has_row;
        }
        if (!has_row) {
            islands_.without[table.name] = why;
            return;
        }
        make_variants(table, place, examples.size() + 1);
    }

    /// What else policies ask may decide who sees a row: one is made for each value that they name.
    void make_variants(const rows::Table& table, std::size_t place, std::size_t variant) {
        const auto base = *tenant().first(table.name);
        for (const auto& change : changes_of(plan_, table, tag(place, 0))) {
            std::string ignored;
            auto recipe = recipe_of(table, tag(place, variant), ignored);
            const bool is_there = std::ranges::all_of(change, [&](const auto& entry) {
                return entry.second == literal_or_null(base.value(entry.first));
            });
            if (is_there || !ignored.empty() || variant >= most_rows) {
                continue;
            }
            for (const auto& [column, value] : change) {
                recipe.fixed[column] = {value};
            }
            if (try_row(table, rows::choices_for(table, recipe, tag(place, variant)), ignored)) {
                ++variant;
            } else if (ignored.starts_with("duplicate key")) {
                single_.insert(table.name);
            }
        }
    }

    /// Where a tenant can have one row alone, each has another one.
    bool try_turn(const rows::Table& table, rows::Recipe recipe, std::size_t place) {
        const auto index = islands_.tenants.size() - 1;
        const auto changes = changes_of(plan_, table, tag(place, 0));
        if (index == 0 || changes.empty() || !single_.contains(table.name)) {
            return false;
        }
        for (const auto& [column, value] : changes[(index - 1) % changes.size()]) {
            recipe.fixed[column] = {value};
        }
        std::string ignored;
        return try_row(table, rows::choices_for(table, recipe, tag(place, 0)), ignored);
    }

    bool try_row(const rows::Table& table, const rows::Choices& choices, std::string& why) {
        const auto values = rows::choose(connection_, table, choices);
        if (!values) {
            why = "no values were found with which its checks hold";
            return false;
        }
        Row row{&table, {}, false};
        auto done = rows::put(connection_, table, *values);
        if (done.refusal) {
            why = done.refusal->message;
            if (done.refusal->sqlstate == unique_violation) {
                return adopt(table, *values);
            }
            row.needs_quiet = true;
            switch_triggers(connection_, false);
            done = rows::put(connection_, table, *values);
            switch_triggers(connection_, true);
        }
        if (done.refusal) {
            return false;
        }
        row.values = std::move(done.values);
        // Where a trigger gives another key each time, the row is put there as it was found.
        row.needs_quiet =
            row.needs_quiet || std::ranges::any_of(table.keys, [&](const auto& key) {
                return key.is_primary && std::ranges::any_of(key.columns, [&](const auto& name) {
                           const auto said = values->find(name);
                           return said != values->end() && said->second != row.value(name);
                       });
            });
        tenant().rows.push_back(std::move(row));
        return true;
    }

    /// A trigger was there first, when another row was made: its row is the tenant's.
    bool adopt(const rows::Table& table, const rows::Values& values) {
        const auto columns = rows::all_columns(table);
        for (const auto& key : table.keys) {
            Row row{&table, values, true, key.columns};
            const bool is_said = std::ranges::all_of(
                key.columns, [&](const auto& name) { return values.contains(name); });
            if (!key.is_plain || !is_said) {
                continue;
            }
            const auto condition = row.condition_of(key.columns);
            const auto found = connection_.query(fmt::format(
                "select {} from {} where {}", join(columns, ", "), table.name, condition));
            if (found.empty()) {
                continue;
            }
            row.values = rows::values_of(found.front(), columns);
            const bool is_known = std::ranges::any_of(islands_.tenants, [&](const Tenant& each) {
                return std::ranges::any_of(each.rows, [&](const Row& other) {
                    return other.table == &table && other.values == row.values;
                });
            });
            if (!is_known) {
                tenant().rows.push_back(std::move(row));
                return true;
            }
        }
        return false;
    }

    /// What is known of a row of this tenant: whose it is, and what it refers to.
    rows::Recipe recipe_of(const rows::Table& table, const rows::Tag& tag, std::string& why) {
        rows::Recipe recipe;
        for (const auto& key : table.foreign_keys) {
            if (plan_.tenancy.is_tenants(key.parent)) {
                refer_to_own(table, key, recipe, why);
            }
        }
        for (const auto& column : table.columns) {
            if (recipe.fixed.contains(column.name)) {
                continue;
            }
            const TableColumn which{table.name, column.name};
            if (plan_.tenancy.identity.contains(which)) {
                recipe.fixed[column.name] = {held_in(column, tenant().id)};
            } else if (plan_.tenancy.optional.contains(which)) {
                recipe.fixed[column.name] = maybe(column, held_in(column, tenant().id));
            } else if (plan_.tenancy.belonging.contains(which) ||
                       plan_.tenancy.names.contains(column.bare)) {
                recipe.fixed[column.name] = belonging_value(column);
            }
        }
        for (const auto& key : table.foreign_keys) {
            if (!plan_.tenancy.is_tenants(key.parent) && key.parent != table.name) {
                refer_to_shared(table, key, recipe, why);
            }
        }
        declare(table, tag, recipe);
        return recipe;
    }

    static std::vector<std::string> maybe(const rows::Column& column, const std::string& value) {
        return column.is_required ? std::vector<std::string>{value}
                                  : std::vector<std::string>{"null", value};
    }

    static bool must_say(const rows::Column& column) {
        return column.is_required && (column.fallback.empty() || column.is_counted);
    }

    void refer_to_own(const rows::Table& table, const rows::ForeignKey& key, rows::Recipe& recipe,
                      std::string& why) {
        const bool is_needed = std::ranges::any_of(
            key.columns, [&](const auto& name) { return must_say(*table.find(name)); });
        const bool tells = std::ranges::any_of(
            key.columns, [&](const auto& name) { return plan_.tenancy.tells(table.name, name); });
        const bool is_optional = std::ranges::any_of(key.columns, [&](const auto& name) {
            return plan_.tenancy.optional.contains({table.name, name});
        });
        if (!is_needed && !tells && !is_optional) {
            return;
        }
        const auto* const parent = tenant().first(key.parent);
        if (!parent) {
            if (is_needed && key.parent != table.name) {
                why = fmt::format("{} has no row that it could refer to", key.parent);
            }
            return;
        }
        for (std::size_t index = 0; index < key.columns.size(); ++index) {
            const auto& value = parent->value(key.targets[index]);
            const auto sql = literal_or_null(value);
            const auto& column = *table.find(key.columns[index]);
            recipe.fixed.try_emplace(key.columns[index], is_needed || tells
                                                             ? std::vector<std::string>{sql}
                                                             : maybe(column, sql));
        }
    }

    /// Columns of the same name hold the same: what no foreign key ties together.
    std::vector<std::string> belonging_value(const rows::Column& column) {
        if (const auto target = namesake(plan_, column.bare)) {
            const auto* const row = tenant().first(target->first);
            if (row && row->value(target->second)) {
                return {pg::literal(*row->value(target->second))};
            }
        }
        const auto index = islands_.tenants.size() - 1;
        const char letter = static_cast<char>('a' + index);
        const auto number = numbers_.try_emplace(column.bare, numbers_.size() + 1).first->second;
        if (column.category == 'N') {
            return {pg::literal(
                std::to_string((column.base == "int2" ? 8'000 : 800'000) + number * 10 + index))};
        }
        if (column.base == "uuid") {
            const auto eight = index < 6 ? std::string(8, letter) : fmt::format("{:08}", index);
            return {pg::literal(fmt::format("{}-0000-4000-9000-{:012}", eight, number))};
        }
        return {pg::literal(fmt::format("{}-{}", column.bare, letter))};
    }

    void refer_to_shared(const rows::Table& table, const rows::ForeignKey& key,
                         rows::Recipe& recipe, std::string& why) {
        const bool is_needed = std::ranges::any_of(
            key.columns, [&](const auto& name) { return must_say(*table.find(name)); });
        const auto parent = plan_.shapes.find(key.parent);
        if (!is_needed || parent == plan_.shapes.end()) {
            return;
        }
        std::vector<std::string> conditions = {"true"};
        rows::Recipe wanted;
        for (std::size_t index = 0; index < key.columns.size(); ++index) {
            const auto fixed = recipe.fixed.find(key.columns[index]);
            if (fixed != recipe.fixed.end()) {
                conditions.push_back(
                    fmt::format("{} = {}", key.targets[index], fixed->second.front()));
                wanted.fixed[key.targets[index]] = {fixed->second.front()};
            }
        }
        const auto row = shared_row(parent->second, conditions, wanted, why, 0);
        for (std::size_t index = 0; row && index < key.columns.size(); ++index) {
            const auto& value = row->at(key.targets[index]);
            recipe.fixed.try_emplace(key.columns[index],
                                     std::vector<std::string>{literal_or_null(value)});
        }
    }

    /// A row of nobody that meets the conditions: one that is there, another one at each attempt,
    /// else one that is made.
    std::optional<rows::Values> shared_row(const rows::Table& table,
                                           const std::vector<std::string>& conditions,
                                           rows::Recipe recipe, std::string& why, int depth) {
        const auto columns = rows::all_columns(table);
        const auto found = connection_.query(
            fmt::format("select {} from {} where {} order by 1 limit {}", join(columns, ", "),
                        table.name, join(conditions, " and "), attempt_ + 1));
        if (!found.empty()) {
            return rows::values_of(found[found.size() - 1], columns);
        }
        for (const auto& key : table.foreign_keys) {
            const auto parent = plan_.shapes.find(key.parent);
            const bool is_needed = std::ranges::any_of(key.columns, [&](const auto& name) {
                return must_say(*table.find(name)) && !recipe.fixed.contains(name);
            });
            if (!is_needed || parent == plan_.shapes.end() || depth > 8) {
                continue;
            }
            const auto above = shared_row(parent->second, {"true"}, {}, why, depth + 1);
            for (std::size_t index = 0; above && index < key.columns.size(); ++index) {
                const auto& value = above->at(key.targets[index]);
                recipe.fixed.try_emplace(key.columns[index],
                                         std::vector<std::string>{literal_or_null(value)});
            }
        }
        const auto number = islands_.shared.size() + 1;
        const rows::Tag tag{fmt::format("z{}", number), 90'000 + number,
                            "00000000-0000-4000-8000-"};
        const auto values = rows::choose(connection_, table, rows::choices_for(table, recipe, tag));
        auto done = values ? rows::put(connection_, table, *values) : rows::Put{};
        if (!values || done.refusal) {
            why = fmt::format("no row could be put into {}", table.name);
            return std::nullopt;
        }
        islands_.shared.push_back({&table, done.values, false});
        return done.values;
    }

    void declare(const rows::Table& table, const rows::Tag& tag, rows::Recipe& recipe) const {
        for (const auto& [name, value] : plan_.isolation.values) {
            const auto dot = name.rfind('.');
            const auto label = table.bare_schema == "public"
                                   ? table.bare_name
                                   : table.bare_schema + "." + table.bare_name;
            if (name.substr(0, dot) != label) {
                continue;
            }
            for (const auto& column : table.columns) {
                if (column.bare == name.substr(dot + 1)) {
                    recipe.fixed[column.name] = {
                        pg::literal(replace_all(value, "{tenant}", tag.word))};
                }
            }
        }
    }

    void note_touched() {
        for (const auto row : connection_.query(
                 "select format('%I.%I', schemaname, relname) as name from "
                 "pg_stat_xact_user_tables "
                 "where n_tup_ins + n_tup_upd + n_tup_del > 0 and schemaname <> 'caisson'")) {
            islands_.touched.push_back(row.string("name"));
        }
    }

    pg::Connection& connection_;
    const IslandPlan& plan_;
    const std::size_t attempt_;
    const std::vector<const rows::Table*> order_;
    const std::vector<rows::Values> none_;
    Islands islands_;
    std::set<std::string> single_;                ///< Tables that take one row of a tenant.
    std::map<std::string, std::size_t> numbers_;  ///< One a name of a column.
};

}  // namespace

Islands make_islands(pg::Connection& connection, const IslandPlan& plan) {
    constexpr std::size_t most_attempts = 4;
    std::optional<Islands> best;
    for (std::size_t attempt = 0; attempt < most_attempts; ++attempt) {
        const pg::Transaction transaction(connection);  // Rolled back.
        connection.query("set constraints all immediate");
        auto islands = Maker(connection, plan, attempt).make();
        if (!best || islands.without.size() < best->without.size()) {
            best = std::move(islands);
        }
        if (best->without.empty()) {
            break;
        }
    }
    return std::move(*best);
}

}  // namespace caisson::isolation
