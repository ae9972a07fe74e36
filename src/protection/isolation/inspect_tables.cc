// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "protection/isolation/inspect.h"

namespace caisson::isolation {
namespace {

bool may_touch(const Rights::Of& rights) {
    return !rights.select.empty() || !rights.insert.empty() || !rights.update.empty() ||
           rights.may_delete;
}

/// Whether a condition asks neither about the row nor about who acts.
bool is_open(const std::string& condition, const std::vector<std::string>& columns,
             const Setting& setting, const Helpers& helpers) {
    if (condition == "true") {
        return true;
    }
    const auto meaning = meaning_of_expression(condition, setting.isolation.setting, helpers);
    return !condition.empty() && columns.empty() && !meaning.asks_setting && !meaning.reads_tables;
}

void inspect_policies(const Relation& relation, const Setting& setting, const Helpers& helpers,
                      Findings& findings) {
    const bool is_used = may_touch(setting.rights.of(relation.oid));
    bool has_policy = false;
    for (const auto* policy : setting.subject.policies_of(relation.oid)) {
        has_policy = has_policy || (policy->is_permissive && policy->binds(setting.memberships));
        const bool is_open_to_read = is_open(policy->condition, policy->columns, setting, helpers);
        const bool is_open_to_write = is_open(policy->check, policy->columns, setting, helpers);
        if (!policy->is_permissive || (!is_open_to_read && !is_open_to_write)) {
            continue;
        }
        Finding finding{"policy", relation.label + "." + policy->name};
        finding.severity =
            is_used && policy->binds(setting.memberships) ? Severity::error : Severity::info;
        finding.message = fmt::format(
            "{} lets {} through for {}", is_open_to_read ? "USING (true)" : "WITH CHECK (true)",
            is_open_to_read ? "every row" : "every new row",
            policy->roles.empty() ? "everybody" : join(policy->roles, ", "));
        finding.remedy =
            "compare the row's tenant with the setting, or give the policy to a role "
            "that nobody acts as for tenants";
        findings.add(std::move(finding));
    }
    if (!has_policy && is_used) {
        findings.add(
            {"no policies", relation.label, Severity::warning,
             fmt::format("it has row-level security and no policy for {}, who has rights on it "
                         "and sees nothing",
                         setting.role),
             fmt::format("give it a policy, or: revoke all on {} from {};", relation.name,
                         setting.role)});
    }
}

void inspect_partition(const Relation& relation, const Setting& setting, Findings& findings) {
    const auto parent = setting.subject.relations.find(relation.parent);
    if (relation.has_row_security || parent == setting.subject.relations.end() ||
        !setting.subject.root(parent->second).has_row_security ||
        !may_touch(setting.rights.of(relation.oid))) {
        return;
    }
    findings.add(
        {"partition", relation.label, Severity::error,
         fmt::format("{} may name it itself, and the policies of {} hold only where that is "
                     "named",
                     setting.role, parent->second.label),
         fmt::format("revoke all on {} from {};", relation.name, setting.role)});
}

}  // namespace

void inspect_tables(const Setting& setting, Findings& findings) {
    const auto helpers = helpers_of(setting.subject, setting.isolation.setting);
    for (const auto& [oid, relation] : setting.subject.relations) {
        if (relation.kind != 'r' && relation.kind != 'p') {
            continue;
        }
        if (relation.parent != 0) {
            inspect_partition(relation, setting, findings);
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
            inspect_policies(relation, setting, helpers, findings);
        } else if (!relation.is_partition && setting.tenancy.is_tenants(relation.name) &&
                   may_touch(setting.rights.of(oid)) &&
                   !findings.has("partition " + relation.label)) {
            findings.add({"no policy", relation.label, Severity::error,
                          fmt::format("it holds rows of tenants, and {} has rights on all of it",
                                      setting.role),
                          fmt::format("alter table {} enable row level security, force row level "
                                      "security; and give it a policy",
                                      relation.name)});
        }
    }
}

void inspect_views(pg::Connection& connection, const Setting& setting, Findings& findings) {
    std::map<std::string, Bypass> owners;
    for (const auto& [oid, relation] : setting.subject.relations) {
        if (!relation.is_view() || relation.is_invoker || !may_touch(setting.rights.of(oid))) {
            continue;
        }
        if (!owners.contains(relation.owner)) {
            owners[relation.owner] = read_bypass(connection, relation.owner);
        }
        const auto& owner = owners.at(relation.owner);
        std::vector<std::string> read;
        for (const auto below : relation.reads) {
            const auto found = setting.subject.relations.find(below);
            if (found == setting.subject.relations.end() || !found->second.has_row_security) {
                continue;
            }
            const bool passes =
                owner.is_superuser || owner.bypasses ||
                (owner.memberships.contains(found->second.owner) && !found->second.is_forced);
            if (passes || relation.kind == 'm') {
                read.push_back(found->second.label);
            }
        }
        if (read.empty()) {
            continue;
        }
        if (relation.kind == 'm') {
            findings.add(
                {"materialised view", relation.label, Severity::error,
                 fmt::format("it keeps rows of {}, and can have no policies", join(read, ", ")),
                 fmt::format("revoke all on {} from {}; and give what a tenant may see by a view "
                             "over it that compares its tenant with the setting",
                             relation.name, setting.role)});
            continue;
        }
        findings.add(
            {"view", relation.label, Severity::warning,
             fmt::format("it reads {} as {}, whom their policies do not bind: nothing was "
                         "shown, as far as it filters by itself{}",
                         join(read, ", "), relation.owner,
                         relation.is_barrier ? ""
                                             : "; it is no security barrier, so a condition "
                                               "may see rows before its own does"),
             fmt::format("alter view {} set (security_invoker = true); or accept it: "
                         "[isolation.accept] \"view {}\" = \"why\"",
                         relation.name, relation.label)});
    }
    for (const auto& function : setting.subject.functions) {
        if (function.is_definer && !function.is_callable &&
            setting.rights.functions.contains(function.oid)) {
            findings.add(
                {"not tried", function.label, Severity::warning,
                 fmt::format("it runs with the rights of {} and takes what cannot be guessed",
                             function.owner),
                 fmt::format("revoke execute on function {} from {}; or accept it", function.name,
                             setting.role)});
        }
    }
}

void inspect_counters(const Setting& setting, Findings& findings) {
    for (const auto& sequence : setting.subject.sequences) {
        const auto table = setting.subject.relations.find(sequence.table);
        if (table == setting.subject.relations.end() ||
            !setting.rights.sequences.contains(sequence.oid) ||
            !setting.tenancy.isolated.contains(setting.subject.root(table->second).name)) {
            continue;
        }
        Finding finding{"sequence", sequence.label};
        finding.severity = Severity::warning;
        finding.message = fmt::format("its last value tells how many rows all tenants put into {}",
                                      table->second.label);
        finding.remedy = fmt::format(
            "revoke all on sequence {} from {}; an identity column needs no "
            "right to its own",
            sequence.name, setting.role);
        finding.session = fmt::format(
            "begin;\nset local session authorization {};\nselect last_value "
            "from pg_sequences where format('%I.%I', schemaname, "
            "sequencename) = '{}';\nrollback;\n",
            setting.role, replace_all(sequence.name, "'", "''"));
        findings.add(std::move(finding));
    }
    if (!setting.tenancy.isolated.empty()) {
        findings.add(
            {"estimates", "of rows", Severity::info,
             "pg_class.reltuples and pg_stat_user_tables tell everybody about how many rows "
             "every table has",
             "none: PostgreSQL shows them to every role"});
    }
}

void inspect_coverage(const Setting& setting, const Marks& marks, Findings& findings) {
    for (const auto& [table, why] : setting.islands.without) {
        const auto* const relation = setting.subject.find(table);
        const bool is_isolated = setting.tenancy.isolated.contains(table);
        findings.add(
            {"not tried", relation->label, is_isolated ? Severity::error : Severity::info,
             fmt::format("no row of a tenant could be made: {}", why),
             fmt::format("say what its columns may hold: [isolation.values] \"{}.column\" = "
                         "\"…\"; or add a sample seed",
                         relation->label)});
    }
    for (const auto& [label, commands] : marks) {
        const auto own = commands.find("own rows");
        if (own != commands.end() && own->second.mark == Mark::untried &&
            !findings.has("no policies " + label)) {
            findings.add(
                {"not shown", label, Severity::error,
                 "no tenant sees even a row of their own there: that they see no other's "
                 "proves little",
                 "say which columns tell the tenant: [isolation] tenant, columns; or what rows "
                 "must hold to be seen: [isolation.values]"});
        }
        for (const auto& [command, cell] : commands) {
            if (cell.mark == Mark::untried && command != "own rows" &&
                !findings.has("not tried " + label)) {
                findings.add(
                    {"not tried", fmt::format("{} {}", command, label), Severity::warning,
                     fmt::format("something else was in the way, so it is not known whether a "
                                 "policy would have been: {}",
                                 cell.why),
                     "say what rows may hold: [isolation.values]; or accept it"});
            }
        }
    }
}

}  // namespace caisson::isolation
