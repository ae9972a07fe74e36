// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/physical/trim.h"

namespace caisson::backups::physical {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t size = usual_segment_bytes;

Log log_of(std::uint32_t timeline, std::uint64_t first, std::uint64_t last) {
    Log log;
    for (auto number = first; number <= last; ++number) {
        log.segments.push_back({timeline, number});
    }
    return log;
}

Claim claim(const std::string& name, std::uint64_t first, std::uint64_t last, bool keeps_log,
            std::uint32_t timeline = 1) {
    return {{name, timeline, first * size + 40, last * size + 80, false},
            (last + 1) * size + 200,
            keeps_log};
}

/// Numbers of a timeline's segments that may go.
std::vector<std::uint64_t> spent(const Log& log, const std::vector<Claim>& claims,
                                 std::uint32_t timeline = 1) {
    const Needed needed(log, claims);
    std::vector<std::uint64_t> numbers;
    for (const auto& segment : log.segments) {
        if (segment.timeline == timeline && !needed.contains(segment)) {
            numbers.push_back(segment.number);
        }
    }
    return numbers;
}

TEST(Needed, IsTheLogOfAKeptSetUpToItsPointAndAllBehindAPromise) {
    const auto log = log_of(1, 1, 12);
    EXPECT_THAT(spent(log, {claim("held", 3, 4, false), claim("newest", 8, 8, true)}),
                ElementsAre(1, 2, 6, 7));
}

TEST(Needed, IsEverythingWhereNothingIsKnown) {
    EXPECT_THAT(spent(log_of(1, 1, 4), {}), IsEmpty());
    auto log = log_of(1, 1, 4);
    log.segments.push_back({7, 2});  // Its history is not there.
    EXPECT_THAT(spent(log, {claim("newest", 4, 4, true)}), ElementsAre(1, 2, 3));
    EXPECT_THAT(spent(log, {claim("newest", 4, 4, true)}, 7), IsEmpty());
    EXPECT_TRUE(Needed(log, {claim("newest", 4, 4, true)}).is_unknown(7));
    EXPECT_FALSE(Needed(log, {claim("newest", 4, 4, true)}).is_unknown(1));
}

TEST(Needed, FollowsThePromiseAlongEveryTimelineThatLeadsOn) {
    // Timeline 2 left 1 within segment 5; the rest of 1 was left behind.
    auto log = log_of(1, 1, 8);
    for (std::uint64_t number = 5; number <= 10; ++number) {
        log.segments.push_back({2, number});
    }
    log.histories = {{2, {{1, 5 * size + 1000}}}};
    // Before the fork: both ways can be gone.
    EXPECT_THAT(spent(log, {claim("a", 3, 3, true)}), ElementsAre(1, 2));
    EXPECT_THAT(spent(log, {claim("a", 3, 3, true)}, 2), IsEmpty());
    // On the new one: nothing of the old way is needed, and of its own nothing before.
    EXPECT_THAT(spent(log, {claim("b", 7, 7, true, 2)}), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
    EXPECT_THAT(spent(log, {claim("b", 7, 7, true, 2)}, 2), ElementsAre(5, 6));
    // On the old one, behind the fork: the new way does not come from it.
    EXPECT_THAT(spent(log, {claim("c", 6, 6, true)}), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(spent(log, {claim("c", 6, 6, true)}, 2), ElementsAre(5, 6, 7, 8, 9, 10));
}

TEST(Needed, OfASetWithoutThePositionOfItsPointIsTheClaimsOwn) {
    auto without_point = claim("old", 2, 3, false);
    without_point.point = 0;
    EXPECT_THAT(spent(log_of(1, 1, 6), {without_point}), ElementsAre(1, 4, 5, 6));
}

TEST(Gaps, ThatWereMadeOnPurposeAreNone) {
    const std::vector<Gap> gaps = {{{1, 2}, 8}, {{2, 3}, 2}};
    EXPECT_THAT(without(gaps, {{{1, 1}, {1, 4}}, {{1, 7}, {1, 7}}}),
                ElementsAre(Gap{{1, 5}, 2}, Gap{{1, 8}, 2}, Gap{{2, 3}, 2}));
    EXPECT_THAT(without(gaps, {{{1, 1}, {1, 9}}, {{2, 1}, {2, 9}}}), IsEmpty());
    EXPECT_EQ(without(gaps, {}), gaps);
}

TEST(Trims, AreWrittenDownBatchByBatchAndNoFurther) {
    Trim trim;
    trim.spans = {{{1, 2}, {1, 6}}, {{1, 9}, {1, 10}}, {{2, 4}, {2, 4}}};
    // Segment 4 of timeline 1 was missing before; 3 has a label of a backup beside it.
    for (const auto& [segment, suffix] :
         std::vector<std::pair<Segment, std::string>>{{{1, 2}, "-aa.zst"},
                                                      {{1, 3}, "-aa.zst"},
                                                      {{1, 3}, ".00000028.backup"},
                                                      {{1, 5}, "-aa.zst"},
                                                      {{1, 6}, "-aa.zst"},
                                                      {{1, 9}, "-aa.zst"},
                                                      {{1, 10}, ".partial-aa.zst"},
                                                      {{2, 4}, "-aa.zst"}}) {
        trim.files.emplace_back("/archive/" + segment_name(segment) + suffix);
    }
    EXPECT_THAT(spans_of(trim, 0, 3), ElementsAre(Span{{1, 2}, {1, 3}}));
    EXPECT_THAT(spans_of(trim, 3, 4), ElementsAre(Span{{1, 3}, {1, 5}}));
    EXPECT_THAT(spans_of(trim, 4, 6), ElementsAre(Span{{1, 5}, {1, 6}}, Span{{1, 9}, {1, 9}}));
    EXPECT_THAT(spans_of(trim, 6, 8), ElementsAre(Span{{1, 9}, {1, 10}}, Span{{2, 4}, {2, 4}}));
    EXPECT_EQ(spans_of(trim, 0, trim.files.size()), trim.spans);
}

/// A random tree of timelines with backups on them, its whole log archived.
struct World {
    explicit World(unsigned seed) : random(seed) {
        log = log_of(1, 0, 0);
        std::uint64_t number = 0;
        std::uint32_t timeline = 1;
        std::vector<Fork> forks;
        for (int step = 0; step < 60; ++step) {
            const auto dice = random() % 10;
            if (dice < 6) {
                log.segments.push_back({timeline, ++number});
            } else if (dice < 9) {
                const auto first = number;
                const auto last = first + random() % 2;
                const auto end = last + 1 + random() % 2;
                while (number < end) {
                    log.segments.push_back({timeline, ++number});
                }
                claims.push_back({{fmt::format("{}", step), timeline, first * size + 40,
                                   last * size + 80, false},
                                  end * size + 100,
                                  random() % 3 == 0});
            } else if (!claims.empty()) {
                restore(timeline, number, forks);
            }
        }
    }
    /// To a moment behind a backup of the present way.
    void restore(std::uint32_t& timeline, std::uint64_t& number, std::vector<Fork>& forks) {
        const auto& base = claims[random() % claims.size()];
        const auto segment = segment_number(base.point, size);
        const auto parent = base.base.timeline;
        const bool has = std::ranges::count(log.segments, Segment{parent, segment}) > 0;
        if (!has) {
            return;
        }
        forks.clear();
        for (const auto& history : log.histories) {
            if (history.timeline == parent) {
                forks = history.forks;
            }
        }
        forks.push_back({parent, base.point + 8});
        timeline = ++newest;
        log.histories.push_back({timeline, forks});
        number = segment;
        log.segments.push_back({timeline, number});
    }

    std::mt19937 random;
    Log log;
    std::vector<Claim> claims;
    std::uint32_t newest = 1;
};

TEST(Needed, NoPromiseIsBrokenAndNothingUselessStaysInAnyHistory) {
    std::uint64_t removed = 0;
    std::uint64_t forked = 0;
    for (unsigned seed = 1; seed <= 300; ++seed) {
        const World world(seed);
        if (world.claims.empty()) {
            continue;
        }
        std::vector<Base> bases;
        for (const auto& each : world.claims) {
            bases.push_back(each.base);
        }
        const auto before = continuity_of(world.log, bases);
        const Needed needed(world.log, world.claims);
        auto trimmed = world.log;
        removed += std::erase_if(trimmed.segments,
                                 [&](const auto& each) { return !needed.contains(each); });
        forked += world.log.histories.size();
        const auto after = continuity_of(trimmed, bases);
        EXPECT_EQ(after.broken, before.broken) << seed;
        // What was reached along each timeline behind a promise is reached still, to the same end;
        // of a set that promises nothing, its own point is.
        for (const auto& window : before.windows) {
            for (const auto& each : world.claims) {
                if (!std::ranges::count(window.bases, each.base.name)) {
                    continue;
                }
                const auto same = std::ranges::find_if(after.windows, [&](const Window& other) {
                    return other.timeline == window.timeline &&
                           std::ranges::count(other.bases, each.base.name) > 0;
                });
                ASSERT_NE(same, after.windows.end()) << seed << " " << each.base.name;
                EXPECT_GE(same->to, each.keeps_log ? window.to : std::min(window.to, each.point))
                    << seed << " " << each.base.name;
            }
        }
        // And each segment that stays is missed by somebody when it goes.
        for (const auto& segment : trimmed.segments) {
            auto less = trimmed;
            std::erase(less.segments, segment);
            const auto then = continuity_of(less, bases);
            const bool is_missed =
                then.broken != after.broken || then.windows.size() != after.windows.size() ||
                !std::ranges::equal(then.windows, after.windows,
                                    [](const Window& a, const Window& b) {
                                        return a.to == b.to && a.bases == b.bases;
                                    });
            EXPECT_TRUE(is_missed) << seed << " " << segment_name(segment);
        }
    }
    EXPECT_GT(removed, 500U);
    EXPECT_GT(forked, 300U);
}

}  // namespace
}  // namespace caisson::backups::physical
