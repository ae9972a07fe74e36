// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/lint/lint.h"

namespace caisson::lint {

void set_severities(Settings& settings, const std::map<std::string, Severity>& by_name, Code code) {
    std::vector<std::string> unknown;
    for (const auto& [name, severity] : by_name) {
        const auto named = rules_named(name);
        if (named.empty()) {
            const auto near = nearest_rule(name);
            unknown.push_back(
                fmt::format("there is no lint rule \"{}\"{}", name,
                            near.empty() ? "" : fmt::format("; did you mean {}?", near)));
        }
        for (const auto* const rule : named) {
            settings.severities[rule] = severity;
        }
    }
    if (!unknown.empty()) {
        throw Error(code, join(unknown, "\n"), "see docs/reference/lint.md for every rule");
    }
}

}  // namespace caisson::lint
