// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/routing.h"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace caisson::pg::routing {
namespace {

using namespace std::chrono_literals;

const auto now = Clock::time_point(1h);

Host primary(std::uint32_t timeline = 1) {
    Host host;
    host.role = Host::Role::primary;
    host.timeline = timeline;
    host.position = 1'000;
    return host;
}

Host replica(std::uint64_t position, Clock::duration age = 100ms, std::size_t load = 0) {
    Host host;
    host.role = Host::Role::replica;
    host.timeline = 1;
    host.position = position;
    host.is_linked = true;
    host.current = now - age;
    host.load = load;
    return host;
}

std::optional<std::size_t> reader(const std::vector<Host>& hosts, const Wanted& wanted,
                                  std::size_t turn = 0) {
    return choose_reader(hosts, wanted, 0, now, turn, std::vector<bool>(hosts.size()));
}

TEST(WriteToken, ItsTextIsReadBackAndNothingElseIs) {
    const WriteToken token{3, 0x1'6B37'48FF};
    EXPECT_EQ(token.text(), "3:1/6B3748FF");
    EXPECT_EQ(WriteToken::parse(token.text()), token);
    for (const auto* text : {"", ":", "1:", "1:0/", "0:0/1", "x:0/1", "1:0/1 ", "1:0/1/2", "1/0:2",
                             "1:-1/0", "1:0/1FFFFFFFF", "99999999999:0/1", "01:0/1", "1:0/01",
                             "1:0/ab", "+1:0/1", "1:0x0/1", "1:00/0", "1:0/1\n"}) {
        EXPECT_FALSE(WriteToken::parse(text)) << text;
    }
    EXPECT_FALSE(WriteToken::parse("1:0/" + std::string(1'000'000, '0')));
    EXPECT_FALSE(WriteToken::parse(std::string_view("1:0/1\0", 6)));
}

TEST(WriteToken, EveryTokenHasOneTextAndEveryTextIsOfOneToken) {
    std::mt19937_64 random(1);
    const std::string letters = "0123456789ABCDEFabcdef:/x +-";
    for (int i = 0; i < 20'000; ++i) {
        // Also small ones and those at the ends of their ranges.
        const WriteToken token{static_cast<std::uint32_t>(
                                   std::max<std::uint64_t>(random() >> (32 + random() % 32), 1)),
                               random() >> (random() % 64)};
        auto text = token.text();
        ASSERT_LE(text.size(), WriteToken::longest_text);
        ASSERT_EQ(WriteToken::parse(text), token) << text;
        text[random() % text.size()] = letters[random() % letters.size()];
        if (const auto other = WriteToken::parse(text)) {
            ASSERT_EQ(other->text(), text);
        }
    }
    const WriteToken last{std::numeric_limits<std::uint32_t>::max(),
                          std::numeric_limits<std::uint64_t>::max()};
    EXPECT_EQ(last.text().size(), WriteToken::longest_text);
    EXPECT_EQ(WriteToken::parse(last.text()), last);
}

TEST(ChoosePrimary, TheNewestTimelineOfSeveralWins) {
    EXPECT_EQ(choose_primary({primary(1), primary(2), replica(5)}, 0), 1U);
    EXPECT_FALSE(choose_primary({replica(5), Host{}}, 0));
}

TEST(ChoosePrimary, OneOfAnOldTimelineIsNoneEvenWhileTheNewOneIsAway) {
    EXPECT_FALSE(choose_primary({primary(1), Host{}}, 2));
    EXPECT_EQ(choose_primary({primary(2), Host{}}, 2), 0U);
}

TEST(ChooseReader, WithoutAStalenessItIsThePrimary) {
    EXPECT_EQ(reader({replica(1'000), primary()}, {}), 1U);
    EXPECT_FALSE(reader({replica(1'000)}, {}));
}

TEST(ChooseReader, TheLeastLoadedReplicaThatIsNewEnough) {
    const std::vector<Host> hosts{primary(), replica(1'000, 5s, 0), replica(990, 1s, 3),
                                  replica(900, 1s, 2)};
    EXPECT_EQ(reader(hosts, {Staleness{.time = 2s}, {}}), 3U);
    EXPECT_EQ(reader(hosts, {Staleness{.time = 2s, .bytes = 50}, {}}), 2U);
    EXPECT_EQ(reader(hosts, {Staleness{.time = 500ms}, {}}), 0U);
    EXPECT_EQ(reader(hosts, {Staleness{}, {}}), 1U);
}

TEST(ChooseReader, EqualsTakeTurns) {
    const std::vector<Host> hosts{primary(), replica(1'000), replica(1'000)};
    EXPECT_NE(reader(hosts, {Staleness{}, {}}, 1), reader(hosts, {Staleness{}, {}}, 2));
}

TEST(ChooseReader, ABoundInBytesNeedsALinkAndAPrimaryToCompareWith) {
    auto cut = replica(1'000);
    cut.is_linked = false;
    EXPECT_EQ(reader({primary(), cut}, {Staleness{.bytes = 100}, {}}), 0U);
    EXPECT_FALSE(reader({Host{}, replica(1'000)}, {Staleness{.bytes = 100}, {}}));
    // More of an old timeline than the new primary has is not the same rows.
    EXPECT_EQ(reader({primary(2), replica(1'000)}, {Staleness{.bytes = 100}, {}}), 0U);
    // A bound in time needs neither: what it had, it has.
    EXPECT_EQ(reader({Host{}, cut}, {Staleness{.time = 1s}, {}}), 1U);
}

TEST(ChooseReader, ATokenNeedsItsPositionOnItsTimeline) {
    const std::vector<Host> hosts{primary(), replica(700), replica(800)};
    EXPECT_EQ(reader(hosts, {Staleness{}, WriteToken{1, 750}}), 2U);
    EXPECT_EQ(reader(hosts, {Staleness{}, WriteToken{1, 801}}), 0U);
    // Written on a timeline that nobody here is known to be on.
    EXPECT_FALSE(reader(hosts, {Staleness{}, WriteToken{2, 750}}));
    EXPECT_FALSE(reader(hosts, {{}, WriteToken{2, 750}}));
    EXPECT_EQ(reader({primary(2), replica(800)}, {Staleness{}, WriteToken{2, 750}}), 0U);
}

TEST(ChooseReader, BrokenAndExcludedHostsAreLeftOut) {
    auto broken = replica(1'000);
    broken.is_broken = true;
    const std::vector<Host> hosts{primary(), broken, replica(1'000)};
    EXPECT_EQ(choose_reader(hosts, {Staleness{}, {}}, 0, now, 1, {false, false, true}), 0U);
    EXPECT_FALSE(choose_reader(hosts, {Staleness{}, {}}, 0, now, 1, {true, false, true}));
}

TEST(LogHistory, TellsTheLastMomentAtWhichEverythingWasThere) {
    LogHistory history;
    EXPECT_FALSE(history.current_at(10));
    history.note(1, 100, now);
    history.note(1, 200, now + 1s);
    EXPECT_FALSE(history.current_at(99));
    EXPECT_EQ(history.current_at(100), now);
    EXPECT_EQ(history.current_at(199), now);
    EXPECT_EQ(history.current_at(200), now + 1s);
    history.note(1, 200, now + 9s);  // Nothing was written meanwhile.
    EXPECT_EQ(history.current_at(500), now + 9s);
}

TEST(LogHistory, ANewTimelineForgetsTheOldOneAndItsSizeIsBounded) {
    LogHistory history(2);
    history.note(1, 100, now);
    history.note(2, 50, now + 1s);
    EXPECT_EQ(history.current_at(60), now + 1s);
    history.note(2, 60, now + 2s);
    history.note(2, 70, now + 3s);
    EXPECT_FALSE(history.current_at(50));
    EXPECT_EQ(history.newest(), 70U);
}

}  // namespace
}  // namespace caisson::pg::routing
