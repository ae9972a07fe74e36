// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "protection/isolation/inspect.h"

namespace caisson::isolation {

void inspect_coverage(const Inspection& inspection) {
    const auto& setting = inspection.setting;
    auto& findings = inspection.findings;
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
    for (const auto& [label, commands] : inspection.marks) {
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
