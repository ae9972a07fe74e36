// SPDX-License-Identifier: Apache-2.0
/// Every rule by its cases: tests/lint/<rule>.sql. A case begins with a line
///     --- fires 2:1 [4:7 …] [apart] [down] [limits]
///     --- fine [apart] [down] [limits]
/// `apart`: the file runs outside a transaction; `down`: it is a down script; `limits`: the runner
/// sets a lock_timeout. A line `--- then` begins the next file of the same run; places are those of
/// the last one.
#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/text.h"
#include "drivers/sql/sql.h"
#include "lifecycle/lint/lint.h"

namespace caisson::lint {
namespace {

struct Case {
    std::size_t line = 0;  ///< Of its head, for messages.
    bool fires = false;
    std::vector<std::string> places;
    std::set<std::string> words;
    std::deque<std::string> files{""};
};

std::vector<Case> cases_of(const fs::path& path) {
    std::vector<Case> cases;
    std::size_t number = 0;
    std::string text = read_file(path);
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
        const auto line = text.substr(at, end - at);
        at = end;
        ++number;
        if (line.rfind("--- then", 0) == 0) {
            cases.back().files.emplace_back();
        } else if (line.rfind("--- ", 0) == 0) {
            Case one;
            one.line = number;
            for (const auto& word : split(trim(line.substr(4)), ' ')) {
                one.fires = one.fires || word == "fires";
                (word.find(':') == std::string::npos ? one.words.insert(word).second
                                                     : (one.places.push_back(word), true));
            }
            cases.push_back(std::move(one));
        } else if (!cases.empty()) {
            cases.back().files.back() += line;
        }
    }
    return cases;
}

Settings only(std::string_view id) {
    Settings settings;
    for (const auto& one : rules()) {
        settings.severities[&one] = one.id == id ? Severity::error : Severity::off;
    }
    // It takes a finding to be ignored.
    if (id == "unused-ignore") {
        settings.severities[&rule("ban-drop-column")] = Severity::error;
    }
    return settings;
}

std::vector<Finding> run(const Case& one, std::string_view id) {
    std::vector<Script> scripts;
    for (const auto& text : one.files) {
        const bool is_last = &text == &one.files.back();
        scripts.push_back({fmt::format("{}.sql", scripts.size()), text,
                           is_last && one.words.contains("down"),
                           !(is_last && one.words.contains("apart")), is_last});
    }
    auto settings = only(id);
    settings.runner_limits_locks = one.words.contains("limits");
    return lint(scripts, settings);
}

class Rules : public testing::TestWithParam<std::string> {};

TEST_P(Rules, FiresWhereItMustAndNowhereElse) {
    const auto path = fs::path(CAISSON_SOURCE_DIR) / "tests/lint" / (GetParam() + ".sql");
    const auto cases = cases_of(path);
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [](const auto& c) { return c.fires; }));
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [](const auto& c) { return !c.fires; }));
    for (const auto& one : cases) {
        std::vector<std::string> places;
        for (const auto& finding : run(one, GetParam())) {
            if (finding.rule->id == GetParam()) {
                places.push_back(fmt::format("{}:{}", finding.line, finding.column));
            }
        }
        EXPECT_EQ(places, one.places) << path << ":" << one.line;
        EXPECT_EQ(one.fires, !one.places.empty()) << path << ":" << one.line;
    }
}

/// The alternative is SQL: what is not yet known stands in a comment or as …
TEST_P(Rules, ItsAlternativesAreSql) {
    const auto path = fs::path(CAISSON_SOURCE_DIR) / "tests/lint" / (GetParam() + ".sql");
    for (const auto& one : cases_of(path)) {
        for (const auto& finding : run(one, GetParam())) {
            EXPECT_FALSE(finding.message.empty());
            EXPECT_TRUE(finding.end_line > finding.line ||
                        (finding.end_line == finding.line && finding.end_column >= finding.column));
            const auto text = replace_all(finding.alternative, "…", "text");
            for (const auto& statement : sql::split(text)) {
                const auto mistake = sql::syntax_mistake(statement.text(text));
                EXPECT_FALSE(mistake) << path << ":" << one.line << "\n"
                                      << finding.alternative << "\n"
                                      << mistake->message;
            }
        }
    }
}

std::vector<std::string> ids() {
    std::vector<std::string> names;
    for (const auto& one : rules()) {
        names.emplace_back(one.id);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(Table, Rules, testing::ValuesIn(ids()),
                         [](const auto& about) { return replace_all(about.param, "-", "_"); });

TEST(Table, NoNameStandsForTwoThings) {
    std::set<std::string_view> seen;
    for (const auto& one : rules()) {
        EXPECT_TRUE(seen.insert(one.id).second) << one.id;
        EXPECT_FALSE(one.summary.empty()) << one.id;
        EXPECT_FALSE(one.why.empty()) << one.id;
        EXPECT_FALSE(one.alternative.empty()) << one.id;
        EXPECT_NE(one.severity, Severity::off) << one.id;
    }
    for (const auto& one : rules()) {
        for (const auto& alias : split(one.aliases.squawk, ' ')) {
            EXPECT_FALSE(seen.contains(alias)) << alias;
        }
    }
}

TEST(Table, KnowsEveryRuleOfTheThreeTools) {
    for (const auto* const name : {"require-concurrent-index-creation",
                                   "require-concurrent-index-deletion",
                                   "require-concurrent-reindex",
                                   "require-concurrent-partition-detach",
                                   "ban-concurrent-index-creation-in-transaction",
                                   "constraint-missing-not-valid",
                                   "adding-foreign-key-constraint",
                                   "disallowed-unique-constraint",
                                   "adding-serial-primary-key-field",
                                   "adding-field-with-default",
                                   "adding-not-nullable-field",
                                   "adding-required-field",
                                   "changing-column-type",
                                   "renaming-column",
                                   "renaming-table",
                                   "ban-drop-column",
                                   "ban-drop-table",
                                   "ban-drop-database",
                                   "ban-drop-not-null",
                                   "ban-truncate-cascade",
                                   "ban-char-field",
                                   "prefer-text-field",
                                   "prefer-bigint-over-int",
                                   "prefer-bigint-over-smallint",
                                   "prefer-identity",
                                   "prefer-timestamp-tz",
                                   "prefer-timestamptz",
                                   "prefer-repack",
                                   "prefer-robust-stmts",
                                   "transaction-nesting",
                                   "ban-uncommitted-transaction",
                                   "ban-create-domain-with-constraint",
                                   "ban-alter-domain-with-add-constraint",
                                   "ban-duplicate-column-assignments",
                                   "identifier-too-long",
                                   "require-enum-value-ordering",
                                   "require-table-schema",
                                   "require-lock-timeout",
                                   "require-statement-timeout",
                                   "require-timeout-settings",
                                   "unused-ignore",
                                   "prefer-big-int",
                                   "add_index",
                                   "remove_index",
                                   "add_reference",
                                   "add_foreign_key",
                                   "add_check_constraint",
                                   "validate_foreign_key",
                                   "validate_check_constraint",
                                   "add_unique_constraint",
                                   "add_exclusion_constraint",
                                   "change_column_null_postgresql",
                                   "change_column_null",
                                   "add_column_default",
                                   "add_column_default_callable",
                                   "add_column_json",
                                   "add_column_generated_stored",
                                   "add_column_auto_incrementing",
                                   "change_column",
                                   "change_column_with_not_null",
                                   "change_column_constraint",
                                   "rename_column",
                                   "rename_table",
                                   "rename_schema",
                                   "rename_enum_value",
                                   "remove_column",
                                   "create_table",
                                   "change_column_default",
                                   "execute",
                                   "change_table",
                                   "add_index_columns",
                                   "DS101",
                                   "DS102",
                                   "DS103",
                                   "MF101",
                                   "MF102",
                                   "MF103",
                                   "MF104",
                                   "BC101",
                                   "BC102",
                                   "CD101",
                                   "PG101",
                                   "PG102",
                                   "PG103",
                                   "PG104",
                                   "PG105",
                                   "PG110",
                                   "PG301",
                                   "PG302",
                                   "PG303",
                                   "PG304",
                                   "PG305",
                                   "PG306",
                                   "NM101",
                                   "NM102",
                                   "NM103",
                                   "NM104",
                                   "NM105",
                                   "NM106",
                                   "destructive",
                                   "data_depend",
                                   "concurrent_index"}) {
        EXPECT_FALSE(rules_named(name).empty()) << name;
    }
    EXPECT_EQ(rules_named("require-timeout-settings").size(), 2U);
    EXPECT_TRUE(rules_named("ban-everything").empty());
}

TEST(Severities, UnknownNamesAreOneErrorWithTheNearest) {
    Settings settings;
    try {
        set_severities(settings, {{"ban-drop-colum", Severity::error}, {"xyz", Severity::off}},
                       Code::platform_invalid);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::platform_invalid);
        EXPECT_THAT(error.message(), testing::HasSubstr("did you mean ban-drop-column?"));
        EXPECT_THAT(error.message(), testing::HasSubstr("\"xyz\""));
    }
}

TEST(Severities, ANameOfAnotherToolSwitchesOursAndOptInRulesOn) {
    Settings settings;
    set_severities(settings, {{"DS103", Severity::off}, {"require-table-schema", Severity::error}},
                   Code::platform_invalid);
    const std::string text = "alter table t drop column a;";
    std::vector<std::string_view> found;
    for (const auto& finding : lint({{"a.sql", text}}, settings)) {
        found.push_back(finding.rule->id);
    }
    EXPECT_THAT(found, testing::Contains("require-table-schema"));
    EXPECT_THAT(found, testing::Not(testing::Contains("ban-drop-column")));
}

}  // namespace
}  // namespace caisson::lint
