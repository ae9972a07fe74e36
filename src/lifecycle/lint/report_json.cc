// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "lifecycle/lint/report.h"

namespace caisson::lint {

std::string to_json(const std::vector<Finding>& findings, std::size_t files) {
    boost::json::array rows;
    for (const auto& finding : findings) {
        rows.push_back(boost::json::object{
            {"file", finding.file},
            {"line", finding.line},
            {"column", finding.column},
            {"end_line", finding.end_line},
            {"end_column", finding.end_column},
            {"rule", finding.rule->id},
            {"family", name_of(finding.rule->family)},
            {"severity", finding.severity == Severity::error ? "error" : "warning"},
            {"message", finding.message},
            {"alternative", finding.alternative}});
    }
    const auto sum = counts(findings);
    return json_text(boost::json::object{{"files", files},
                                         {"errors", sum.errors},
                                         {"warnings", sum.warnings},
                                         {"findings", std::move(rows)}});
}

}  // namespace caisson::lint
