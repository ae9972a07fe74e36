// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/inspect.h"

namespace caisson::isolation {
namespace {

/// How much a condition tells rows apart.
enum class Openness {
    tells,    ///< It asks about the row, or about who acts.
    depends,  ///< It asks something else, of which it depends whether every row passes.
    open,     ///< It asks nothing.
};

Openness openness_of(const std::string& condition, const Setting& setting, const Helpers& helpers) {
    if (condition.empty()) {
        return Openness::tells;
    }
    const auto meaning = meaning_of_expression(condition, setting.isolation.setting, helpers);
    return meaning.names_columns || meaning.asks_setting || meaning.reads_tables ? Openness::tells
           : meaning.calls                                                       ? Openness::depends
                                                                                 : Openness::open;
}

/// A condition of a policy that lets every row through, always or at times.
void inspect_condition(const Inspection& inspection, const Relation& relation, const Policy& policy,
                       bool is_check, const Helpers& helpers) {
    const auto& setting = inspection.setting;
    const auto& condition = is_check ? policy.check : policy.condition;
    const auto openness = openness_of(condition, setting, helpers);
    if (openness == Openness::tells) {
        return;
    }
    const bool binds =
        may_touch(setting.rights.of(relation.oid)) && policy.binds(setting.memberships);
    Finding finding{!binds                          ? "policy of others"
                    : openness == Openness::depends ? "conditional policy"
                    : is_check                      ? "check"
                                                    : "policy",
                    relation.label + "." + policy.name};
    finding.severity = binds && openness == Openness::open ? Severity::error : Severity::info;
    finding.message = fmt::format(
        "{} {} lets {} through for {}{}", is_check ? "WITH CHECK" : "USING",
        condition.starts_with('(') ? condition : "(" + condition + ")",
        is_check ? "every new row" : "every row",
        policy.roles.empty() ? "everybody" : join(policy.roles, ", "),
        openness == Openness::depends ? ", wherever that is so: it asks nothing of the row" : "");
    finding.remedy =
        "compare the row's tenant with the setting, or give the policy to a role "
        "that nobody acts as for tenants";
    inspection.add(
        std::move(finding),
        fmt::format("select policyname, roles, cmd, qual, with_check from pg_policies where "
                    "format('%I.%I', schemaname, tablename) = {} and policyname = {}",
                    pg::literal(relation.name), pg::literal(policy.name)));
}

void inspect_policies(const Inspection& inspection, const Relation& relation,
                      const Helpers& helpers) {
    const auto& setting = inspection.setting;
    bool has_policy = false;
    for (const auto* policy : setting.subject.policies_of(relation.oid)) {
        has_policy = has_policy || (policy->is_permissive && policy->binds(setting.memberships));
        if (policy->is_permissive) {
            inspect_condition(inspection, relation, *policy, false, helpers);
            inspect_condition(inspection, relation, *policy, true, helpers);
        }
    }
    if (!has_policy && may_touch(setting.rights.of(relation.oid))) {
        inspection.findings.add(
            {"no policies", relation.label, Severity::warning,
             fmt::format("it has row-level security and no policy for {}, who has rights on it "
                         "and sees nothing",
                         setting.role),
             fmt::format("give it a policy, or: revoke all on {} from {};", relation.name,
                         pg::identifier(setting.role))});
    }
}

void inspect_partition(const Inspection& inspection, const Relation& relation) {
    const auto& setting = inspection.setting;
    const auto parent = setting.subject.relations.find(relation.parent);
    if (relation.has_row_security || parent == setting.subject.relations.end() ||
        !setting.subject.root(parent->second).has_row_security ||
        !may_touch(setting.rights.of(relation.oid))) {
        return;
    }
    inspection.findings.add(
        {"partition", relation.label, Severity::error,
         fmt::format("{} may name it itself, and the policies of {} hold only where that is "
                     "named",
                     setting.role, parent->second.label),
         fmt::format("revoke all on {} from {};", relation.name, pg::identifier(setting.role))});
}

/// A table without policies whose rows may refer to a tenant's, and need not: whose they are cannot
/// be told from that.
void inspect_reference(const Inspection& inspection, const Relation& relation) {
    const auto& setting = inspection.setting;
    const auto table = setting.shapes.find(relation.name);
    if (table == setting.shapes.end()) {
        return;
    }
    std::vector<std::string> columns;
    std::set<std::string> parents;
    for (const auto& key : table->second.foreign_keys) {
        const bool tells = std::ranges::any_of(key.targets, [&](const auto& target) {
            return setting.tenancy.identity.contains({key.parent, target});
        });
        if (tells || setting.tenancy.isolated.contains(key.parent)) {
            const auto* const parent = setting.subject.find(key.parent);
            columns.insert(columns.end(), key.columns.begin(), key.columns.end());
            parents.insert(parent ? parent->label : key.parent);
        }
    }
    if (columns.empty()) {
        return;
    }
    inspection.findings.add(
        {"reference", relation.label, Severity::warning,
         fmt::format(
             "by {} its rows may be those of a row in {}, and it has no row-level security: "
             "{} reaches all of them",
             join(columns, ", "),
             join(std::vector<std::string>(parents.begin(), parents.end()), ", "), setting.role),
         fmt::format("give it a policy; or name the column, so that it counts as a tenant's: "
                     "[isolation] columns; or accept it: [isolation.accept] \"reference {}\" = "
                     "\"why\"",
                     relation.label)});
}

}  // namespace

bool may_touch(const Rights::Of& rights) {
    return !rights.select.empty() || !rights.insert.empty() || !rights.update.empty() ||
           rights.may_delete;
}

void inspect_tables(const Inspection& inspection) {
    const auto& setting = inspection.setting;
    auto& findings = inspection.findings;
    const auto helpers = helpers_of(setting.subject, setting.isolation.setting);
    for (const auto& [oid, relation] : setting.subject.relations) {
        if (relation.kind != 'r' && relation.kind != 'p') {
            continue;
        }
        if (relation.parent != 0) {
            inspect_partition(inspection, relation);
        }
        if (const auto ignored = setting.tenancy.ignored.find(relation.name);
            ignored != setting.tenancy.ignored.end()) {
            findings.add(
                {"column", relation.label, Severity::error,
                 fmt::format("its policies do not ask for {}, by which tenants are told apart "
                             "elsewhere",
                             ignored->second),
                 fmt::format("compare {} with the setting; where it means something else here: "
                             "[isolation.accept] \"column {}\" = \"why\"",
                             ignored->second, relation.label)});
        }
        if (relation.has_row_security) {
            inspect_policies(inspection, relation, helpers);
        } else if (relation.is_partition || !may_touch(setting.rights.of(oid)) ||
                   findings.has("partition " + relation.label)) {
            continue;
        } else if (!setting.tenancy.is_tenants(relation.name)) {
            inspect_reference(inspection, relation);
        } else {
            findings.add({"no policy", relation.label, Severity::error,
                          fmt::format("it holds rows of tenants, and {} has rights on all of it",
                                      setting.role),
                          fmt::format("alter table {} enable row level security, force row level "
                                      "security; and give it a policy",
                                      relation.name)});
        }
    }
}

}  // namespace caisson::isolation
