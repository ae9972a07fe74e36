// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "lifecycle/lint/report.h"

namespace caisson::lint {
namespace {

namespace json = boost::json;

std::string_view level_of(Severity severity) {
    return severity == Severity::error     ? "error"
           : severity == Severity::warning ? "warning"
                                           : "none";
}

/// A path as a reference of RFC 3986: what is neither unreserved nor a slash is written as %XX.
std::string uri_of(std::string_view path) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string uri;
    for (const char c : path) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') ||
                              std::string_view("-._~/").find(c) != std::string_view::npos;
        if (is_plain) {
            uri += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            uri += '%';
            uri += digits[byte >> 4U];
            uri += digits[byte & 15U];
        }
    }
    return uri;
}

/// Relative to the root of the repository; a path from the root of the machine stands for itself.
json::object artifact_of(std::string_view path) {
    if (!path.empty() && path.front() == '/') {
        return {{"uri", "file://" + uri_of(path)}};
    }
    return {{"uri", uri_of(path)}, {"uriBaseId", "%SRCROOT%"}};
}

json::array rules_json() {
    json::array all;
    for (const auto& rule : rules()) {
        const std::string help =
            std::string(rule.why) + "\n\nInstead: " + std::string(rule.alternative);
        all.push_back(
            json::object{{"id", rule.id},
                         {"shortDescription", {{"text", rule.summary}}},
                         {"fullDescription", {{"text", rule.why}}},
                         {"help", {{"text", help}, {"markdown", help}}},
                         {"defaultConfiguration",
                          {{"level", level_of(rule.severity)}, {"enabled", !rule.opt_in}}},
                         {"properties", {{"tags", json::array{name_of(rule.family)}}}}});
    }
    return all;
}

json::object result_of(const Finding& finding, std::size_t index) {
    std::string text = finding.message;
    if (!finding.alternative.empty()) {
        text += "\n\nInstead:\n" + finding.alternative;
    }
    json::object region{{"startLine", finding.line},
                        {"startColumn", finding.column},
                        {"endLine", finding.end_line},
                        {"endColumn", finding.end_column}};
    return {
        {"ruleId", finding.rule->id},
        {"ruleIndex", index},
        {"level", level_of(finding.severity)},
        {"message", {{"text", text}}},
        {"locations", json::array{json::object{{"physicalLocation",
                                                {{"artifactLocation", artifact_of(finding.file)},
                                                 {"region", std::move(region)}}}}}}};
}

}  // namespace

std::string to_sarif(const std::vector<Finding>& findings, std::string_view version) {
    std::map<const Rule*, std::size_t> indexes;
    for (const auto& rule : rules()) {
        indexes.emplace(&rule, indexes.size());
    }
    json::array results;
    for (const auto& finding : findings) {
        results.push_back(result_of(finding, indexes.at(finding.rule)));
    }
    const json::object run{
        {"tool",
         {{"driver", {{"name", "caisson"}, {"version", version}, {"rules", rules_json()}}}}},
        {"columnKind", "unicodeCodePoints"},
        {"results", std::move(results)}};
    return json_text(json::object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                                  {"version", "2.1.0"},
                                  {"runs", json::array{run}}});
}

}  // namespace caisson::lint
