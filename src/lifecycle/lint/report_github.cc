// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/report.h"

namespace caisson::lint {
namespace {

/// A message: what would end the command is written as %XX.
std::string escaped(std::string text) {
    text = replace_all(std::move(text), "%", "%25");
    text = replace_all(std::move(text), "\r", "%0D");
    return replace_all(std::move(text), "\n", "%0A");
}

/// A property: the signs between properties too.
std::string escaped_property(std::string text) {
    text = escaped(std::move(text));
    text = replace_all(std::move(text), ":", "%3A");
    return replace_all(std::move(text), ",", "%2C");
}

}  // namespace

std::string to_github(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        // A range of columns is only taken within one line.
        const auto columns =
            finding.line == finding.end_line && finding.end_column > finding.column
                ? fmt::format("col={},endColumn={}", finding.column, finding.end_column)
                : fmt::format("col={}", finding.column);
        std::string message = finding.message;
        if (!finding.alternative.empty()) {
            message += "\n" + finding.alternative;
        }
        text += fmt::format("::{} file={},line={},endLine={},{},title={}::{}\n",
                            finding.severity == Severity::error ? "error" : "warning",
                            escaped_property(finding.file), finding.line, finding.end_line, columns,
                            escaped_property(std::string(finding.rule->id)), escaped(message));
    }
    return text;
}

}  // namespace caisson::lint
