// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/tenancy.h"

#include <algorithm>

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::isolation {
namespace {

std::string last_name(const std::string& call) {
    const auto name = call.substr(call.rfind('.') + 1);
    return name.size() > 1 && name.front() == '"' ? name.substr(1, name.size() - 2) : name;
}

/// Whether a text calls one of the functions or names the setting, whatever language it is in.
bool mentions(const std::string& body, const std::string& setting, const Helpers& helpers) {
    std::string before;
    sql::Scanner scanner(body);
    while (const auto token = scanner.next()) {
        if (token->kind == sql::TokenKind::open &&
            (helpers.readers.contains(before) || helpers.askers.contains(before))) {
            return true;
        }
        before = lower(body.substr(token->offset, token->length));
    }
    return lower(body).find(lower(setting)) != std::string::npos;
}

Meaning meaning_of(const Function& function, const std::string& setting, const Helpers& helpers) {
    if (function.language == "sql") {
        return meaning_of_body(function.body, setting, helpers);
    }
    auto meaning = meaning_of_program(function.body, setting, helpers);
    meaning.asks_setting = meaning.asks_setting || mentions(function.body, setting, helpers);
    return meaning;
}

class Finder {
 public:
    Finder(const Subject& subject, const rows::Shapes& shapes, const platform::Isolation& isolation)
        : subject_(subject),
          shapes_(shapes),
          isolation_(isolation),
          helpers_(helpers_of(subject, isolation.setting)) {}

    Tenancy find() {
        for (const auto& [oid, relation] : subject_.relations) {
            if (relation.has_row_security && shapes_.contains(relation.name)) {
                tenancy_.isolated.insert(relation.name);
            }
        }
        tenancy_.tables = tenancy_.isolated;
        read_policies();
        read_functions();
        read_declared();
        propagate();
        find_ignored();
        name_columns();
        while (grow()) {
        }
        return std::move(tenancy_);
    }

 private:
    /// Where a mention points: the policy's own table, or those of that name.
    void resolve(const Mention& mention, const std::string& own, std::set<TableColumn>& into) {
        for (const auto& [name, table] : shapes_) {
            const bool is_meant =
                mention.first.empty() ? name == own : table.bare_name == mention.first;
            if (!is_meant) {
                continue;
            }
            for (const auto& column : table.columns) {
                if (column.bare == mention.second) {
                    into.insert({name, column.name});
                }
            }
        }
    }

    void take(const Meaning& meaning, const std::string& own, std::set<TableColumn>& identity,
              const std::string& expression) {
        std::set<TableColumn> asked;
        for (const auto& mention : meaning.asked) {
            resolve(mention, own, asked);
        }
        for (const auto& column : asked) {
            tenancy_.asked[column].insert(expression);
        }
        std::set<TableColumn> found;
        std::set<TableColumn> belonging;
        for (const auto& mention : meaning.identity) {
            resolve(mention, own, found);
        }
        for (const auto& mention : meaning.belonging) {
            resolve(mention, own, belonging);
        }
        auto& mentioned = mentioned_by_[own];
        mentioned.insert(found.begin(), found.end());
        mentioned.insert(belonging.begin(), belonging.end());
        identity.merge(found);
        tenancy_.belonging.merge(belonging);
    }

    void read_policies() {
        for (const auto& policy : subject_.policies) {
            const auto& own = subject_.root(subject_.relations.at(policy.relation)).name;
            if (!policy.condition.empty()) {
                const auto meaning =
                    meaning_of_expression(policy.condition, isolation_.setting, helpers_);
                take(meaning, own, tenancy_.identity, policy.condition);
            }
            if (!policy.check.empty()) {
                auto meaning = meaning_of_expression(policy.check, isolation_.setting, helpers_);
                meaning.belonging.clear();  // What is asked of new rows alone need not tell owners.
                take(meaning, own, tenancy_.optional, policy.check);
            }
        }
        // A table that is only added to says whose its rows are where they are added.
        for (const auto& column : std::set<TableColumn>(tenancy_.optional)) {
            const bool has_other = std::ranges::any_of(
                tenancy_.identity, [&](const auto& each) { return each.first == column.first; });
            if (!has_other) {
                tenancy_.identity.insert(column);
            }
            if (tenancy_.identity.contains(column)) {
                tenancy_.optional.erase(column);
            }
        }
    }

    void read_functions() {
        for (const auto& function : subject_.functions) {
            if (helpers_.askers.contains(last_name(function.call))) {
                take(meaning_of(function, isolation_.setting, helpers_), "", tenancy_.identity,
                     function.body);
            }
        }
    }

    void declare(const std::string& written, std::set<TableColumn>& into) {
        const auto dot = written.rfind('.');
        const auto column = written.substr(dot == std::string::npos ? 0 : dot + 1);
        for (const auto& [name, table] : shapes_) {
            const auto label = table.bare_schema == "public"
                                   ? table.bare_name
                                   : table.bare_schema + "." + table.bare_name;
            for (const auto& each : table.columns) {
                if (each.bare == column &&
                    (dot == std::string::npos || written.substr(0, dot) == label)) {
                    into.insert({name, each.name});
                }
            }
        }
    }

    void read_declared() {
        for (const auto& column : isolation_.tenant) {
            declare(column, tenancy_.identity);
        }
        for (const auto& column : isolation_.columns) {
            declare(column, tenancy_.belonging);
            if (column.find('.') == std::string::npos) {
                tenancy_.names.insert(column);
            }
        }
    }

    /// What a column that is the tenant refers to is the tenant as well.
    void propagate() {
        for (bool grows = true; grows;) {
            grows = false;
            for (const auto& [name, table] : shapes_) {
                for (const auto& key : table.foreign_keys) {
                    for (std::size_t index = 0; index < key.columns.size(); ++index) {
                        const TableColumn column{name, key.columns[index]};
                        const TableColumn target{key.parent, key.targets[index]};
                        const bool is_known = tenancy_.identity.contains(column) ||
                                              tenancy_.optional.contains(column);
                        grows = (is_known && shapes_.contains(key.parent) &&
                                 tenancy_.identity.insert(target).second) ||
                                grows;
                    }
                }
            }
        }
    }

    /// Names of columns that policies of other tables, or what these ask, tell tenants by.
    std::set<std::string> names_beside(const std::string& own) const {
        std::set<std::string> names(isolation_.columns.begin(), isolation_.columns.end());
        names.insert(isolation_.tenant.begin(), isolation_.tenant.end());
        for (const auto& [table, mentioned] : mentioned_by_) {
            for (const auto& [where, column] : mentioned) {
                if (table != own) {
                    names.insert(shapes_.at(where).find(column)->bare);
                }
            }
        }
        names.erase("id");
        return names;
    }

    /// Policies that compare the wrong column: one that tells the tenant everywhere else is there,
    /// and they do not ask for it.
    void find_ignored() {
        for (const auto& name : tenancy_.isolated) {
            const auto beside = names_beside(name);
            std::set<std::string> asked;
            const auto* const relation = subject_.find(name);
            for (const auto* policy : subject_.policies_of(relation->oid)) {
                asked.insert(policy->columns.begin(), policy->columns.end());
            }
            std::string ignored;
            // What is worked out from other tables is not judged: who asks them knows why.
            bool asks_one = asked.empty() || std::ranges::any_of(asked, [&](const auto& column) {
                                return tenancy_.belonging.contains({name, column});
                            });
            for (const auto& column : shapes_.at(name).columns) {
                const bool tells = beside.contains(column.bare);
                asks_one = asks_one || (tells && asked.contains(column.name));
                ignored = tells && ignored.empty() ? column.name : ignored;
            }
            if (asks_one || ignored.empty()) {
                continue;
            }
            tenancy_.ignored[name] = ignored;
            // Rows are told apart by what everybody else tells them by.
            for (const auto& column : asked) {
                if (tenancy_.identity.erase({name, column}) > 0) {
                    tenancy_.optional.insert({name, column});
                }
            }
            tenancy_.identity.insert({name, ignored});
        }
    }

    void name_columns() {
        for (const auto* set : {&tenancy_.identity, &tenancy_.belonging}) {
            for (const auto& [table, column] : *set) {
                const auto* const found = shapes_.at(table).find(column);
                tenancy_.types.insert(found->base);
                if (found->bare != "id" && tenancy_.isolated.contains(table)) {
                    tenancy_.names.insert(found->bare);
                }
            }
        }
        // Nothing is isolated: then only what the manifest declares says what should be.
        for (const auto& [table, column] : tenancy_.identity) {
            tenancy_.tables.insert(table);
        }
    }

    bool holds_name(const rows::Table& table) const {
        return std::ranges::any_of(table.columns, [&](const rows::Column& column) {
            return tenancy_.names.contains(column.bare) && tenancy_.types.contains(column.base);
        });
    }

    /// Tables that turn out to be tenants' because others are.
    bool grow() {
        const auto before = tenancy_.tables.size();
        for (const auto& [name, table] : shapes_) {
            if (holds_name(table)) {
                tenancy_.tables.insert(name);
            }
            for (const auto& key : table.foreign_keys) {
                const bool is_owned = std::ranges::any_of(key.columns, [&](const auto& column) {
                    return table.find(column)->is_required;
                });
                if (is_owned && tenancy_.tables.contains(key.parent)) {
                    tenancy_.tables.insert(name);
                }
                const bool tells = std::ranges::any_of(
                    key.columns, [&](const auto& column) { return tenancy_.tells(name, column); });
                if (tells && tenancy_.tables.contains(name) && shapes_.contains(key.parent)) {
                    tenancy_.tables.insert(key.parent);
                }
            }
        }
        return tenancy_.tables.size() > before;
    }

    const Subject& subject_;
    const rows::Shapes& shapes_;
    const platform::Isolation& isolation_;
    Helpers helpers_;
    Tenancy tenancy_;
    /// What the policies of a table say, of whatever table; of functions under an empty name.
    std::map<std::string, std::set<TableColumn>> mentioned_by_;
};

}  // namespace

bool Tenancy::tells(const std::string& table, const std::string& column) const {
    const TableColumn which{table, column};
    return identity.contains(which) || belonging.contains(which);
}

Helpers helpers_of(const Subject& subject, const std::string& setting) {
    Helpers helpers;
    // Functions call one another: as long as one more is found.
    for (bool grows = true; grows;) {
        const auto before = helpers.readers.size() + helpers.askers.size();
        for (const auto& function : subject.functions) {
            const auto name = last_name(function.call);
            if (helpers.readers.contains(name) || helpers.askers.contains(name)) {
                continue;
            }
            const auto meaning = meaning_of(function, setting, helpers);
            if (meaning.asks_setting) {
                (meaning.reads_tables ? helpers.askers : helpers.readers).insert(name);
            }
        }
        grows = helpers.readers.size() + helpers.askers.size() > before;
    }
    return helpers;
}

Tenancy tenancy_of(const Subject& subject, const rows::Shapes& shapes,
                   const platform::Isolation& isolation) {
    return Finder(subject, shapes, isolation).find();
}

}  // namespace caisson::isolation
