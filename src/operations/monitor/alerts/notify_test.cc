// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/alerts/message.h"
#include "operations/monitor/alerts/sample_alerts.h"

namespace caisson::alerts {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Telling : public testing::Test, protected Clockwork {
 protected:
    Telling() {
        for (const std::string name : {"chat", "phone"}) {
            platform::AlertDelivery delivery;
            delivery.name = name;
            delivery.log = true;
            alerting.deliveries.push_back(delivery);
        }
        alerting.deliveries[1].level = Level::critical;
    }
    /// `sequences.used_percent`: fires and is resolved at once; 85 and 95 percent.
    void sequence(double percent, milliseconds elapsed = 30s) {
        judge(reading("sequences.used_percent", percent), elapsed);
    }
};

TEST_F(Telling, TellsOnceAndWhenItIsOver) {
    sequence(86);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"));
    sequence(86);
    sequence(87);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(10);
    EXPECT_THAT(deliver(), ElementsAre("resolved sequences_used_percent to chat"));
    sequence(10);
    EXPECT_THAT(deliver(), IsEmpty());
    EXPECT_THAT(book.pages, IsEmpty());
}

TEST_F(Telling, TellsMoreWhenItBecomesWorse) {
    sequence(86);
    deliver();
    sequence(96);
    EXPECT_THAT(deliver(), ElementsAre("escalated sequences_used_percent to phone",
                                       "worse sequences_used_percent to chat"));
    sequence(96);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(10);
    EXPECT_THAT(deliver(), ElementsAre("resolved sequences_used_percent to chat",
                                       "resolved sequences_used_percent to phone"));
}

TEST_F(Telling, NamesTheSessionThatIsBehindIt) {
    auto sample = reading("activity.longest_query", 400);
    sample.witnesses.push_back({"activity.longest_query", {}, "pid 7, user app: update t"});
    judge(sample);
    ASSERT_EQ(book.outbox.size(), 1U);
    EXPECT_THAT(book.outbox[0].text, HasSubstr("\n  pid 7, user app: update t\n"));
    EXPECT_THAT(book.outbox[0].json, HasSubstr(R"("who":"pid 7, user app: update t")"));
    EXPECT_THAT(book.outbox[0].json, HasSubstr(R"("labels":{})")) << "series stay bounded";
    deliver();
    restart();
    judge(reading("activity.longest_query", 0));
    ASSERT_EQ(book.outbox.size(), 1U);
    EXPECT_THAT(book.outbox[0].text, HasSubstr("pid 7, user app")) << "who it was";
}

TEST_F(Telling, RepeatsItselfAfterAWhile) {
    alerting.repeat = 1h;
    sequence(86);
    deliver();
    sequence(86, 59min);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(86, 1min);
    EXPECT_THAT(deliver(), ElementsAre("still sequences_used_percent to chat"));
}

TEST_F(Telling, WaitsForOthersOfTheSameCause) {
    alerting.wait = 30s;
    sequence(86);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(86);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"));
}

TEST_F(Telling, SaysNothingOfWhatIsOverBeforeItWasTold) {
    alerting.wait = 30s;
    sequence(86);
    sequence(10);
    EXPECT_THAT(deliver(), IsEmpty());
}

TEST_F(Telling, OneCauseIsOnePage) {
    // A session that idles in its transaction keeps others waiting for its locks.
    monitor::Sample sample;
    sample.add("activity.longest_idle_in_transaction", 400);
    sample.add("locks.longest_wait", 130);
    sample.add("activity.longest_query", 400);
    sample.add("activity.oldest_transaction", 700);
    judge(sample);
    EXPECT_THAT(deliver(), ElementsAre("firing activity_longest_idle_in_transaction to chat",
                                       "firing activity_longest_idle_in_transaction to phone"));
    ASSERT_EQ(book.pages.size(), 1U);
    EXPECT_EQ(book.alerts.size(), 4U);
    judge(reading("activity.connections", 1));
    EXPECT_THAT(deliver(), ElementsAre("resolved activity_longest_idle_in_transaction to chat",
                                       "resolved activity_longest_idle_in_transaction to phone"));
}

TEST_F(Telling, AConsequenceThatCameFirstIsNotToldAgain) {
    judge(reading("locks.longest_wait", 70));
    EXPECT_THAT(deliver(), ElementsAre("firing locks_longest_wait to chat"));
    monitor::Sample both;
    both.add("activity.longest_idle_in_transaction", 301);
    both.add("locks.longest_wait", 301);
    judge(both);
    EXPECT_THAT(deliver(), ElementsAre("firing activity_longest_idle_in_transaction to chat",
                                       "firing activity_longest_idle_in_transaction to phone"));
    judge(both, 5h);
    for (const auto& told : deliver()) {
        EXPECT_THAT(told, HasSubstr("still activity_longest_idle_in_transaction"));
    }
    judge(reading("activity.connections", 1));
    EXPECT_EQ(deliver().size(), 3U) << "each who was told of a page hears that it is over";
}

TEST_F(Telling, ManySeriesOfARuleAreOnePage) {
    monitor::Sample sample;
    for (int i = 0; i < 50; ++i) {
        sample.add("sequences.used_percent", 90,
                   {{"datname", "d"}, {"schemaname", "s"}, {"sequencename", std::to_string(i)}});
    }
    judge(sample);
    EXPECT_EQ(book.outbox.size(), 1U);
    EXPECT_THAT(book.outbox[0].text, HasSubstr("and 49 more"));
    EXPECT_THAT(book.outbox[0].text, HasSubstr("- and 30 more"));
}

/// Sequences of a schema by name, and how much of each is used.
monitor::Sample sequences(const std::map<std::string, double>& used) {
    monitor::Sample sample;
    for (const auto& [name, percent] : used) {
        sample.add("sequences.used_percent", percent,
                   {{"datname", "d"}, {"schemaname", "s"}, {"sequencename", name}});
    }
    return sample;
}

TEST_F(Telling, AnotherObjectOfTheSameRuleIsTold) {
    judge(sequences({{"first", 90}}));
    deliver();
    judge(sequences({{"first", 90}, {"second", 91}}));
    ASSERT_EQ(book.outbox.size(), 1U);
    EXPECT_THAT(book.outbox[0].text,
                HasSubstr("91 % of a sequence's numbers are used (d, s, second) and 1 more"));
    EXPECT_THAT(deliver(), ElementsAre("more sequences_used_percent to chat"));
    judge(sequences({{"first", 90}, {"second", 91}}));
    EXPECT_THAT(deliver(), IsEmpty());
}

TEST_F(Telling, AnAcknowledgementCoversWhatWasThere) {
    judge(sequences({{"first", 90}}));
    deliver();
    orders.acknowledged = {{book.pages.at(0).id, book.pages.at(0).renewals}};
    judge(sequences({{"first", 90}}));
    EXPECT_TRUE(book.pages.at(0).is_acknowledged);
    judge(sequences({{"first", 90}, {"second", 91}}));
    EXPECT_THAT(deliver(), ElementsAre("more sequences_used_percent to chat"));
    EXPECT_FALSE(book.pages.at(0).is_acknowledged);
    judge(sequences({{"first", 90}, {"second", 91}}), 5h);
    EXPECT_THAT(deliver(), ElementsAre("still sequences_used_percent to chat"));
    orders.acknowledged = {{book.pages.at(0).id, book.pages.at(0).renewals}};
    judge(sequences({{"first", 90}, {"second", 91}}), 5h);
    EXPECT_THAT(deliver(), IsEmpty());
}

TEST_F(Telling, WhatIsGraveIsToldAlsoAsAConsequenceAndWhenItIsOver) {
    monitor::Sample disk = reading("disks.used_percent", 99, {{"mountpoint", "/"}});
    judge(disk, 2min);
    judge(disk, 2min);
    EXPECT_THAT(deliver(), testing::Contains("firing disks_used_percent to phone"));
    orders.acknowledged = {{book.pages.at(0).id, book.pages.at(0).renewals}};
    judge(disk);
    auto both = disk;
    both.add("server.up", 0);
    judge(both);
    ASSERT_EQ(book.outbox.size(), 2U);
    EXPECT_THAT(book.outbox[0].text,
                testing::StartsWith("[critical] shop production: PostgreSQL does not answer"));
    EXPECT_THAT(deliver(),
                ElementsAre("more disks_used_percent to chat", "more disks_used_percent to phone"));
    both = disk;
    both.add("server.up", 1);
    judge(both);
    ASSERT_EQ(book.outbox.size(), 2U);
    EXPECT_THAT(
        book.outbox[0].text,
        testing::StartsWith("[resolved in part] shop production: PostgreSQL does not answer"));
    EXPECT_THAT(deliver(),
                ElementsAre("less disks_used_percent to chat", "less disks_used_percent to phone"));
    judge(both);
    EXPECT_THAT(deliver(), IsEmpty());
}

TEST_F(Telling, AConsequenceThatJoinsAPageIsListedAndNotTold) {
    judge(reading("activity.longest_idle_in_transaction", 400));
    deliver();
    monitor::Sample both = reading("activity.longest_idle_in_transaction", 400);
    both.add("activity.oldest_transaction", 700);
    judge(both);
    EXPECT_THAT(deliver(), IsEmpty());
}

TEST_F(Telling, WhatIsAboutSomethingElseIsNoConsequence) {
    monitor::Sample disks = reading("disks.used_percent", 99, {{"mountpoint", "/backups"}});
    disks.add("disks.full_in", 600, {{"mountpoint", "/data"}});
    judge(disks, 20min);
    judge(disks, 20min);
    std::vector<std::string> pages;
    for (const auto& page : book.pages) {
        pages.push_back(page.rule);
    }
    EXPECT_THAT(pages, testing::UnorderedElementsAre("disks_used_percent", "disks_full_in"));
}

TEST_F(Telling, EscalatesToOthersAsTimePasses) {
    alerting.deliveries[1].level = Level::warning;
    alerting.escalation = {{0ms, {"chat"}, Level::warning, {}},
                           {15min, {"phone"}, Level::warning, {}}};
    sequence(86);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"));
    sequence(86, 14min);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(86, 1min);
    EXPECT_THAT(deliver(), ElementsAre("escalated sequences_used_percent to phone"));
}

TEST_F(Telling, DoesNotEscalateWhatSomebodyHasAcknowledged) {
    alerting.repeat = 1h;
    alerting.deliveries[1].level = Level::warning;
    alerting.escalation = {{0ms, {"chat"}, Level::warning, {}},
                           {15min, {"phone"}, Level::warning, {}}};
    sequence(86);
    deliver();
    orders.acknowledged = {{book.pages.at(0).id, book.pages.at(0).renewals}};
    sequence(86, 2h);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(10);
    EXPECT_THAT(deliver(), ElementsAre("resolved sequences_used_percent to chat"));
    sequence(86);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"))
        << "what comes back is another page";
}

TEST_F(Telling, IsSilentWhileItShallBeAndSpeaksAfterwards) {
    orders.silences = {{"s", {"sequences_used_percent"}, now, now + 2min, "known", "me"}};
    sequence(86);
    EXPECT_EQ(state("sequences_used_percent"), "firing");
    sequence(86);
    EXPECT_THAT(deliver(), IsEmpty());
    judge(reading("redis.up", 0));
    EXPECT_EQ(deliver().size(), 2U) << "only that rule is silent";
    sequence(86, 1h);
    EXPECT_THAT(deliver(), testing::Contains("firing sequences_used_percent to chat"));
}

TEST_F(Telling, MaintenanceSilencesAllAndWhatWasToldEndsNoisily) {
    sequence(86);
    deliver();
    orders.silences = {{"m", {}, now, now + 10h, "upgrade", "me"}};
    sequence(96);
    judge(reading("redis.up", 0));
    auto told = deliver();
    EXPECT_THAT(told, ElementsAre("resolved sequences_used_percent to chat"));
}

TEST_F(Telling, WindowsOfTheManifestComeAgain) {
    alerting.silences = {{"nightly", {}, "0 12 * * *", 1h, "backup"}};
    sequence(86);
    EXPECT_THAT(deliver(), IsEmpty());
    sequence(86, 61min);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"));
    now += 23h;
    judge(reading("redis.up", 0));
    EXPECT_THAT(deliver(), ElementsAre("resolved sequences_used_percent to chat"));
}

TEST_F(Telling, AnHourWithoutAReceiverIsOneMessageAPage) {
    for (int i = 0; i < 60; ++i) {
        sequence(i % 2 == 0 ? 86 : 96, 1min);
    }
    EXPECT_EQ(book.outbox.size(), 2U);
    sequence(10);
    ASSERT_EQ(book.outbox.size(), 2U);
    EXPECT_EQ(book.outbox[0].kind, "resolved");
    EXPECT_THAT(book.outbox[0].text, HasSubstr("since 2026-11-27 12:01Z until"));
}

TEST_F(Telling, APageThatFlapsWhileAReceiverIsAwayIsOneMessage) {
    sequence(86);
    const auto page = book.pages.at(0).id;
    deliver();
    for (int i = 0; i < 60; ++i) {
        sequence(10, 1min);
        sequence(86, 1min);
    }
    ASSERT_EQ(book.outbox.size(), 1U);
    EXPECT_EQ(book.outbox[0].kind, "firing");
    EXPECT_EQ(book.outbox[0].page, page) << "for the receiver it has never been over";
    sequence(10);
    EXPECT_THAT(deliver(), ElementsAre("resolved sequences_used_percent to chat"));
}

TEST_F(Telling, TwoHundredMessagesWaitAndTheRestIsCounted) {
    for (int i = 0; i < 500; ++i) {
        book.outbox.push_back({.id = "old" + std::to_string(i),
                               .delivery = "chat",
                               .page = "p" + std::to_string(i),
                               .kind = "firing"});
    }
    sequence(86);
    restart();
    sequence(86);
    ASSERT_EQ(book.outbox.size(), 200U);
    EXPECT_EQ(book.outbox[198].rule, "sequences_used_percent") << "the newest stay";
    EXPECT_THAT(book.outbox.back().text, HasSubstr("and 302 more messages"));
    book.outbox.insert(book.outbox.begin(), {.id = "x", .delivery = "chat", .page = "x"});
    sequence(86);
    ASSERT_EQ(book.outbox.size(), 200U);
    EXPECT_THAT(book.outbox.back().text, HasSubstr("and 303 more messages"));
}

TEST_F(Telling, AParcelThatHasGrownIsAnotherParcel) {
    const std::vector<Message> first = {{.id = "m1", .json = R"({"page":"o"})"}};
    auto grown = first;
    grown.push_back({.id = "m2", .json = R"({"page":"p"})"});
    EXPECT_EQ(id_of(first), id_of(first)) << "a receiver knows it when it is tried again";
    EXPECT_NE(id_of(grown), id_of(first));
    EXPECT_THAT(body_of(grown), HasSubstr(R"({"message":"m2","page":"p"})"));
    EXPECT_THAT(body_of(grown), HasSubstr(id_of(grown)));
}

TEST_F(Telling, NothingIsLostByARestart) {
    sequence(86);
    restart();
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to chat"));
    restart();
    sequence(86);
    EXPECT_THAT(deliver(), IsEmpty()) << "and nothing is told twice";
}

TEST_F(Telling, MessagesLinkToTheRemedy) {
    sequence(86);
    EXPECT_THAT(book.outbox.at(0).text, HasSubstr("https://x/alerts.md#sequences_used_percent"));
    EXPECT_THAT(book.outbox[0].json, HasSubstr(R"("level":"warning")"));
    EXPECT_THAT(letter_of(book.outbox).subject,
                HasSubstr("[warning] shop production: 86 % of a sequence's numbers are used"));
    EXPECT_THAT(body_of(book.outbox), HasSubstr(R"({"version":1,"id":")"));
}

TEST_F(Telling, WithoutADeliveryTheLogIsTold) {
    alerting.deliveries.clear();
    sequence(86);
    EXPECT_THAT(deliver(), ElementsAre("firing sequences_used_percent to log"));
}

TEST(Signatures, AreOfTimeAndBody) {
    EXPECT_EQ(signature_of("key", "1764244800", "{}"), signature_of("key", "1764244800", "{}"));
    EXPECT_NE(signature_of("key", "1764244800", "{}"), signature_of("key", "1764244801", "{}"));
    EXPECT_THAT(signature_of("key", "1", ""), HasSubstr("v1="));
}

TEST(Orders, AreTheSameAfterAFile) {
    Orders orders;
    orders.silences = {{"s", {"a", "b"}, Moment{}, Moment{} + 1h, "why", "who"}};
    orders.acknowledged = {{"p", 2}};
    EXPECT_EQ(to_text(parse_orders(to_text(orders))), to_text(orders));
    EXPECT_THAT(parse_orders("{").silences, IsEmpty());
    EXPECT_THAT(without_old(orders, Moment{} + 26h).silences, IsEmpty());
}

}  // namespace
}  // namespace caisson::alerts
