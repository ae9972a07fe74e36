// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/inspect.h"

namespace caisson::isolation {
namespace {

/// Isolated tables that a view reads as an owner whom their policies do not bind, or keeps.
std::vector<std::string> read_freely(const Relation& view, const Bypass& owner,
                                     const Subject& subject) {
    std::vector<std::string> labels;
    for (const auto below : view.reads) {
        const auto found = subject.relations.find(below);
        if (found == subject.relations.end() || !found->second.has_row_security) {
            continue;
        }
        const bool passes =
            owner.is_superuser || owner.bypasses ||
            (owner.memberships.contains(found->second.owner) && !found->second.is_forced);
        if (passes || view.kind == 'm') {
            labels.push_back(found->second.label);
        }
    }
    return labels;
}

void inspect_view(const Inspection& inspection, const Relation& view, const Bypass& owner) {
    const auto& setting = inspection.setting;
    const auto read = read_freely(view, owner, setting.subject);
    if (read.empty()) {
        return;
    }
    if (view.kind == 'm') {
        inspection.findings.add(
            {"materialised view", view.label, Severity::error,
             fmt::format("it keeps rows of {}, and can have no policies", join(read, ", ")),
             fmt::format("revoke all on {} from {}; and give what a tenant may see by a view "
                         "over it that compares its tenant with the setting",
                         view.name, pg::identifier(setting.role))});
        return;
    }
    if (inspection.findings.has("view " + view.label)) {
        return;  // It leaks, which is said.
    }
    inspection.findings.add(
        {"definer view", view.label, Severity::warning,
         fmt::format("it reads {} as {}, whom their policies do not bind: nothing was "
                     "shown, as far as it filters by itself{}",
                     join(read, ", "), view.owner,
                     view.is_barrier ? ""
                                     : "; it is no security barrier, so a condition "
                                       "may see rows before its own does"),
         fmt::format("alter view {} set (security_invoker = true); or accept it: "
                     "[isolation.accept] \"definer view {}\" = \"why\"",
                     view.name, view.label)});
}

}  // namespace

void inspect_views(const Inspection& inspection) {
    const auto& setting = inspection.setting;
    std::map<std::string, Bypass> owners;
    for (const auto& [oid, relation] : setting.subject.relations) {
        if (!relation.is_view() || relation.is_invoker || !may_touch(setting.rights.of(oid))) {
            continue;
        }
        if (!owners.contains(relation.owner)) {
            owners[relation.owner] = read_bypass(inspection.connection, relation.owner);
        }
        inspect_view(inspection, relation, owners.at(relation.owner));
    }
    for (const auto& function : setting.subject.functions) {
        if (function.is_definer && !function.is_callable &&
            setting.rights.functions.contains(function.oid)) {
            inspection.findings.add(
                {"not tried", function.label, Severity::warning,
                 fmt::format("it runs with the rights of {} and takes what cannot be guessed",
                             function.owner),
                 fmt::format("revoke execute on function {} from {}; or accept it", function.name,
                             pg::identifier(setting.role))});
        }
    }
}

}  // namespace caisson::isolation
