// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/report.h"

#include <sstream>

#include <boost/json.hpp>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::checks {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A report with one of each outcome and texts that every format has to escape.
std::vector<Report> sample() {
    Report report;
    report.platform = "lumina";
    report.database = "compliance_db";
    report.environment = "local";
    report.started_at = "2026-03-03T08:00:00.000Z";
    report.duration = std::chrono::milliseconds(123);
    Verdict tables;
    tables.name = "tables";
    tables.built_in = true;
    tables.expected = "7 as recorded";
    tables.found = "7";
    report.verdicts.push_back(tables);
    Verdict views;
    views.name = "views";
    views.built_in = true;
    views.outcome = Outcome::fails;
    views.severity = Severity::warning;
    views.findings = {
        {Severity::warning, "view x was never filled", "refresh materialized view x;"}};
    report.verdicts.push_back(views);
    Verdict odd;
    odd.name = "a < b & \"c\" | `d`";
    odd.outcome = Outcome::fails;
    odd.expected = "empty";
    odd.found = "2 rows";
    odd.columns = {"id", "note"};
    odd.rows = {{"1", "<script>|\n\x1b[31m"}, {"2", "]]>\x01ö"}};
    odd.place = {"checks/a.sql", 3, 4};
    odd.remedy = "caisson seed";
    report.verdicts.push_back(odd);
    Verdict late;
    late.name = "late";
    late.outcome = Outcome::cannot_run;
    late.found = "not done within 30 s";
    report.verdicts.push_back(late);
    Verdict gated;
    gated.name = "gated";
    gated.outcome = Outcome::skipped;
    gated.found = "feature blockchain is off";
    report.verdicts.push_back(gated);
    return {report};
}

TEST(ReportTest, CountsAndDecides) {
    const auto reports = sample();
    const auto sum = counts(reports);
    EXPECT_EQ(sum.run, 4U);
    EXPECT_EQ(sum.holds, 1U);
    EXPECT_EQ(sum.fails, 2U);
    EXPECT_EQ(sum.cannot_run, 1U);
    EXPECT_EQ(sum.skipped, 1U);
    EXPECT_EQ(sum.grave, 2U);
    EXPECT_FALSE(holds(reports));
    EXPECT_TRUE(holds(std::vector<Report>{}));
    Report warned = reports[0];
    warned.verdicts.erase(warned.verdicts.begin() + 2, warned.verdicts.begin() + 4);
    EXPECT_TRUE(warned.holds()) << "a warning alone does not fail a run";
}

TEST(ReportTest, TextHasALineForEachCheckAndASum) {
    const auto text = to_text(sample(), false);
    EXPECT_THAT(text, HasSubstr("  ✓ tables"));
    EXPECT_THAT(text, HasSubstr("  ! views"));
    EXPECT_THAT(text, HasSubstr("  ✗ a < b & \"c\" | `d`"));
    EXPECT_THAT(text, HasSubstr("  ? late"));
    EXPECT_THAT(text, HasSubstr("  – gated"));
    EXPECT_THAT(text, HasSubstr("1 of 4 hold, 2 fail, 1 cannot be run, 1 skipped, 123 ms\n"));
    EXPECT_THAT(text, HasSubstr("place     checks/a.sql:3:4"));
    EXPECT_THAT(text, HasSubstr("→ refresh materialized view x;"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "neither ours nor the database's";
    EXPECT_THAT(to_text(sample(), true), HasSubstr("\x1b[32m✓\x1b[0m"));
}

TEST(ReportTest, JsonComesBack) {
    const auto value = boost::json::parse(to_json(sample()));
    EXPECT_FALSE(value.at("holds").as_bool());
    EXPECT_EQ(value.at("counts").at("run").to_number<int>(), 4);
    const auto& database = value.at("databases").at(0);
    EXPECT_EQ(database.at("database"), "compliance_db");
    const auto& odd = database.at("checks").at(2);
    EXPECT_EQ(odd.at("name"), "a < b & \"c\" | `d`");
    EXPECT_EQ(odd.at("outcome"), "fails");
    EXPECT_EQ(odd.at("place"), "checks/a.sql:3:4");
    EXPECT_EQ(odd.at("rows").at(1).at(1), "]]>\x01ö");
    EXPECT_TRUE(database.at("checks").at(0).at("place").is_null());
    EXPECT_EQ(database.at("checks").at(1).at("findings").at(0).at("severity"), "warning");
}

TEST(ReportTest, JUnitIsReadBackByAnXmlParser) {
    std::istringstream stream(to_junit(sample()));
    boost::property_tree::ptree tree;
    boost::property_tree::read_xml(stream, tree);
    const auto& suite = tree.get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<std::string>("<xmlattr>.name"), "compliance_db");
    EXPECT_EQ(suite.get<int>("<xmlattr>.tests"), 5);
    EXPECT_EQ(suite.get<int>("<xmlattr>.failures"), 1);
    EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 1);
    EXPECT_EQ(suite.get<int>("<xmlattr>.skipped"), 1);
    std::vector<boost::property_tree::ptree> cases;
    for (const auto& [name, child] : suite) {
        if (name == "testcase") {
            cases.push_back(child);
        }
    }
    ASSERT_EQ(cases.size(), 5U);
    EXPECT_FALSE(cases[0].count("failure"));
    EXPECT_THAT(cases[1].get<std::string>("system-out"), HasSubstr("never filled"));
    EXPECT_EQ(cases[2].get<std::string>("<xmlattr>.name"), "a < b & \"c\" | `d`");
    EXPECT_EQ(cases[2].get<int>("<xmlattr>.line"), 3);
    EXPECT_THAT(cases[2].get<std::string>("failure"), HasSubstr("2 | ]]>?ö"));
    EXPECT_EQ(cases[3].count("error"), 1U);
    EXPECT_EQ(cases[4].count("skipped"), 1U);
}

TEST(ReportTest, MarkdownKeepsItsTableWhole) {
    const auto text = to_markdown(sample());
    EXPECT_THAT(text, HasSubstr("**1 of 4 hold**"));
    EXPECT_THAT(text, HasSubstr("| ✗ | a \\< b & \"c\" \\| \\`d\\` | empty | 2 rows | 0.0 ms |\n"));
    EXPECT_THAT(text, HasSubstr("| 1 | \\<script\\>\\| "));
    EXPECT_THAT(text, HasSubstr("`refresh materialized view x;`"));
}

TEST(ReportTest, AReportWithoutChecksIsWellFormed) {
    const std::vector<Report> none = {Report{}};
    EXPECT_THAT(to_text(none, false), HasSubstr("0 of 0 hold"));
    std::istringstream stream(to_junit(none));
    boost::property_tree::ptree tree;
    EXPECT_NO_THROW(boost::property_tree::read_xml(stream, tree));
    EXPECT_TRUE(boost::json::parse(to_json({})).at("holds").as_bool());
}

}  // namespace
}  // namespace caisson::checks
