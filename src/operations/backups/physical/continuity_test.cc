// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/continuity.h"

#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::backups::physical {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t size = usual_segment_bytes;

Log log_of(std::uint32_t timeline, const std::vector<std::uint64_t>& numbers) {
    Log log;
    for (const auto number : numbers) {
        log.segments.push_back({timeline, number});
    }
    return log;
}

Base base(const std::string& name, std::uint64_t first, std::uint64_t last,
          std::uint32_t timeline = 1) {
    return {name, timeline, first * size + 40, last * size + 80, false};
}

TEST(Continuity, ReachesFromTheBackupToTheLastSegment) {
    const auto found = continuity_of(log_of(1, {1, 2, 3, 4, 5}), {base("a", 2, 3)});
    ASSERT_EQ(found.windows.size(), 1U);
    EXPECT_EQ(found.windows[0].from, 3 * size + 80);
    EXPECT_EQ(found.windows[0].to, 6 * size);
    EXPECT_EQ(found.windows[0].last, (Segment{1, 5}));
    EXPECT_THAT(found.gaps, IsEmpty());
    EXPECT_THAT(found.broken, IsEmpty());
}

TEST(Continuity, NamesGapsAndGoesOnBehindTheNextBackup) {
    const auto found =
        continuity_of(log_of(1, {1, 2, 3, 6, 7, 8, 10}), {base("a", 1, 2), base("b", 6, 7)});
    ASSERT_EQ(found.windows.size(), 2U);
    EXPECT_EQ(found.windows[0].to, 4 * size);
    EXPECT_EQ(found.windows[1].base, "b");
    EXPECT_EQ(found.windows[1].to, 9 * size);
    EXPECT_THAT(found.gaps, ElementsAre(Gap{{1, 4}, 2}, Gap{{1, 9}, 1}));
    EXPECT_TRUE(found.windows[0].is_cut_off);
    EXPECT_TRUE(found.windows[1].is_cut_off);
    const auto mended = continuity_of(log_of(1, {1, 2, 3, 6, 7, 8, 10, 11}),
                                      {base("a", 1, 2), base("b", 6, 7), base("c", 10, 11)});
    EXPECT_FALSE(mended.windows.back().is_cut_off);
}

TEST(Continuity, CallsABackupBrokenWhoseOwnSegmentsAreMissing) {
    const auto found = continuity_of(log_of(1, {1, 3}), {base("a", 1, 3)});
    EXPECT_THAT(found.windows, IsEmpty());
    EXPECT_THAT(found.broken, ElementsAre("a"));
    auto alone = base("a", 1, 3);
    alone.is_self_contained = true;
    const auto kept = continuity_of(log_of(1, {}), {alone});
    ASSERT_EQ(kept.windows.size(), 1U);
    EXPECT_EQ(kept.windows[0].to, alone.stop);
    EXPECT_THAT(kept.broken, IsEmpty());
}

TEST(Continuity, ABackupThatEndsWithASegmentNeedsNoMore) {
    Base whole{"a", 1, size + 40, 3 * size, false};
    EXPECT_THAT(continuity_of(log_of(1, {1, 2}), {whole}).broken, IsEmpty());
    EXPECT_EQ(continuity_of(log_of(1, {1, 2}), {whole}).windows[0].to, 3 * size);
}

TEST(Continuity, FollowsTimelines) {
    Log log = log_of(1, {1, 2, 3, 4, 5});
    for (const std::uint64_t number : {4, 5, 6}) {
        log.segments.push_back({2, number});
    }
    log.histories = {parse_history(2, "1\t0/4000100\tno recovery target specified\n")};
    ASSERT_THAT(log.histories[0].forks, ElementsAre(Fork{1, 4 * size + 0x100}));
    const auto found = continuity_of(log, {base("a", 1, 2), base("late", 5, 5)});
    // The old way goes on to 5, the new one over the fork to 6; the late backup is of the old
    // alone.
    ASSERT_EQ(found.windows.size(), 2U);
    EXPECT_EQ(found.windows[0].timeline, 1U);
    EXPECT_EQ(found.windows[0].to, 6 * size);
    EXPECT_THAT(found.windows[0].bases, ElementsAre("a", "late"));
    EXPECT_EQ(found.windows[1].timeline, 2U);
    EXPECT_EQ(found.windows[1].to, 7 * size);
    EXPECT_THAT(found.windows[1].bases, ElementsAre("a"));
    EXPECT_EQ(segment_on_path(log, 2, 3), (Segment{1, 3}));
    EXPECT_EQ(segment_on_path(log, 2, 4), (Segment{2, 4}));
}

TEST(Continuity, WithoutTheHistoryFileANewTimelineIsNotReached) {
    Log log = log_of(1, {1, 2, 3});
    log.segments.push_back({2, 3});
    const auto found = continuity_of(log, {base("a", 1, 2)});
    ASSERT_EQ(found.windows.size(), 1U);
    EXPECT_EQ(found.windows[0].timeline, 1U);
}

TEST(Histories, KeepOnlyTheirLines) {
    const auto history = parse_history(
        3, "1\t0/3000000\tx\n\n# note\n2\t1/80\tbefore 2026-01-01\nnonsense\n0\t0/1\tx\n");
    EXPECT_THAT(history.forks, ElementsAre(Fork{1, 0x3000000}, Fork{2, 0x100000080}));
}

/// Whatever is missing: a position is in a window just when some backup leads to it segment by
/// segment.
TEST(Continuity, PromisesExactlyWhatCanBeReached) {
    std::mt19937 random(7);
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    for (int round = 0; round < 3000; ++round) {
        Log log;
        const std::uint64_t fork = 5 + below(10);
        const bool is_forked = below(2) == 0;
        const auto density = 5 + below(6);
        for (std::uint64_t number = 1; number < 24; ++number) {
            for (std::uint32_t timeline = 1; timeline <= (is_forked ? 2U : 1U); ++timeline) {
                if ((timeline == 1 || number >= fork) && below(10) < density) {
                    log.segments.push_back({timeline, number});
                }
            }
        }
        if (is_forked) {
            log.histories = {{2, {{1, fork * size + below(size)}}}};
        }
        std::vector<Base> bases;
        for (std::uint32_t i = 0, count = below(4); i < count; ++i) {
            const std::uint64_t first = 1 + below(18);
            const auto timeline = is_forked && first >= fork ? 1 + below(2) : 1U;
            auto made = base("b" + std::to_string(i), first, first + below(3), timeline);
            made.is_self_contained = below(4) == 0;
            bases.push_back(made);
        }
        const std::set<Segment> present(log.segments.begin(), log.segments.end());
        const auto found = continuity_of(log, bases);
        for (std::uint32_t timeline = 1; timeline <= (is_forked ? 2U : 1U); ++timeline) {
            const auto on_path = [&](std::uint64_t number) {
                return Segment{timeline == 2 && number < fork ? 1 : timeline, number};
            };
            for (std::uint64_t number = 1; number < 26; ++number) {
                bool reachable = false;
                for (const auto& each : bases) {
                    const bool leads =
                        each.timeline == timeline || (timeline == 2 && each.timeline == 1 &&
                                                      each.stop <= log.histories[0].forks[0].at);
                    const auto from = segment_number(each.start);
                    const auto stop = segment_number(each.stop);
                    bool whole = leads && number >= stop;
                    for (auto n = from; n <= number && whole; ++n) {
                        // Behind its stop there is nothing in the segment that it carries.
                        const bool carried = each.is_self_contained && n <= stop &&
                                             (number > stop || present.contains(on_path(n + 1)));
                        whole = carried || present.contains(on_path(n));
                        if (each.is_self_contained && n < stop) {
                            whole = leads;
                        }
                    }
                    reachable = reachable || whole;
                }
                const auto end = (number + 1) * size;
                const bool promised = std::ranges::any_of(found.windows, [&](const Window& each) {
                    return each.timeline == timeline && each.from < end && end <= each.to;
                });
                ASSERT_EQ(promised, reachable)
                    << "round " << round << " timeline " << timeline << " segment " << number;
            }
        }
        for (const auto& each : found.windows) {
            EXPECT_LE(each.from, each.to);
            EXPECT_EQ(each.base, each.bases.front());
        }
        for (const auto& gap : found.gaps) {
            for (std::uint64_t i = 0; i < gap.count; ++i) {
                EXPECT_FALSE(present.contains({gap.first.timeline, gap.first.number + i}));
            }
        }
    }
}

}  // namespace
}  // namespace caisson::backups::physical
