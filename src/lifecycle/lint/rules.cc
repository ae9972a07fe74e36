// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/lint/rule.h"

namespace caisson::lint {
namespace {

struct Analyzer {
    std::string_view name;
    std::string_view codes;  ///< How the codes of its rules begin.
};

/// Atlas's analyzers, which `atlas:nolint` takes for all of their codes.
constexpr std::array analyzers = {
    Analyzer{"destructive", "DS"},       Analyzer{"data_depend", "MF"},
    Analyzer{"incompatible", "BC"},      Analyzer{"constraint_drop", "CD"},
    Analyzer{"concurrent_index", "PG1"}, Analyzer{"naming", "NM"},
    Analyzer{"blocking", "PG3"},
};

std::vector<Rule> all_rules() {
    std::vector<Rule> all;
    for (const auto offer :
         std::array{concurrency_rules, lock_rules, rewrite_rules, data_rules, compatibility_rules,
                    type_rules, transaction_rules, naming_rules, security_rules}) {
        for (auto& rule : offer()) {
            all.push_back(rule);
        }
    }
    return all;
}

bool has_alias(const Rule& rule, std::string_view name) {
    for (const auto list : {rule.aliases.squawk, rule.aliases.strong_migrations, rule.aliases.atlas,
                            rule.aliases.others}) {
        const auto names = split(list, ' ');
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            return true;
        }
    }
    return false;
}

bool belongs_to(const Rule& rule, std::string_view analyzer) {
    for (const auto& known : analyzers) {
        if (known.name == analyzer) {
            const auto codes = split(rule.aliases.atlas, ' ');
            return std::any_of(codes.begin(), codes.end(),
                               [&](const auto& code) { return code.rfind(known.codes, 0) == 0; });
        }
    }
    return false;
}

}  // namespace

std::string_view name_of(Family family) {
    static constexpr std::array<std::string_view, 8> names = {
        "locks", "rewrites",     "data loss", "compatibility",
        "types", "transactions", "naming",    "security"};
    return names[static_cast<std::size_t>(family)];
}

std::span<const Rule> rules() {
    static const std::vector<Rule> table = all_rules();
    return table;
}

const Rule& rule(std::string_view id) {
    const auto all = rules();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Rule& one) { return one.id == id; });
    if (found == all.end()) {
        throw Error(Code::internal, "there is no lint rule " + std::string(id));
    }
    return *found;
}

std::vector<const Rule*> rules_named(std::string_view name) {
    std::vector<const Rule*> named;
    for (const auto& one : rules()) {
        if (one.id == name) {
            return {&one};
        }
        if (has_alias(one, name) || belongs_to(one, name)) {
            named.push_back(&one);
        }
    }
    return named;
}

std::string nearest_rule(std::string_view name) {
    std::vector<std::string> ids;
    for (const auto& one : rules()) {
        ids.emplace_back(one.id);
        for (const auto& alias : split(one.aliases.squawk, ' ')) {
            ids.push_back(alias);
        }
    }
    return nearest(name, ids);
}

}  // namespace caisson::lint
