// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const Moment start = *parse_moment("2026-11-27T00:00:00Z");

class Memories : public testing::Test {
 protected:
    Memories() {
        Advice advice{.rule = "missing_index", .object = "o", .table = "public.orders"};
        advice.evidence = {{"statement 7", "select"}};
        judgement_.advice = {advice};
        facts_.statements = {{7, "app", "select", 100, 100, 4'000, 0}};
    }
    Facts facts_ = sound();
    Judgement judgement_;
};

TEST_F(Memories, KnowTheAgeOfIndexesThatCameLater) {
    const auto first = remember({}, facts_, judgement_, start);
    facts_.indexes.push_back(index_of("later", {"at"}));
    add_ages(facts_, first, start + 24h);
    EXPECT_THAT(facts_.index_ages,
                ElementsAre(Pair("public.later", 0), Pair("public.orders_pkey", 86'400)));
    const auto second = remember(first, facts_, judgement_, start + 24h);
    add_ages(facts_, second, start + 25h);
    EXPECT_THAT(facts_.index_ages,
                ElementsAre(Pair("public.later", 3'600), Pair("public.orders_pkey", 90'000)));
    EXPECT_EQ(facts_.watched_for, 90'000);
}

/// What is there at the first look may be of this hour: nothing is known about its age.
TEST_F(Memories, KnowNoAgesAtTheFirstLook) {
    facts_.watched_for.reset();
    add_ages(facts_, {}, start);
    EXPECT_FALSE(facts_.watched_for);
    EXPECT_THAT(facts_.index_ages, ElementsAre(Pair("public.orders_pkey", 0)));
    auto index = index_of("orders_note", {"note"});
    index.scans = 0;
    facts_.indexes.push_back(index);
    add_ages(facts_, {}, start);
    const auto judgement = judge(facts_);
    EXPECT_THAT(judgement.advice, IsEmpty());
    ASSERT_EQ(judgement.unknown.size(), 1U);
    EXPECT_EQ(judgement.unknown[0].rule, "unused_index");
}

TEST_F(Memories, MeasureAdviceThatWasFollowed) {
    auto memory = remember({}, facts_, judgement_, start);
    facts_.statements[0].calls = 120;
    facts_.statements[0].milliseconds = 4'010;
    memory = remember(memory, facts_, {}, start + 24h);
    ASSERT_EQ(memory.advice.size(), 1U);
    EXPECT_TRUE(memory.advice[0].is_gone);
    EXPECT_EQ(memory.advice[0].result, "statement 7: 40 ms each before, 0.5 ms since");
}

TEST_F(Memories, MeasureAcrossAResetOfTheCounters) {
    auto memory = remember({}, facts_, judgement_, start);
    facts_.statements[0].calls = 10;
    facts_.statements[0].milliseconds = 20;
    memory = remember(memory, facts_, {}, start + 24h);
    EXPECT_THAT(memory.advice[0].result, HasSubstr("2 ms since"));
}

TEST_F(Memories, SayNothingOfAFewCalls) {
    auto memory = remember({}, facts_, judgement_, start);
    facts_.statements[0].calls = 109;
    memory = remember(memory, facts_, {}, start + 24h);
    EXPECT_EQ(memory.advice[0].result, "");
}

TEST_F(Memories, KeepOpenWhatCouldNotBeJudged) {
    auto memory = remember({}, facts_, judgement_, start);
    Judgement blind;
    blind.unknown = {{"missing_index", "no statements"}};
    memory = remember(memory, facts_, blind, start + 24h);
    EXPECT_FALSE(memory.advice[0].is_gone);
    blind.unknown = {{"", "tables: permission denied"}};
    EXPECT_FALSE(remember(memory, facts_, blind, start + 48h).advice[0].is_gone);
}

TEST_F(Memories, KeepOpenWhatIsAboutATableOrStatementThatCouldNotBeRead) {
    const auto memory = remember({}, facts_, judgement_, start);
    const auto is_gone_without = [&](const std::string& name) {
        Judgement blind;
        blind.unknown = {{"", "locked", {name}}};
        return remember(memory, facts_, blind, start + 24h).advice.at(0).is_gone;
    };
    EXPECT_FALSE(is_gone_without("public.orders"));
    EXPECT_FALSE(is_gone_without("statement 7"));
    EXPECT_TRUE(is_gone_without("public.others"));
    EXPECT_TRUE(is_gone_without("statement 8"));
}

TEST_F(Memories, KeepTheAgesOfIndexesThatCouldNotBeRead) {
    const auto first = remember({}, facts_, judgement_, start);
    auto blind = facts_;
    blind.indexes.clear();
    blind.unread[Group::indexes] = "indexes: lock timeout";
    const auto second = remember(first, blind, judgement_, start + 24h);
    add_ages(facts_, second, start + 25h);
    EXPECT_THAT(facts_.index_ages, ElementsAre(Pair("public.orders_pkey", 90'000)));
}

/// The counters of a lifetime know nothing of an index that was made today.
class MarkedScans : public testing::Test {
 protected:
    MarkedScans() {
        facts_.tables[0].sequential_scans = 1'000;
        facts_.tables[0].index_scans = 1'000;
    }
    /// Reads the table, looks, and remembers.
    std::vector<std::string> look(Moment now, std::int64_t sequential, std::int64_t by_index) {
        facts_.tables[0].sequential_scans += sequential;
        facts_.tables[0].index_scans += by_index;
        facts_.scans_before.clear();
        facts_.index_ages.clear();
        memory_ = parse_memories(to_text({{"shop", memory_}}))["shop"];
        add_ages(facts_, memory_, now);
        const auto judgement = judge(facts_);
        memory_ = remember(memory_, facts_, judgement, now);
        return rules_of(judgement);
    }
    Facts facts_ = sound();
    Memory memory_;
};

TEST_F(MarkedScans, BeginAnewWithAnIndex) {
    EXPECT_THAT(look(start, 0, 0), ElementsAre("sequential_scans"));
    EXPECT_THAT(look(start + 1h, 5, 0), ElementsAre("sequential_scans"));
    facts_.indexes.push_back(index_of("later", {"at"}));
    EXPECT_THAT(look(start + 2h, 5, 130), IsEmpty());
    EXPECT_TRUE(memory_.advice.at(0).is_gone);
    EXPECT_THAT(look(start + 3h, 99, 0), IsEmpty());
    EXPECT_THAT(look(start + 4h, 1, 0), ElementsAre("sequential_scans"));
}

TEST_F(MarkedScans, AreThoseOfAWeekOrTwo) {
    EXPECT_THAT(look(start, 0, 0), ElementsAre("sequential_scans"));
    EXPECT_THAT(look(start + 6 * 24h, 0, 9), ElementsAre("sequential_scans"));
    EXPECT_THAT(look(start + 7 * 24h, 0, 9), IsEmpty()) << "none in a week";
    EXPECT_THAT(look(start + 13 * 24h, 100, 0), ElementsAre("sequential_scans"));
    EXPECT_THAT(look(start + 15 * 24h, 0, 0), ElementsAre("sequential_scans"));
    EXPECT_THAT(look(start + 30 * 24h, 0, 0), IsEmpty());
}

TEST_F(MarkedScans, AreAllThereAreAfterAReset) {
    look(start, 0, 0);
    look(start + 8 * 24h, 0, 0);
    facts_.tables[0].sequential_scans = 150;
    facts_.tables[0].index_scans = 0;
    EXPECT_THAT(look(start + 9 * 24h, 0, 0), ElementsAre("sequential_scans"));
}

TEST_F(Memories, AreNewsOnceGoneAndOnceMeasured) {
    auto memory = remember({}, facts_, judgement_, start);
    EXPECT_FALSE(memory.advice.at(0).is_news);
    memory = remember(memory, facts_, {}, start + 1h);
    EXPECT_TRUE(memory.advice[0].is_news);
    memory = remember(memory, facts_, {}, start + 2h);
    EXPECT_FALSE(memory.advice[0].is_news);
    facts_.statements[0].calls = 120;
    memory = remember(memory, facts_, {}, start + 3h);
    EXPECT_TRUE(memory.advice[0].is_news);
    facts_.statements[0].calls = 130;
    EXPECT_FALSE(remember(memory, facts_, {}, start + 4h).advice[0].is_news);
}

TEST_F(Memories, AreTheSameAfterAFile) {
    const auto memory = remember({}, facts_, judgement_, start);
    const auto text = to_text({{"shop", memory}});
    EXPECT_EQ(to_text(parse_memories(text)), text);
    EXPECT_THAT(parse_memories("nonsense"), IsEmpty());
    EXPECT_THAT(parse_memories(R"({"shop": {"began": 1}})"), IsEmpty());
}

TEST_F(Memories, ForgetWhatWasFollowedLongAgo) {
    auto memory = remember({}, facts_, judgement_, start);
    memory = remember(memory, facts_, {}, start + 24h);
    memory = remember(memory, facts_, {}, start + 91 * 24h);
    EXPECT_THAT(memory.advice, IsEmpty());
}

}  // namespace
}  // namespace caisson::advice
