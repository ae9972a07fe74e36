// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "lifecycle/servers/processes.h"
#include "operations/backups/physical/create.h"
#include "operations/backups/physical/physical_state.h"

namespace caisson::backups::physical {
namespace {

using servers::error_of;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

/// One server for all: each test leaves archive and repository whole.
struct PhysicalBackup : testing::Test {
    static void SetUpTestSuite() { state = new BackedUp(); }
    static void TearDownTestSuite() {
        delete state;
        state = nullptr;
    }

    /// Runs it in a process of its own, which a test may kill.
    template <typename Action>
    static pid_t in_child(const Action& action) {
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                action();
            } catch (...) {
                ::_exit(1);
            }
            ::_exit(0);
        }
        return child;
    }
    static int end_of(pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }
    static std::vector<pid_t> copiers() {
        auto all = servers::processes_with("pgbackrest", "backup");
        const auto ours = servers::processes_with(
            "pgbackrest", "--config=" + home_of(state->run).file().string());
        std::erase_if(all, [&](pid_t each) { return !std::ranges::count(ours, each); });
        return all;
    }
    static std::size_t sets() { return state->repository().sets().size(); }
    static void expect_whole() {
        for (const auto& each : info(state->run).backups) {
            EXPECT_EQ(each.mistake, "") << each.stanza;
        }
    }

    static BackedUp* state;
};
BackedUp* PhysicalBackup::state = nullptr;

TEST_F(PhysicalBackup, ArchivingBeginsWithoutOneFailureAndOutlivesRestarts) {
    EXPECT_TRUE(ensure_archiving(state->run).was_changed);
    EXPECT_FALSE(ensure_archiving(state->run).was_changed);
    EXPECT_EQ(state->ask("select failed_count::text from pg_stat_archiver"), "0");
    EXPECT_TRUE(archiver_state(state->run).is_ours);
    servers::stop(state->run);
    servers::start(state->run);
    EXPECT_TRUE(archiver_state(state->run).is_ours);
    EXPECT_FALSE(ensure_archiving(state->run).was_changed);
    state->run.manifest.backups.archive_timeout = std::chrono::seconds(90);
    EXPECT_TRUE(ensure_archiving(state->run).was_changed);
    EXPECT_EQ(state->ask("show archive_timeout"), "90s");
    struct stat status {};
    ASSERT_EQ(::stat(home_of(state->run).file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(PhysicalBackup, MakesAFullSetAndOneThatBuildsOnIt) {
    state->note(1);
    std::uint64_t seen = 0;
    std::uint64_t total = 0;
    const auto full = create(state->run, Kind::full, {}, [&](const Step& step) {
        seen = std::max(seen, step.done);
        total = std::max(total, step.total);
    });
    EXPECT_GT(total, 1U << 20U);
    EXPECT_EQ(seen, total);
    EXPECT_EQ(full.set.kind, Kind::full);
    EXPECT_EQ(full.set.prior, "");
    EXPECT_EQ(full.set.timeline, 1U);
    EXPECT_EQ(full.set.restore_point, "caisson-" + full.set.id);
    ASSERT_FALSE(full.set.tables.empty());
    EXPECT_EQ(full.set.tables.back().table, "notes");
    EXPECT_EQ(full.set.tables.back().rows, 1U);
    ASSERT_EQ(full.set.origins.size(), 1U);
    state->note(2);
    const auto next = create(state->run, Kind::incremental);
    EXPECT_FALSE(next.became_full);
    EXPECT_EQ(next.set.kind, Kind::incremental);
    EXPECT_EQ(next.set.prior, full.set.id);
    EXPECT_LT(next.set.stored_bytes, full.set.stored_bytes / 2);
    const auto found = state->repository().find(next.set.id).value();
    EXPECT_TRUE(is_signed(found.signature.value(), found.json, trusted_keys(state->run)));
    EXPECT_EQ(found.set, next.set);
    expect_whole();
    EXPECT_THAT(cluster_damage_of(state->run, "local", next.set), IsEmpty());
    EXPECT_THAT(archive_damage_of(state->run, "local", next.set.system_identifier), IsEmpty());
}

TEST_F(PhysicalBackup, NamesDamageInBackupAndArchive) {
    const auto full = create(state->run, Kind::full).set;
    const auto depot = depots_of(state->run).front();
    const auto bundle = depot.path / "backup" / state->stanza() / full.label / "bundle" / "1";
    const auto whole = read_file(bundle);
    auto flipped = whole;
    flipped[flipped.size() / 2] ^= 1;
    write_file(bundle, flipped, 0640, state->run.account);
    auto damages = cluster_damage_of(state->run, "local", full);
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_THAT(damages[0].file, HasSubstr(full.label + "/bundle/1"));
    EXPECT_EQ(damages[0].what, "has other contents");
    fs::remove(bundle);
    EXPECT_EQ(cluster_damage_of(state->run, "local", full).at(0).what, "is missing");
    write_file(bundle, whole, 0640, state->run.account);

    ASSERT_TRUE(state->archive());
    const auto segment =
        archive_of(depot, state->stanza(), usual_segment_bytes).segments.back().path;
    const auto kept = read_file(segment);
    auto altered = kept;
    altered[altered.size() / 2] ^= 1;
    write_file(segment, altered, 0640, state->run.account);
    damages = archive_damage_of(state->run, "local", full.system_identifier);
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_THAT(damages[0].file, HasSubstr(segment.filename().string()));
    EXPECT_EQ(continuity(state->run).back().damaged, segment.filename().string().substr(0, 24));
    write_file(segment, kept.substr(0, kept.size() - 7), 0640, state->run.account);
    EXPECT_EQ(archive_damage_of(state->run, "local", full.system_identifier).size(), 1U);
    write_file(segment, kept, 0640, state->run.account);
    EXPECT_THAT(archive_damage_of(state->run, "local", full.system_identifier), IsEmpty());
}

TEST_F(PhysicalBackup, TellsThatThePassphraseIsAnotherOneAndGoesOnArchivingByTheRightOne) {
    ensure_archiving(state->run);
    const auto key = state->run.state.backups() / "key";
    const auto kept = read_file(key);
    write_file(key, "another passphrase of some length\n", 0600, state->run.account);
    const auto error = error_of([&] { create(state->run, Kind::full); });
    EXPECT_EQ(error.code(), Code::backup_key);
    EXPECT_THAT(error.message(), HasSubstr("another one's"));
    EXPECT_THAT(info(state->run).problems, IsEmpty());
    EXPECT_TRUE(state->archive());
    write_file(key, kept, 0600, state->run.account);
    create(state->run, Kind::incremental);
    expect_whole();
}

TEST_F(PhysicalBackup, NamesTheCauseWhenAClockWasAhead) {
    const auto full = create(state->run, Kind::full).set;
    // pgBackRest keeps the labels of all that it ever made.
    const auto history =
        depots_of(state->run).front().path / "backup" / state->stanza() / "backup.history" / "2099";
    make_directory(history, 0750, state->run.account);
    write_file(history / "20990101-000000F.manifest.zst", "", 0640, state->run.account);
    const auto error = error_of([&] { create(state->run, Kind::full); });
    EXPECT_EQ(error.code(), Code::backup_failed);
    EXPECT_THAT(error.message(), HasSubstr("20990101-000000F"));
    EXPECT_THAT(error.message(), HasSubstr("the clock says"));
    fs::remove_all(history);
    // Where the one of the future is there, it can be built on.
    const auto other = full.label + "_20990101-000000I.manifest.zst";
    make_directory(history, 0750, state->run.account);
    write_file(history / other, "", 0640, state->run.account);
    const auto next = create(state->run, Kind::incremental);
    EXPECT_EQ(next.set.kind, Kind::full);
    EXPECT_THAT(next.notes, Contains(HasSubstr("clock was ahead")));
    fs::remove_all(history);
}

TEST_F(PhysicalBackup, OneAtATime) {
    ensure_archiving(state->run);
    const auto before = sets();
    const auto lock = state->repository().lock("a test");
    const auto error = error_of([&] { create(state->run, Kind::full); });
    EXPECT_EQ(error.code(), Code::locked);
    EXPECT_THAT(error.message(), HasSubstr("a test"));
    EXPECT_EQ(sets(), before);
}

TEST_F(PhysicalBackup, AKilledMakerLeavesNothingThatLooksWhole) {
    ensure_archiving(state->run);
    for (const std::string step :
         {"reading samples", "archiving the restore point", "hashing its files"}) {
        const auto before = sets();
        const auto child = in_child([&] {
            create(state->run, Kind::full, {}, [&](const Step& at) {
                if (at.what == step) {
                    ::raise(SIGKILL);
                }
            });
        });
        EXPECT_TRUE(WIFSIGNALED(end_of(child))) << step;
        EXPECT_EQ(sets(), before) << step;
        const auto next = create(state->run, Kind::incremental);
        EXPECT_THAT(next.notes, Contains(HasSubstr("killed"))) << step;
        EXPECT_EQ(next.set.kind, Kind::full) << step;
        expect_whole();
    }
}

TEST_F(PhysicalBackup, AKillWhileTheClusterIsCopiedIsNoHindrance) {
    ensure_archiving(state->run);
    const auto before = sets();
    const auto child = in_child([&] { create(state->run, Kind::full); });
    ASSERT_TRUE(await([] { return !copiers().empty(); }));
    ::kill(child, SIGKILL);
    end_of(child);
    EXPECT_EQ(sets(), before);
    create(state->run, Kind::full);
    expect_whole();
}

TEST_F(PhysicalBackup, PgbackrestKilledIsAFailureAndTheNextOneWorks) {
    ensure_archiving(state->run);
    const auto before = sets();
    std::thread killer([] {
        await([] { return !copiers().empty(); });
        for (const auto each : copiers()) {
            ::kill(each, SIGKILL);
        }
    });
    const auto error = error_of([&] { create(state->run, Kind::full); });
    killer.join();
    EXPECT_EQ(error.code(), Code::backup_failed);
    EXPECT_THAT(error.message(), HasSubstr("signal 9"));
    EXPECT_EQ(sets(), before);
    create(state->run, Kind::full);
    expect_whole();
}

TEST_F(PhysicalBackup, AnArchiveThatLiesIsCaughtAndItsGapNamed) {
    create(state->run, Kind::full);
    const auto file = state->run.state.postgres_data() / "caisson-archive.conf";
    const auto kept = read_file(file);
    write_file(file, "archive_command = 'true'\n", 0600, state->run.account);
    state->script("select pg_reload_conf()");
    ASSERT_TRUE(await([&] { return state->ask("show archive_command") == "true"; }));
    state->note(50);
    const auto segment = state->ask("select pg_walfile_name(pg_current_wal_lsn())");
    state->script("select pg_switch_wal()");
    ASSERT_TRUE(await([&] { return archiver_state(state->run).last_archived == segment; }));
    EXPECT_EQ(continuity(state->run).back().falsely_archived, segment);
    EXPECT_THAT(plan_restore(state->run, {Target::Kind::latest, {}, {}, {}}).notes,
                testing::Contains(HasSubstr("was told that " + segment + " is archived")));
    EXPECT_FALSE(archiver_state(state->run).is_ours);
    EXPECT_TRUE(ensure_archiving(state->run).was_changed);
    ASSERT_TRUE(state->archive());
    // The server's word follows once the next segment was acknowledged.
    ASSERT_TRUE(await([&] { return archiver_state(state->run).last_archived > segment; }));
    const auto after = continuity(state->run).back();
    EXPECT_EQ(after.falsely_archived, "");
    ASSERT_FALSE(after.gaps.empty());
    EXPECT_EQ(segment_name(after.gaps.back().first), segment);
    EXPECT_EQ(after.gaps.back().count, 1U);
    // A new backup closes it.
    create(state->run, Kind::full);
    ASSERT_GE(continuity(state->run).back().stretches.size(), 2U);
    EXPECT_LT(continuity(state->run).back().lag_bytes.value(), usual_segment_bytes);
}

TEST_F(PhysicalBackup, AnArchiveThatRefusesIsSeenAndLosesNothing) {
    create(state->run, Kind::full);
    const auto file = state->run.state.postgres_data() / "caisson-archive.conf";
    write_file(file, "archive_command = 'false'\n", 0600, state->run.account);
    state->script("select pg_reload_conf()");
    ASSERT_TRUE(await([&] { return state->ask("show archive_command") == "false"; }));
    state->note(60);
    state->script("select pg_switch_wal()");
    ASSERT_TRUE(await([&] { return archiver_state(state->run).is_failing; }));
    EXPECT_GE(archiver_state(state->run).waiting, 1U);
    EXPECT_TRUE(await([&] { return archiver_state(state->run).waits_seconds > 0; }));
    const auto behind = continuity(state->run).back();
    EXPECT_GT(behind.lag_bytes.value(), 0U);
    const auto gaps = behind.gaps.size();
    ensure_archiving(state->run);
    ASSERT_TRUE(state->archive());
    EXPECT_EQ(continuity(state->run).back().gaps.size(), gaps);
    // The word of it comes a moment after the segment.
    EXPECT_TRUE(await([&] {
        const auto archiver = archiver_state(state->run);
        return !archiver.is_failing && archiver.waits_seconds == 0;
    }));
}

TEST_F(PhysicalBackup, ASegmentThatTheServerStillHoldsForTheArchiveIsNoCut) {
    create(state->run, Kind::full);
    const auto missing = state->ask("select pg_walfile_name(pg_current_wal_lsn())");
    for (const int id : {70, 71}) {
        state->note(id);
        ASSERT_TRUE(state->archive());
    }
    write_file(state->run.state.postgres_data() / "caisson-archive.conf",
               "archive_command = 'false'\n", 0600, state->run.account);
    state->script("select pg_reload_conf()");
    ASSERT_TRUE(await([&] { return state->ask("show archive_command") == "false"; }));
    const auto archive =
        archive_of(depots_of(state->run).front(), state->stanza(), usual_segment_bytes);
    const auto lost = std::ranges::find(archive.segments, parse_segment(missing).value(),
                                        &ArchivedSegment::segment);
    ASSERT_NE(lost, archive.segments.end());
    fs::remove(lost->path);
    EXPECT_TRUE(continuity(state->run).back().is_cut_off());
    // As when pgBackRest could put it into another repository only.
    const auto waits =
        state->run.state.postgres_data() / "pg_wal" / "archive_status" / (missing + ".ready");
    write_file(waits, "", 0600, state->run.account);
    const auto waiting = continuity(state->run).back();
    EXPECT_TRUE(waiting.lacks_log());
    EXPECT_FALSE(waiting.is_cut_off());
    // And it comes by itself.
    ensure_archiving(state->run);
    EXPECT_TRUE(await([&] { return !continuity(state->run).back().lacks_log(); }));
}

}  // namespace
}  // namespace caisson::backups::physical
