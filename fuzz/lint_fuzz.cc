// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a migration to the linter: findings with places inside the text, never a crash.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/lint/lint.h"
#include "lifecycle/lint/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::lint;
    static const Settings settings = [] {
        Settings all;
        for (const auto& rule : rules()) {
            all.severities[&rule] = Severity::error;
        }
        all.runner_limits_locks = false;
        return all;
    }();
    const std::string text(bytes, bytes + size);
    const auto middle = std::min(text.find("\n---\n"), text.size());
    const auto findings = lint({{"first.sql", std::string_view(text).substr(0, middle)},
                                {"second.sql", std::string_view(text).substr(middle), false, false},
                                {"second.sql", std::string_view(text).substr(0, middle), true}},
                               settings);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& finding : findings) {
        if (finding.line == 0 || finding.line > lines || finding.column == 0 ||
            finding.end_line < finding.line || finding.message.empty()) {
            std::abort();
        }
    }
    if (to_json(findings, 2).empty() || to_sarif(findings, "0").empty()) {
        std::abort();
    }
    to_github(findings);
    return 0;
}
