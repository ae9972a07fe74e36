// SPDX-License-Identifier: Apache-2.0
#include <boost/json.hpp>

#include "base/json.h"
#include "protection/isolation/isolation.h"

namespace caisson::isolation {
namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds duration) {
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(duration);
    return static_cast<double>(whole.count()) / 1000;
}

json::value optional(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object to_object(const Finding& finding) {
    return {{"name", finding.name()},
            {"id", finding.id},
            {"object", finding.object},
            {"role", optional(finding.role)},
            {"severity", name_of(finding.severity)},
            {"message", finding.message},
            {"remedy", optional(finding.remedy)},
            {"actors", json::value_from(finding.actors)},
            {"session", optional(finding.session)},
            {"reproduced", finding.is_reproduced},
            {"accepted", finding.accepted ? json::value(*finding.accepted) : json::value(nullptr)}};
}

json::object to_object(const Report& report) {
    json::array trials;
    for (const auto& trial : report.trials) {
        json::object commands;
        for (const auto& [command, outcome] : trial.commands) {
            commands[command] = outcome;
        }
        trials.push_back(json::object{{"name", trial.label},
                                      {"isolated", trial.is_isolated},
                                      {"commands", std::move(commands)}});
    }
    json::array findings;
    for (const auto& finding : report.findings) {
        findings.push_back(to_object(finding));
    }
    json::array tenants;
    for (const auto& [name, id] : report.tenants) {
        tenants.push_back(json::object{{"name", name}, {"id", id}});
    }
    return {{"database", report.database},
            {"shadow", report.shadow},
            {"server_version", report.server_version},
            {"started_at", report.started_at},
            {"milliseconds", milliseconds(report.duration)},
            {"setting", report.setting},
            {"roles", json::value_from(report.roles)},
            {"tenants", std::move(tenants)},
            {"rows", report.rows},
            {"attempts", report.attempts},
            {"holds", report.holds()},
            {"counts", json::object{{"errors", report.count(Severity::error)},
                                    {"warnings", report.count(Severity::warning)},
                                    {"accepted", report.accepted()}}},
            {"trials", std::move(trials)},
            {"findings", std::move(findings)},
            {"notes", json::value_from(report.notes)}};
}

}  // namespace

std::string to_json(const std::vector<Report>& reports) {
    json::array databases;
    bool holds = true;
    for (const auto& report : reports) {
        databases.push_back(to_object(report));
        holds = holds && report.holds();
    }
    return json_text(json::object{{"holds", holds}, {"databases", std::move(databases)}});
}

}  // namespace caisson::isolation
