// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/report.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/lint/lint.h"

namespace caisson::lint {
namespace {

namespace json = boost::json;

const std::string text = "alter table \"tä\" drop column a;\n";

std::vector<Finding> findings(const std::string& file = "db/1.sql") {
    return lint({{file, text}}, {});
}

TEST(Report, TextNamesPlaceMessageRuleAndAlternative) {
    const auto report = to_text(findings(), 3, {});
    EXPECT_THAT(report, testing::StartsWith("db/1.sql:1:18: error: all values of a are lost"));
    EXPECT_THAT(report, testing::HasSubstr("[ban-drop-column]\n    -- when no program"));
    EXPECT_THAT(report, testing::HasSubstr("    alter table \"tä\" drop column a;\n"));
    EXPECT_THAT(report, testing::EndsWith("1 error and 0 warnings in 1 of 3 files\n"));
    EXPECT_EQ(to_text({}, 3, {}), "nothing found in 3 files\n");
}

TEST(Report, JsonSaysTheSame) {
    const auto report = json::parse(to_json(findings(), 3)).as_object();
    EXPECT_EQ(report.at("files").to_number<int>(), 3);
    EXPECT_EQ(report.at("errors").to_number<int>(), 1);
    const auto& row = report.at("findings").as_array().at(0).as_object();
    EXPECT_EQ(row.at("rule").as_string(), "ban-drop-column");
    EXPECT_EQ(row.at("column").to_number<int>(), 18);
    EXPECT_EQ(row.at("end_column").to_number<int>(), 31);
}

/// What code scanning needs: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
TEST(Report, SarifHasTheRulesAndTheRegions) {
    const auto report = json::parse(to_sarif(findings("a b/ä.sql"), "1.2.3")).as_object();
    EXPECT_EQ(report.at("version").as_string(), "2.1.0");
    const auto& run = report.at("runs").as_array().at(0).as_object();
    const auto& driver = run.at("tool").at("driver").as_object();
    EXPECT_EQ(driver.at("version").as_string(), "1.2.3");
    EXPECT_EQ(driver.at("rules").as_array().size(), rules().size());
    const auto& result = run.at("results").as_array().at(0).as_object();
    EXPECT_EQ(result.at("level").as_string(), "error");
    const auto index = result.at("ruleIndex").to_number<std::size_t>();
    EXPECT_EQ(driver.at("rules").as_array().at(index).at("id").as_string(),
              result.at("ruleId").as_string());
    EXPECT_FALSE(driver.at("rules").as_array().at(index).at("help").at("text").as_string().empty());
    const auto& place = result.at("locations").as_array().at(0).at("physicalLocation").as_object();
    EXPECT_EQ(place.at("artifactLocation").at("uri").as_string(), "a%20b/%C3%A4.sql");
    EXPECT_EQ(place.at("region").at("startLine").to_number<int>(), 1);
    EXPECT_EQ(place.at("region").at("startColumn").to_number<int>(), 18);
    EXPECT_EQ(place.at("region").at("endColumn").to_number<int>(), 31);
}

TEST(Report, GithubIsOneEscapedLineAFinding) {
    const auto report = to_github(findings("a,b:c%\n.sql"));
    EXPECT_THAT(report, testing::StartsWith(
                            "::error file=a%2Cb%3Ac%25%0A.sql,line=1,endLine=1,col=18,endColumn=31,"
                            "title=ban-drop-column::all values of a are lost, and"));
    EXPECT_THAT(report, testing::HasSubstr("%0Aalter table \"tä\" drop column a;\n"));
    EXPECT_EQ(std::count(report.begin(), report.end(), '\n'), 1);
}

}  // namespace
}  // namespace caisson::lint
