// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/physical/physical_state.h"
#include "operations/backups/physical/restore.h"
#include "operations/backups/physical/trim.h"
#include "operations/backups/sets/lease.h"

namespace caisson::backups::physical {
namespace {

using servers::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two full sets with an incremental one each and notes between them; then back to the second full
/// one, so that a second timeline begins, with a full and an incremental set of its own:
///   timeline 1: full 1 | 1 | incremental 2 | 2 | full 3 | 3, then left behind
///   timeline 2: full 4 | 4 | incremental 5 | 5
struct TrimTest : testing::Test {
    static void SetUpTestSuite() {
        state = new BackedUp();
        make(Kind::full, 1);
        make(Kind::incremental, 2);
        make(Kind::full, 3);
        RestoreOptions options;
        options.may_stop = true;
        restore_in_place(
            state->run, plan_restore(state->run, {Target::Kind::set, sets[2].id, {}, {}}), options);
        ensure_archiving(state->run);
        make(Kind::full, 4);
        make(Kind::incremental, 5);
        state->archive();
    }
    static void TearDownTestSuite() {
        delete state;
        state = nullptr;
        sets.clear();
    }
    /// A set, three segments of log, and a note.
    static void make(Kind kind, int note) {
        sets.push_back(create(state->run, kind).set);
        for (int i = 0; i < 3; ++i) {
            state->script("select pg_logical_emit_message(false, 'fill', 'x')");
            state->archive();
        }
        state->note(note);
        state->archive();
    }

    static Archive archive() {
        return archive_of(depots_of(state->run).front(), state->stanza(), usual_segment_bytes);
    }
    static std::size_t segments() { return archive().segments.size(); }
    static Trim plan(const Needs& needs) {
        auto trims = plan_trim(state->run, state->repository(), needs);
        EXPECT_EQ(trims.size(), 1U);
        return trims.front();
    }
    static std::string notes_of(const Target& target, const std::string& name) {
        const auto place = state->directory() / name;
        const auto recovered =
            restore_to_server(state->run, plan_restore(state->run, target), place);
        EXPECT_THAT(recovered.restored.deviations, IsEmpty());
        auto notes = notes_in(*recovered.server);
        recovered.server->stop();
        return notes;
    }

    static BackedUp* state;
    static std::vector<Set> sets;
};
BackedUp* TrimTest::state = nullptr;
std::vector<Set> TrimTest::sets;

// The cases build on one another: each takes more away than the one before.

TEST_F(TrimTest, OfSetsThatAreNotNamedEverythingIsNeeded) {
    const auto all = plan({});
    EXPECT_EQ(all.doubt, "");
    // But for what was archived before the first of them began.
    const auto first = parse_segment(sets[0].wal_start).value();
    for (const auto& span : all.spans) {
        EXPECT_EQ(span.last.timeline, 1U);
        EXPECT_LT(span.last.number, first.number);
    }
    EXPECT_GT(segments(), 20U);
}

TEST_F(TrimTest, WithoutABackupNothingGoes) {
    Needs nothing;
    for (const auto& set : sets) {
        nothing[set.id] = Need::nothing;
    }
    const auto trim = plan(nothing);
    EXPECT_THAT(trim.doubt, HasSubstr("no backup"));
    EXPECT_THAT(trim.files, IsEmpty());
}

TEST_F(TrimTest, WhoBeginsToReadInTheMeantimeKeepsTheLog) {
    const Needs needs = {{sets[0].id, Need::itself}, {sets[1].id, Need::itself}};
    const auto trimming = plan(needs);
    ASSERT_GT(trimming.segments, 3U);
    const auto before = segments();
    {
        const auto reading = lease(state->repository(), sets[1].id, "a restore");
        const auto trimmed = trim(state->repository(), trimming, needs);
        EXPECT_THAT(trimmed.left, HasSubstr(sets[1].id));
        EXPECT_EQ(trimmed.files, 0U);
    }
    // What stays was not meant to be gone: its loss would show.
    EXPECT_THAT(trimmed_spans(state->repository(), state->stanza(), usual_segment_bytes),
                IsEmpty());
    EXPECT_EQ(segments(), before);
}

TEST_F(TrimTest, KilledInItsMidstItIsFinishedByTheNextAndShowsNoGap) {
    const Needs needs = {{sets[0].id, Need::itself}, {sets[1].id, Need::itself}};
    const auto trimming = plan(needs);
    const auto before = segments();
    // As a kill leaves it: what goes is written down, and some of it is gone. The kill itself is
    // scenarios/backups_prune_log.
    auto begun = trimming;
    begun.files.clear();
    std::ranges::copy_if(
        trimming.files, std::back_inserter(begun.files),
        [&](const fs::path& path) { return begun.files.size() < 3 && path.extension() == ".zst"; });
    trim(state->repository(), begun, needs);
    EXPECT_EQ(segments(), before - 3);
    EXPECT_THAT(continuity(state->run).back().gaps, IsEmpty());
    const auto rest = plan(needs);
    EXPECT_EQ(rest.segments, trimming.segments - 3);
    EXPECT_EQ(trim(state->repository(), rest, needs).left, "");
    EXPECT_EQ(segments(), before - trimming.segments);
    EXPECT_THAT(plan(needs).files, IsEmpty());
}

TEST_F(TrimTest, EachSetThatIsKeptLeadsAsFarAsItDid) {
    const auto coverage = continuity(state->run).back();
    EXPECT_THAT(coverage.gaps, IsEmpty());
    EXPECT_THAT(coverage.broken, IsEmpty());
    EXPECT_EQ(coverage.timeline, 2U);
    EXPECT_FALSE(coverage.is_cut_off());
    EXPECT_THAT(archive().histories, ElementsAre(2U));
    EXPECT_THAT(archive_damage_of(state->run, "local", sets[0].system_identifier), IsEmpty());
    // To their points, compared with their manifests.
    EXPECT_EQ(notes_of({Target::Kind::set, sets[0].id, {}, {}}, "one"), "");
    EXPECT_EQ(notes_of({Target::Kind::set, sets[1].id, {}, {}}, "two"), "1");
    EXPECT_EQ(notes_of({Target::Kind::set, sets[2].id, {}, {}}, "three"), "1,2");
    // The way that was left behind is promised from the second full set on.
    EXPECT_EQ(notes_of({Target::Kind::latest, {}, {}, 1}, "left"), "1,2,3");
    EXPECT_EQ(notes_of({Target::Kind::latest, {}, {}, {}}, "latest"), "1,2,4,5");
    // What lay between is told to be gone, with the nearest moments.
    const auto between = coverage.stretches.front().to;
    EXPECT_LT(between, sets[2].finished);
}

TEST_F(TrimTest, ARealGapBesideATrimIsStillNamed) {
    const auto all = archive().segments;
    const auto victim = all[all.size() - 3];
    const auto kept = read_file(victim.path);
    fs::remove(victim.path);
    const auto gaps = continuity(state->run).back().gaps;
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0], (Gap{victim.segment, 1}));
    write_file(victim.path, kept, 0640, state->run.account);
}

TEST_F(TrimTest, OfATimelineThatNothingLeadsThroughNothingStaysButItsHistory) {
    // As when the sets of timeline 1 have gone.
    for (const auto i : {1, 0, 2}) {
        remove_cluster_files(state->run, "local", sets[i]);
        state->repository().remove(sets[i].id);
    }
    const Needs needs = {{sets[3].id, Need::everything}, {sets[4].id, Need::everything}};
    const auto trimming = plan(needs);
    EXPECT_EQ(trim(state->repository(), trimming, needs).left, "");
    for (const auto& each : archive().segments) {
        EXPECT_EQ(each.segment.timeline, 2U);
        EXPECT_GE(each.segment.number, parse_segment(sets[3].wal_start).value().number);
    }
    EXPECT_THAT(archive().histories, ElementsAre(2U));
    // Partial segments and labels of backups went with theirs.
    const auto root = depots_of(state->run).front().path / "archive" / state->stanza() / "15-1";
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        EXPECT_THAT(entry.path().filename().string(), testing::StartsWith("00000002"));
    }
    EXPECT_EQ(notes_of({Target::Kind::set, sets[4].id, {}, {}}, "five"), "1,2,4");
    EXPECT_EQ(notes_of({Target::Kind::latest, {}, {}, {}}, "end"), "1,2,4,5");
    // And the server archives on.
    state->note(6);
    ASSERT_TRUE(state->archive());
    EXPECT_THAT(continuity(state->run).back().gaps, IsEmpty());
}

}  // namespace
}  // namespace caisson::backups::physical
