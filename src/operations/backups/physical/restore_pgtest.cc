// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/physical_state.h"
#include "operations/backups/physical/put_in_place.h"
#include "operations/backups/physical/restore.h"

namespace caisson::backups::physical {
namespace {

using servers::error_of;
using testing::HasSubstr;
using testing::IsEmpty;

/// A server with a full set, an incremental one, and notes around them: 1 | full | 2 | moment | 3 |
/// incremental | 4 | point | 5.
struct Restore : testing::Test {
    static void SetUpTestSuite() {
        state = new BackedUp();
        state->note(1);
        full = create(state->run, Kind::full).set;
        state->note(2);
        moment = state->now();
        xid = state->ask(
            "with written as (insert into notes values (3, 'note') returning 1) select "
            "pg_current_xact_id()::xid::text from written");
        next = create(state->run, Kind::incremental).set;
        state->note(4);
        state->script("select pg_create_restore_point('before five')");
        state->note(5);
        state->archive();
    }
    static void TearDownTestSuite() {
        delete state;
        state = nullptr;
    }

    static Recovered restored(const Target& target, const fs::path& place) {
        return restore_to_server(state->run, plan_restore(state->run, target), place);
    }
    static fs::path place(const std::string& name) { return state->directory() / name; }

    static BackedUp* state;
    static Set full;
    static Set next;
    static std::string moment;
    static std::string xid;
};
BackedUp* Restore::state = nullptr;
Set Restore::full;
Set Restore::next;
std::string Restore::moment;
std::string Restore::xid;

TEST_F(Restore, ToATimeHasWhatWasBeforeAndNotWhatCameAfter) {
    const auto plan = plan_restore(state->run, {Target::Kind::time, moment, {}, {}});
    EXPECT_EQ(plan.set.id, full.id);
    EXPECT_GT(plan.lost.value(), 0);
    EXPECT_GT(plan.estimate.count(), 0);
    // By what was measured, where something was.
    const Rates slow{1024.0 * 1024, 0.5, 7};
    const auto measured = plan_restore(state->run, {Target::Kind::time, moment, {}, {}}, slow);
    EXPECT_NEAR(
        static_cast<double>(measured.estimate.count()) / 1000,
        7 + static_cast<double>(plan.bytes) / 1024 / 1024 + static_cast<double>(plan.segments) * 2,
        0.1);
    const auto recovered = restore_to_server(state->run, plan, place("time"));
    EXPECT_EQ(notes_in(*recovered.server), "1,2");
    EXPECT_EQ(recovered.restored.timeline, 2U);
    pg::Connection connection(recovered.server->settings());
    EXPECT_EQ(connection.query("show archive_mode").front().text(0), "off");
    EXPECT_FALSE(connection.query("select pg_is_in_recovery() as is").front().boolean("is"));
}

TEST_F(Restore, ToASetIsComparedWithItsManifest) {
    auto recovered = restored({Target::Kind::set, next.id, {}, {}}, place("set"));
    EXPECT_EQ(notes_in(*recovered.server), "1,2,3");
    EXPECT_EQ(recovered.restored.compared, next.tables.size());
    EXPECT_THAT(recovered.restored.deviations, IsEmpty());
    pg::Connection connection(recovered.server->settings("postgres", "lumina_db"));
    connection.query("update notes set text = 'other' where id = 2");
    const auto found = deviations_of(next.tables, [&](const std::string& database) {
        return pg::Connection(recovered.server->settings("postgres", database));
    });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].table.table, "notes");
}

TEST_F(Restore, ToANamedPointAndToATransaction) {
    EXPECT_EQ(
        notes_in(*restored({Target::Kind::name, "before five", {}, {}}, place("name")).server),
        "1,2,3,4");
    // The newest set began after the transaction: the one before it is taken.
    const auto by_xid = restored({Target::Kind::xid, xid, {}, {}}, place("xid"));
    EXPECT_EQ(by_xid.restored.plan.set.id, full.id);
    EXPECT_EQ(notes_in(*by_xid.server), "1,2,3");
    const auto error = error_of([&] {
        restored({Target::Kind::name, "never made", {}, {}}, place("never"));
    });
    EXPECT_EQ(error.code(), Code::backup_missing);
    EXPECT_THAT(error.message(), HasSubstr("never made"));
}

TEST_F(Restore, ToTheLastMomentAndToOneThatNothingFollowed) {
    EXPECT_EQ(notes_in(*restored({Target::Kind::latest, {}, {}, {}}, place("latest")).server),
              "1,2,3,4,5");
    ASSERT_TRUE(state->archive());
    const auto idle = restored({Target::Kind::time, state->now(), {}, {}}, place("idle"));
    EXPECT_EQ(notes_in(*idle.server), "1,2,3,4,5");
}

TEST_F(Restore, RefusesAMomentThatIsNotCoveredAndNamesTheNearest) {
    const auto early = error_of([&] {
        plan_restore(state->run, {Target::Kind::time, "2020-01-01T00:00:00Z", {}, {}});
    });
    EXPECT_EQ(early.code(), Code::backup_missing);
    EXPECT_THAT(early.hint(), HasSubstr(full.finished.substr(0, 19)));
    const auto late = error_of([&] {
        plan_restore(state->run, {Target::Kind::time, "2100-01-01T00:00:00Z", {}, {}});
    });
    EXPECT_THAT(late.hint(), HasSubstr("before it"));
    EXPECT_EQ(error_of([&] {
                  plan_restore(state->run, {Target::Kind::time, "noon", {}, {}});
              }).code(),
              Code::usage);
    EXPECT_EQ(error_of([&] {
                  plan_restore(state->run, {Target::Kind::set, "20200101T0", {}, {}});
              }).code(),
              Code::backup_missing);
}

TEST_F(Restore, IntoADirectoryThatIsEmpty) {
    const auto plan = plan_restore(state->run, {Target::Kind::set, full.id, {}, {}});
    make_directory(place("full"), 0755);
    write_file(place("full") / "file", "text");
    EXPECT_EQ(error_of([&] { restore_to_directory(state->run, plan, place("full")); }).code(),
              Code::backup_failed);
    EXPECT_TRUE(fs::exists(place("full") / "file"));
    restore_to_directory(state->run, plan, place("directory"));
    EXPECT_TRUE(fs::exists(place("directory") / "recovery.signal"));
}

/// Starts a server on it as anybody would, and tells its log's end and what it has.
std::string started_on(const BackedUp& state, const fs::path& data) {
    const auto programs = servers::installed_postgres(state.run.variables).front();
    const auto access = data / "access.conf";
    write_file(access, "local all all trust\n", 0600, state.run.account);
    Command command;
    command.arguments = {programs.program("pg_ctl"),
                         "start",
                         "--wait",
                         "--timeout=60",
                         "--silent",
                         "--pgdata=" + data.string(),
                         "--log=" + (data / "started.log").string(),
                         "--options=-c listen_addresses='' -c port=5432 -c hba_file=" +
                             access.string() + " -c unix_socket_directories=" + data.string()};
    command.account = state.run.account;
    command.directory = data;
    run(command, std::chrono::seconds(90));
    pg::Settings settings;
    settings.host = data.string();
    settings.user = "postgres";
    settings.database = "lumina_db";
    std::string notes;
    try {
        pg::Connection connection(settings);
        notes =
            std::string(connection.query("select string_agg(id::text, ',' order by id) from notes")
                            .front()
                            .text(0));
    } catch (const Error& error) {
        notes = error.message();
    }
    command.arguments = {programs.program("pg_ctl"), "stop", "--mode=immediate",
                         "--pgdata=" + data.string()};
    run(command, std::chrono::seconds(30));
    return notes;
}

TEST_F(Restore, LeavesTheRunningArchiverWhatItWaitsFor) {
    const auto acknowledged = home_of(state->run).spool() / "archive" / state->stanza() / "out";
    make_directory(acknowledged, 0700, state->run.account);
    const auto next_one = acknowledged / "0000000100000000000000FF.ok";
    write_file(next_one, "", 0640, state->run.account);
    const auto plan = plan_restore(state->run, {Target::Kind::set, full.id, {}, {}});
    restore_to_directory(state->run, plan, place("beside"));
    EXPECT_TRUE(fs::exists(next_one));
    fs::remove(next_one);
}

TEST_F(Restore, IntoADirectoryWhoseServerRefusesAnAlteredSegment) {
    const auto plan = plan_restore(state->run, {Target::Kind::time, moment, {}, {}});
    restore_to_directory(state->run, plan, place("sound"));
    EXPECT_EQ(started_on(*state, place("sound")), "1,2")
        << read_file(place("sound") / "started.log");

    const auto segments =
        archive_of(depots_of(state->run).front(), state->stanza(), usual_segment_bytes).segments;
    const auto wanted = parse_segment(full.wal_stop).value().number + 1;
    const auto found = std::ranges::find_if(
        segments, [&](const auto& each) { return each.segment.number == wanted; });
    ASSERT_NE(found, segments.end());
    const auto kept = read_file(found->path);
    auto altered = kept;
    altered[altered.size() / 2] ^= 1;
    restore_to_directory(state->run, plan, place("guarded"));
    write_file(found->path, altered, 0640, state->run.account);
    started_on(*state, place("guarded"));
    write_file(found->path, kept, 0640, state->run.account);
    EXPECT_THAT(read_file(place("guarded") / "started.log"),
                testing::ContainsRegex("FATAL:  segment [0-9A-F]+ of the archive"));
}

TEST_F(Restore, AnAlteredOrMissingSegmentEndsItAndIsNamed) {
    const auto segments =
        archive_of(depots_of(state->run).front(), state->stanza(), usual_segment_bytes).segments;
    const auto wanted =
        parse_segment(full.wal_stop).value().number + 1;  // Behind the set, before the last.
    const auto found = std::ranges::find_if(
        segments, [&](const auto& each) { return each.segment.number == wanted; });
    ASSERT_NE(found, segments.end());
    const auto name = found->path.filename().string().substr(0, 24);
    const auto kept = read_file(found->path);
    const Target latest_of_full{Target::Kind::time, moment, {}, {}};
    const auto plan = plan_restore(state->run, latest_of_full);

    auto altered = kept;
    altered[altered.size() / 2] ^= 1;
    write_file(found->path, altered, 0640, state->run.account);
    auto error = error_of([&] { restore_to_server(state->run, plan, place("altered")); });
    EXPECT_EQ(error.code(), Code::backup_damaged) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(name));
    EXPECT_THAT(error.hint(),
                HasSubstr("newest unaffected moment before it is " + full.finished.substr(0, 19)));

    write_file(found->path, kept.substr(0, kept.size() / 2), 0640, state->run.account);
    error = error_of([&] { restore_to_server(state->run, plan, place("truncated")); });
    EXPECT_EQ(error.code(), Code::backup_damaged) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(name));

    fs::remove(found->path);
    error = error_of([&] { plan_restore(state->run, latest_of_full); });
    EXPECT_EQ(error.code(), Code::backup_missing) << error.message();
    const auto gaps = continuity(state->run).back().gaps;
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(segment_name(gaps[0].first), name);
    write_file(found->path, kept, 0640, state->run.account);
    EXPECT_THAT(continuity(state->run).back().gaps, IsEmpty());
}

TEST_F(Restore, ASetThatIsDamagedGivesWayToOneBeforeIt) {
    const auto depot = depots_of(state->run).front();
    const auto bundle = depot.path / "backup" / state->stanza() / next.label / "bundle" / "1";
    const auto whole = read_file(bundle);
    auto altered = whole;
    altered[altered.size() / 2] ^= 1;
    write_file(bundle, altered, 0640, state->run.account);
    const auto plan = plan_restore(state->run, {Target::Kind::latest, {}, {}, {}});
    ASSERT_EQ(plan.set.id, next.id);
    ASSERT_FALSE(plan.fallbacks.empty());
    const auto latest = restore_to_server(state->run, plan, place("fallback"));
    EXPECT_EQ(notes_in(*latest.server), "1,2,3,4,5");
    EXPECT_EQ(latest.restored.plan.set.id, full.id);
    ASSERT_EQ(latest.restored.notes.size(), 1U);
    EXPECT_THAT(latest.restored.notes[0], HasSubstr(next.id + " of local is damaged"));

    // Who asks for this very set is told where the same moment is to be had.
    const auto of_set = plan_restore(state->run, {Target::Kind::set, next.id, {}, {}});
    fs::remove(bundle);
    const auto error = error_of([&] { restore_to_directory(state->run, of_set, place("asked")); });
    EXPECT_EQ(error.code(), Code::backup_damaged) << error.message();
    EXPECT_THAT(error.hint(), HasSubstr("the same moment is reached from " + full.id));
    write_file(bundle, whole, 0640, state->run.account);
}

TEST_F(Restore, BeginsWithTheSetThatIsAskedForAndNoOther) {
    const auto now = state->now();
    ASSERT_TRUE(state->archive());
    EXPECT_EQ(plan_restore(state->run, {Target::Kind::time, now, {}, {}}).set.id, next.id);
    const auto plan = plan_restore(state->run, {Target::Kind::time, now, {}, {}, full.id});
    EXPECT_EQ(plan.set.id, full.id);
    EXPECT_THAT(plan.fallbacks, IsEmpty());
}

TEST_F(Restore, ASelfContainedSetNeedsNoArchive) {
    CreateOptions options;
    options.is_self_contained = true;
    const auto alone = create(state->run, Kind::full, options).set;
    const auto archive = depots_of(state->run).front().path / "archive" / state->stanza() / "15-1";
    std::vector<fs::path> moved;
    for (const auto& entry : fs::directory_iterator(archive)) {
        if (entry.is_directory()) {
            moved.push_back(entry.path());
        }
    }
    for (const auto& each : moved) {
        fs::rename(each, each.string() + ".away");
    }
    const auto plan = plan_restore(state->run, {Target::Kind::set, alone.id, {}, {}});
    EXPECT_EQ(plan.type, "immediate");
    const auto recovered = restore_to_server(state->run, plan, place("alone"));
    EXPECT_THAT(notes_in(*recovered.server), HasSubstr("1,2,3,4,5"));
    for (const auto& each : moved) {
        fs::rename(each.string() + ".away", each);
    }
}

/// These change the server, and so have one of their own.
TEST(RestoreInPlace, KeepsTheOldDataAndRefusesOverARunningServer) {
    BackedUp state;
    state.note(1);
    const auto set = create(state.run, Kind::full).set;
    state.note(2);
    const auto plan = plan_restore(state.run, {Target::Kind::set, set.id, {}, {}});
    EXPECT_EQ(error_of([&] { restore_in_place(state.run, plan); }).code(), Code::backup_failed);
    EXPECT_EQ(state.ask("select count(*) from notes"), "2");
    RestoreOptions options;
    options.may_stop = true;
    const auto restored = restore_in_place(state.run, plan, options);
    EXPECT_EQ(state.ask("select count(*) from notes"), "1");
    EXPECT_TRUE(fs::exists(restored.previous / "PG_VERSION"));
    // The archive goes on, on a timeline of its own; both ways can be restored.
    EXPECT_FALSE(ensure_archiving(state.run).was_changed);
    EXPECT_EQ(state.ask("select failed_count::text from pg_stat_archiver"), "0");
    state.note(3);
    ASSERT_TRUE(state.archive());
    const auto coverage = continuity(state.run).back();
    EXPECT_EQ(coverage.newest()->window.timeline, 2U);
    EXPECT_LT(coverage.lag_bytes.value(), usual_segment_bytes);
    const auto latest =
        restore_to_server(state.run, plan_restore(state.run, {Target::Kind::latest, {}, {}, {}}),
                          state.directory() / "latest");
    EXPECT_EQ(notes_in(*latest.server), "1,3");
}

TEST(RestoreInPlace, RefusesTablespacesBeforeAnythingIsStopped) {
    BackedUp state;
    const auto before = create(state.run, Kind::full).set;
    const auto place = state.directory() / "odd";
    make_directory(place, 0700, state.run.account);
    state.script("create tablespace odd location '" + place.string() + "'");
    RestoreOptions options;
    options.may_stop = true;
    const auto refusal = [&](const Target& target) {
        return error_of(
            [&] { restore_in_place(state.run, plan_restore(state.run, target), options); });
    };
    const auto since = state.ask("select pg_postmaster_start_time()::text");
    EXPECT_THAT(refusal({Target::Kind::set, before.id, {}, {}}).message(),
                HasSubstr("the server's present data have tablespaces"));
    state.script("create table placed tablespace odd as select 7 as id");
    const auto created = create(state.run, Kind::incremental);
    EXPECT_THAT(created.notes, testing::Contains(HasSubstr("has tablespaces (odd)")));
    const auto error = refusal({Target::Kind::latest, {}, {}, {}});
    EXPECT_EQ(error.code(), Code::backup_failed);
    EXPECT_THAT(error.message(), HasSubstr(created.set.id + " has tablespaces (odd)"));
    EXPECT_EQ(state.ask("select pg_postmaster_start_time()::text"), since);
    EXPECT_FALSE(fs::exists(recovery_place(state.run)));
    // The log behind a set of before would make it again where it is.
    const auto younger = error_of([&] {
        restore_to_server(state.run,
                          plan_restore(state.run, {Target::Kind::latest, {}, {}, {}, before.id}),
                          state.directory() / "younger");
    });
    EXPECT_EQ(younger.code(), Code::backup_failed);
    EXPECT_THAT(younger.message(), HasSubstr("is younger than " + before.id));
    EXPECT_FALSE(fs::exists(state.directory() / "younger" / "data"));
    EXPECT_EQ(state.ask("select id::text from placed"), "7");
    // Beside it they come along.
    const auto beside = restore_to_server(
        state.run, plan_restore(state.run, {Target::Kind::set, created.set.id, {}, {}}),
        state.directory() / "beside");
    pg::Connection connection(beside.server->settings("postgres", "lumina_db"));
    EXPECT_EQ(connection.query("select id::text from placed").front().text(0), "7");
    EXPECT_TRUE(fs::exists(state.directory() / "beside" / "data.tablespaces"));
}

TEST(RestoreInPlace, WhatAKilledOneWasRecoveringIsRemovedOnceNoneIsAtWork) {
    const servers::PrivateState state;
    const auto place = recovery_place(state.run);
    fs::create_directories(place / "data");
    {
        const auto lock =
            FileLock::try_lock(place.parent_path() / "restoring.lock", "another restore");
        ASSERT_TRUE(lock);
        EXPECT_FALSE(killed_after_placing(state.run));
        EXPECT_TRUE(fs::exists(place));
    }
    EXPECT_FALSE(killed_after_placing(state.run));
    EXPECT_FALSE(fs::exists(place));
}

TEST(RestoreInPlace, AfterTheLossOfAllDataTheStreamGivesTheLastSecond) {
    BackedUp state;
    state.note(1);
    const auto set = create(state.run, Kind::full).set;
    Stream stream(state.run);
    stream.start();
    ASSERT_TRUE(await([&] { return stream.status().is_streaming; })) << stream.status().problem;
    state.note(2);
    ASSERT_TRUE(await([&] { return stream.status().lag_bytes == 0; }));
    for (const auto& status : servers::status(state.run)) {
        if (status.running()) {
            ::kill(status.process, SIGKILL);
        }
    }
    servers::stop(state.run);
    remove_tree(state.run.state.postgres_data());
    const auto plan = plan_restore(state.run, {Target::Kind::latest, {}, {}, {}});
    EXPECT_TRUE(plan.uses_stream);
    restore_in_place(state.run, plan);
    EXPECT_EQ(state.ask("select string_agg(id::text, ',' order by id) from notes"), "1,2");
    // The receiver comes back by itself, on the new timeline.
    EXPECT_TRUE(await([&] { return stream.status().is_streaming; })) << stream.status().problem;
    stream.stop();
    EXPECT_EQ(state.ask("select count(*)::text from pg_replication_slots"), "0");
}

TEST(ClusterChange, ANewClusterOfThePlatformIsNeverMixedWithTheOldOne) {
    BackedUp state;
    state.note(1);
    const auto old = create(state.run, Kind::full).set;
    servers::wipe(state.run);
    servers::start(state.run);
    state.script("create database lumina_db", "postgres");
    state.script("create table notes (id integer primary key, text text not null)");
    state.note(7);
    EXPECT_FALSE(has_base(state.run, ""));
    const auto fresh = create(state.run, Kind::incremental);
    EXPECT_TRUE(fresh.became_full);
    EXPECT_TRUE(has_base(state.run, ""));
    EXPECT_NE(fresh.set.system_identifier, old.system_identifier);
    for (const auto& each : info(state.run).backups) {
        EXPECT_EQ(each.mistake, "");
    }
    // The old one's sets are still restorable.
    const auto recovered =
        restore_to_server(state.run, plan_restore(state.run, {Target::Kind::set, old.id, {}, {}}),
                          state.directory() / "old");
    EXPECT_EQ(notes_in(*recovered.server), "1");
}

}  // namespace
}  // namespace caisson::backups::physical
