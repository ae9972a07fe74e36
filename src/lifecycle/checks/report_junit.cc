// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/report.h"

namespace caisson::checks {
namespace {

/// Text for an attribute or an element. XML 1.0 has no way to write most control characters, and
/// none but UTF-8 may reach it.
std::string escaped(std::string_view text) {
    if (!is_utf8(text)) {
        return "(not UTF-8)";
    }
    std::string xml;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        switch (c) {
            case '&':
                xml += "&amp;";
                break;
            case '<':
                xml += "&lt;";
                break;
            case '>':
                xml += "&gt;";
                break;
            case '"':
                xml += "&quot;";
                break;
            case '\n':
                xml += "&#10;";
                break;
            case '\t':
                xml += "&#9;";
                break;
            case '\r':
                xml += "&#13;";
                break;
            default:
                xml += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    // U+FFFE and U+FFFF are UTF-8, but no characters of XML.
    return replace_all(replace_all(std::move(xml), "\xEF\xBF\xBE", "?"), "\xEF\xBF\xBF", "?");
}

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string details(const Verdict& verdict) {
    auto text = fmt::format("expected {}\nfound {}", verdict.expected, verdict.found);
    for (const auto& finding : verdict.findings) {
        text += fmt::format("\n{}: {}", to_text(finding.severity), finding.message);
        text += finding.remedy.empty() ? "" : "\n  " + finding.remedy;
    }
    if (!verdict.rows.empty()) {
        text += "\n" + join(verdict.columns, " | ");
    }
    for (const auto& row : verdict.rows) {
        text += "\n" + join(row, " | ");
    }
    if (const auto place = verdict.place.text(); !place.empty()) {
        text += "\n" + place;
    }
    return verdict.remedy.empty() ? text : text + "\n" + verdict.remedy;
}

/// A warning is told, not failed: CI would stop for it.
std::string body(const Verdict& verdict) {
    const auto message = fmt::format("expected {}, found {}", verdict.expected, verdict.found);
    switch (verdict.outcome) {
        case Outcome::holds:
            return "";
        case Outcome::skipped:
            return fmt::format("<skipped message=\"{}\"/>", escaped(verdict.found));
        case Outcome::fails:
        case Outcome::cannot_run:
            break;
    }
    if (!verdict.is_grave()) {
        return fmt::format("<system-out>{}: {}</system-out>", to_text(verdict.severity),
                           escaped(details(verdict)));
    }
    const auto* const element = verdict.outcome == Outcome::fails ? "failure" : "error";
    return fmt::format("<{0} message=\"{1}\" type=\"{2}\">{3}</{0}>", element, escaped(message),
                       to_text(verdict.severity), escaped(details(verdict)));
}

std::size_t failures(const Report& report, Outcome outcome) {
    std::size_t number = 0;
    for (const auto& verdict : report.verdicts) {
        number += verdict.outcome == outcome && verdict.is_grave() ? 1 : 0;
    }
    return number;
}

}  // namespace

std::string to_junit(const std::vector<Report>& reports) {
    std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"caisson\">\n";
    for (const auto& report : reports) {
        xml += fmt::format(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
            "time=\"{:.6f}\" timestamp=\"{}\">\n",
            escaped(report.database), report.verdicts.size(), failures(report, Outcome::fails),
            failures(report, Outcome::cannot_run), report.counts().skipped,
            seconds(report.duration), escaped(report.started_at));
        for (const auto& verdict : report.verdicts) {
            xml +=
                fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.6f}\"{}",
                            escaped(report.database), verdict.built_in ? "structure" : "platform",
                            escaped(verdict.name), seconds(verdict.duration),
                            verdict.place.file.empty()
                                ? ""
                                : fmt::format(" file=\"{}\" line=\"{}\"",
                                              escaped(verdict.place.file), verdict.place.line));
            const auto inner = body(verdict);
            xml += inner.empty() ? "/>\n" : ">" + inner + "</testcase>\n";
        }
        xml += "  </testsuite>\n";
    }
    return xml + "</testsuites>\n";
}

}  // namespace caisson::checks
