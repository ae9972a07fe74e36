// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/report.h"

namespace caisson::lint {

Counts counts(const std::vector<Finding>& findings) {
    Counts counts;
    for (const auto& finding : findings) {
        ++(finding.severity == Severity::error ? counts.errors : counts.warnings);
    }
    return counts;
}

std::string Paint::operator()(std::string_view code, std::string_view text) const {
    return colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string to_text(const std::vector<Finding>& findings, std::size_t files, Paint paint) {
    std::string text;
    std::set<std::string_view> in;
    for (const auto& finding : findings) {
        const bool is_error = finding.severity == Severity::error;
        in.insert(finding.file);
        text += fmt::format("{}:{}:{}: {}: {} {}\n", paint("1", finding.file), finding.line,
                            finding.column,
                            paint(is_error ? "31" : "33", is_error ? "error" : "warning"),
                            finding.message, paint("2", fmt::format("[{}]", finding.rule->id)));
        for (const auto& line : split(finding.alternative, '\n')) {
            text += fmt::format("    {}\n", paint("2", line));
        }
    }
    const auto sum = counts(findings);
    text += sum.errors + sum.warnings == 0
                ? fmt::format("nothing found in {}\n", counted(files, "file"))
                : fmt::format("{} and {} in {} of {}\n", counted(sum.errors, "error"),
                              counted(sum.warnings, "warning"), in.size(), counted(files, "file"));
    return text;
}

}  // namespace caisson::lint
