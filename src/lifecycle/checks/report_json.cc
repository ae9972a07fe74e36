// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/checks/report.h"

namespace caisson::checks {
namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds duration) {
    // Microseconds are as fine as it makes sense.
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(duration);
    return static_cast<double>(whole.count()) / 1000;
}

json::object to_object(const Counts& counts) {
    return {{"run", counts.run},         {"holds", counts.holds},
            {"fails", counts.fails},     {"cannot_run", counts.cannot_run},
            {"skipped", counts.skipped}, {"grave", counts.grave}};
}

json::value optional(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object to_object(const Verdict& verdict) {
    json::array findings;
    for (const auto& finding : verdict.findings) {
        findings.push_back({{"severity", to_text(finding.severity)},
                            {"message", finding.message},
                            {"remedy", optional(finding.remedy)}});
    }
    json::array rows;
    for (const auto& row : verdict.rows) {
        rows.push_back(json::value_from(row));
    }
    return {{"name", verdict.name},
            {"built_in", verdict.built_in},
            {"severity", to_text(verdict.severity)},
            {"outcome", to_text(verdict.outcome)},
            {"expected", verdict.expected},
            {"found", verdict.found},
            {"description", optional(verdict.description)},
            {"remedy", optional(verdict.remedy)},
            {"place", optional(verdict.place.text())},
            {"milliseconds", milliseconds(verdict.duration)},
            {"findings", std::move(findings)},
            {"columns", json::value_from(verdict.columns)},
            {"rows", std::move(rows)}};
}

}  // namespace

std::string to_json(const std::vector<Report>& reports) {
    json::array databases;
    for (const auto& report : reports) {
        json::array verdicts;
        for (const auto& verdict : report.verdicts) {
            verdicts.push_back(to_object(verdict));
        }
        databases.push_back({{"platform", report.platform},
                             {"database", report.database},
                             {"environment", report.environment},
                             {"started_at", report.started_at},
                             {"milliseconds", milliseconds(report.duration)},
                             {"holds", report.holds()},
                             {"counts", to_object(report.counts())},
                             {"checks", std::move(verdicts)}});
    }
    return json_text(json::object{{"holds", holds(reports)},
                                  {"counts", to_object(counts(reports))},
                                  {"databases", std::move(databases)}});
}

}  // namespace caisson::checks
