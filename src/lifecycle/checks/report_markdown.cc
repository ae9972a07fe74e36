// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/report.h"

namespace caisson::checks {
namespace {

/// Text in a table's cell or a line: nothing in it becomes markup or breaks the row.
std::string escaped(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        if (c == '\n' || c == '\r') {
            plain += ' ';
            continue;
        }
        if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) {
            plain += '\\';
        }
        plain += c;
    }
    return plain;
}

/// A code span that holds any text: fenced by one backtick more than the longest run in it.
std::string code(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    const auto blank = longest > 0 ? " " : "";
    return fence + blank + replace_all(std::string(text), "\n", " ") + blank + fence;
}

std::string mark(const Verdict& verdict) {
    switch (verdict.outcome) {
        case Outcome::holds:
            return "✓";
        case Outcome::skipped:
            return "–";
        case Outcome::cannot_run:
            return "?";
        case Outcome::fails:
            return verdict.severity == Severity::error ? "✗" : "!";
    }
    return "";
}

std::string table_row(const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const auto& cell : cells) {
        line += " " + escaped(cell) + " |";
    }
    return line + "\n";
}

std::string details(const Verdict& verdict) {
    auto text = fmt::format("\n### {} ({})\n\n", escaped(verdict.name), to_text(verdict.severity));
    text += verdict.description.empty() ? "" : escaped(verdict.description) + "\n\n";
    text += fmt::format("- expected: {}\n- found: {}\n", escaped(verdict.expected),
                        escaped(verdict.found));
    for (const auto& finding : verdict.findings) {
        text += fmt::format("- {}: {}\n", to_text(finding.severity), escaped(finding.message));
        text += finding.remedy.empty() ? "" : fmt::format("  {}\n", code(finding.remedy));
    }
    if (const auto place = verdict.place.text(); !place.empty()) {
        text += fmt::format("- place: {}\n", code(place));
    }
    text += verdict.remedy.empty() ? "" : fmt::format("- remedy: {}\n", escaped(verdict.remedy));
    if (!verdict.rows.empty()) {
        text += "\n" + table_row(verdict.columns) + "|";
        for (std::size_t i = 0; i < verdict.columns.size(); ++i) {
            text += "---|";
        }
        text += "\n";
    }
    for (const auto& row : verdict.rows) {
        text += table_row(row);
    }
    return text;
}

}  // namespace

std::string to_markdown(const std::vector<Report>& reports) {
    std::string text;
    for (const auto& report : reports) {
        const auto counts = report.counts();
        text += fmt::format("{}## Verification of {} ({})\n\n**{} of {} hold**, {}, {}\n\n",
                            text.empty() ? "" : "\n", escaped(report.database),
                            escaped(report.environment), counts.holds, counts.run,
                            report.started_at, human(report.duration));
        text += "| | check | expected | found | time |\n|---|---|---|---|--:|\n";
        for (const auto& verdict : report.verdicts) {
            text += table_row({mark(verdict), verdict.name, verdict.expected, verdict.found,
                               human(verdict.duration)});
        }
        for (const auto& verdict : report.verdicts) {
            if (!verdict.findings.empty() || verdict.outcome == Outcome::fails ||
                verdict.outcome == Outcome::cannot_run) {
                text += details(verdict);
            }
        }
    }
    return text;
}

}  // namespace caisson::checks
