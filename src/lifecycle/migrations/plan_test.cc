// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Migration file(const std::string& version, const std::string& feature = "",
               const std::string& source = "migrations", std::size_t index = 0) {
    Migration migration;
    migration.source = source;
    migration.source_index = index;
    migration.version = version;
    migration.name = "x" + version;
    migration.up.file = source + "/" + migration.title() + ".sql";
    migration.up.text = "select 1";
    migration.up.checksum = "sum " + version;
    migration.up.directives.feature = feature;
    migration.down.emplace();
    migration.down->file = source + "/" + migration.title() + ".down.sql";
    migration.down->text = "select 2";
    return migration;
}

Record row(const Migration& migration, std::int64_t sequence) {
    Record record;
    record.source = migration.source;
    record.version = migration.version;
    record.name = migration.name;
    record.feature = migration.up.directives.feature;
    record.checksum = migration.up.checksum;
    record.sequence = sequence;
    return record;
}

std::vector<std::string> titles(const Plan& plan) {
    std::vector<std::string> all;
    for (const auto& step : plan.steps) {
        all.push_back(step.migration->source + "/" + step.migration->version);
    }
    return all;
}

class PlanTest : public testing::Test {
 protected:
    std::vector<std::string> up(const std::string& to = "") {
        return titles(plan_up(files, history, features, {to}, text_of));
    }
    std::vector<std::string> down(const DownRequest& request) {
        return titles(plan_down(files, history, features, request));
    }
    template <typename Action>
    Error refusal(Action&& action) {
        try {
            action();
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "nothing was refused"};
    }

    std::vector<Migration> files;
    History history;
    Features features;
    TextOf text_of = [](const Record&) { return "select 0"; };
};

TEST_F(PlanTest, PendingFilesComeSourceBySourceThenByVersion) {
    files = {file("001"), file("002"), file("001", "", "infra", 1)};
    history = {row(files[0], 1)};
    EXPECT_THAT(up(), ElementsAre("migrations/002", "infra/001"));
    EXPECT_THAT(up("migrations/002"), ElementsAre("migrations/002"));
    EXPECT_THAT(up("migrations/1"), IsEmpty());
}

TEST_F(PlanTest, AVersionIsFoundByItsNumberAndNeverGuessed) {
    files = {file("001"), file("002"), file("001", "", "infra", 1)};
    EXPECT_THAT(up("2"), ElementsAre("migrations/001", "migrations/002"));
    EXPECT_THAT(up("x002"), ElementsAre("migrations/001", "migrations/002"));
    EXPECT_THAT(refusal([&] { up("1"); }).message(), HasSubstr("migrations/001, infra/001"));
    EXPECT_EQ(refusal([&] { up("7"); }).code(), Code::usage);
}

TEST_F(PlanTest, AWiderNumberIsStillTheSameVersion) {
    files = {file("0001"), file("0002")};
    history = {row(file("001"), 1)};
    history[0].checksum = files[0].up.checksum;
    EXPECT_THAT(up(), ElementsAre("migrations/0002"));
}

TEST_F(PlanTest, AnEditedFileIsRefusedWithTheDifference) {
    files = {file("001"), file("002")};
    history = {row(files[0], 1)};
    files[0].up.checksum = "another";
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_edited);
    EXPECT_THAT(error.message(), HasSubstr("-select 0\n+select 1"));
    EXPECT_EQ(error.fact("place"), "migrations/001_x001.sql");
    text_of = [](const Record&) { return std::nullopt; };
    EXPECT_THAT(refusal([&] { up(); }).message(), HasSubstr("too long to keep"));
}

TEST_F(PlanTest, ManyEditedFilesAreNamedInPart) {
    for (int i = 100; i < 200; ++i) {
        files.push_back(file(std::to_string(i)));
        history.push_back(row(files.back(), i));
        files.back().up.checksum = "another";
    }
    const auto message = refusal([&] { up(); }).message();
    EXPECT_THAT(message, HasSubstr("119_x119 and 80 more\n---"));
    EXPECT_LT(message.size(), 3000U);
}

TEST_F(PlanTest, LateAndMissingFilesAreRefusedByName) {
    files = {file("001"), file("002"), file("004")};
    history = {row(file("000"), 1), row(files[1], 2)};
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_order);
    EXPECT_THAT(error.message(), HasSubstr("not applied although newer ones are: "
                                           "migrations/001_x001"));
    EXPECT_THAT(error.message(), HasSubstr("files are gone: migrations/000_x000"));
    EXPECT_THAT(error.message(), testing::Not(HasSubstr("004")));
}

TEST_F(PlanTest, SourcesAreLateEachForItself) {
    files = {file("005"), file("001", "", "infra", 1)};
    history = {row(files[0], 1)};
    EXPECT_THAT(up(), ElementsAre("infra/001"));
}

TEST_F(PlanTest, GatedFilesAreSkippedAndExemptFromOrder) {
    files = {file("001"), file("002", "blockchain"), file("003")};
    features = {{"blockchain", false}};
    EXPECT_THAT(up(), ElementsAre("migrations/001", "migrations/003"));
    EXPECT_THAT(refusal([&] { up("2"); }).message(), HasSubstr("blockchain"));
    history = {row(files[0], 1), row(files[2], 2)};
    EXPECT_THAT(up(), IsEmpty());
    EXPECT_EQ(status(files, history, features)[1].state, State::gated);
    features["blockchain"] = true;
    EXPECT_THAT(up(), ElementsAre("migrations/002"));
    // Nor does an applied one make others late.
    files.push_back(file("009", "blockchain"));
    history.push_back(row(files[3], 3));
    files.insert(files.begin() + 3, file("004"));
    EXPECT_THAT(up(), ElementsAre("migrations/002", "migrations/004"));
    // Switching a feature off reverts nothing.
    features["blockchain"] = false;
    EXPECT_EQ(status(files, history, features)[4].state, State::applied);
}

TEST_F(PlanTest, DownsComeInTheReverseOrderOfApplication) {
    files = {file("001"), file("002", "blockchain"), file("003")};
    history = {row(files[0], 1), row(files[2], 2), row(files[1], 3)};
    EXPECT_THAT(down({1, {}, {}}), ElementsAre("migrations/002"));
    EXPECT_THAT(down({2, {}, {}}), ElementsAre("migrations/002", "migrations/003"));
    EXPECT_THAT(down({1, "001", {}}), ElementsAre("migrations/002", "migrations/003"));
    EXPECT_THAT(down({1, "2", {}}), IsEmpty());
    EXPECT_THAT(down({1, "0", {}}),
                ElementsAre("migrations/002", "migrations/003", "migrations/001"));
    EXPECT_THAT(down({1, {}, "1"}), ElementsAre("migrations/001"));
    EXPECT_THAT(down({9, {}, {}}), testing::SizeIs(3));
    EXPECT_THAT(down({0, {}, {}}), IsEmpty());
}

TEST_F(PlanTest, ADownThatIsNotThereIsRefusedBeforeAnythingRuns) {
    files = {file("001"), file("002"), file("003")};
    history = {row(file("000"), 1), row(files[0], 2), row(files[1], 3), row(files[2], 4)};
    files[0].down.reset();
    files[1].down->text = "-- only a comment\n";
    const auto error = refusal([&] { down({1, "0", {}}); });
    EXPECT_EQ(error.code(), Code::migration_order);
    EXPECT_THAT(error.message(), HasSubstr("migrations/001_x001 has no down file"));
    EXPECT_THAT(error.message(), HasSubstr("002_x002 has a down file without a statement"));
    EXPECT_THAT(error.message(), HasSubstr("migrations/000_x000 has no file any more"));
    EXPECT_THAT(down({1, {}, {}}), ElementsAre("migrations/003"));
    files[2].up.checksum = "edited since";
    EXPECT_THAT(down({1, {}, {}}), ElementsAre("migrations/003"));
    EXPECT_EQ(refusal([&] { down({1, {}, "9"}); }).code(), Code::usage);
    history.pop_back();
    EXPECT_THAT(refusal([&] { down({1, {}, "003"}); }).message(), HasSubstr("is not applied"));
}

TEST_F(PlanTest, AFileAppliedInPartComesFirstAndAHalfRevertedOneIsRefused) {
    files = {file("001"), file("002")};
    history = {row(files[0], 1)};
    history[0].progress = Progress::partial;
    history[0].statements_done = 1;
    history[0].checksum = "mended since";
    EXPECT_THAT(up(), ElementsAre("migrations/001", "migrations/002"));
    const auto plan = plan_up(files, history, features, {}, text_of);
    EXPECT_EQ(plan.steps[0].mode, Mode::by_statement);
    EXPECT_EQ(plan.steps[0].resumes_after(), 1U);
    history[0].progress = Progress::reverting;
    EXPECT_THAT(refusal([&] { up(); }).message(), HasSubstr("reverted only in part"));
    EXPECT_THAT(down({1, {}, {}}), ElementsAre("migrations/001"));
}

TEST_F(PlanTest, ScriptsThatCannotBeCarriedOutAreRefusedBeforeAnythingRuns) {
    files = {file("001"), file("002"), file("003")};
    files[0].up.text = "select 1;\n\\connect other\nselect 2;";
    files[1].up.text = "\\! rm -rf /\n";
    files[2].up.text = "copy t from stdin;\n1\n\\.\n";
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_invalid);
    EXPECT_THAT(error.message(), HasSubstr("001_x001.sql:2:1: \\connect cannot be carried out"));
    EXPECT_THAT(error.message(), HasSubstr("002_x002.sql:1:1: "));
    EXPECT_THAT(error.message(), testing::Not(HasSubstr("003_x003.sql")));
    // What is applied already is not looked at again.
    history = {row(files[0], 1), row(files[1], 2), row(files[2], 3)};
    EXPECT_THAT(up(), IsEmpty());
}

TEST_F(PlanTest, FilesThatRefuseATransactionAreRecognised) {
    const auto mode = [&](const std::string& text) { return body_of(text, false).mode; };
    EXPECT_EQ(mode("create table t(i int)"), Mode::whole);
    EXPECT_EQ(mode("create table t(i int); create index concurrently i on t(i)"),
              Mode::by_statement);
    EXPECT_EQ(mode("begin; insert into t values (1); commit; vacuum"), Mode::by_statement);
    EXPECT_EQ(mode("BEGIN;\nselect 1;\nCOMMIT;\n"), Mode::whole);
    EXPECT_EQ(mode("begin; select 1; commit; begin; select 2; commit;"), Mode::by_statement);
    const auto wrapped = body_of("BEGIN;\nselect 1;\nEND;\n", false);
    EXPECT_EQ(wrapped.text, "     ;\nselect 1;\n   ;\n");
    EXPECT_EQ(wrapped.statements.size(), 1U);
}

}  // namespace
}  // namespace caisson::migrations
