// SPDX-License-Identifier: Apache-2.0
/// Standbys, slots, the archive of the log.
#include "drivers/pg/quote.h"
#include "operations/monitor/selftest/provocation.h"

namespace caisson::selftest {
namespace {

std::string pause_replay(Stage& stage) {
    stage.standby().query("select pg_wal_replay_pause()");
    stage.write_log(4);
    return {};
}

void resume_replay(Stage& stage) {
    stage.standby().query("select pg_wal_replay_resume()");
    stage.admin().query("select txid_current()");
}

/// Where the standby's own words of its primary are kept meanwhile.
fs::path words_of(Stage& stage) { return stage.directory() / "primary_conninfo"; }

std::string cut_standby(Stage& stage) {
    auto& standby = stage.standby();
    write_file(words_of(stage),
               standby.query("show primary_conninfo").front().text(std::size_t{0}));
    standby.query("alter system set primary_conninfo = 'host=/nowhere'");
    standby.query("select pg_reload_conf()");
    return {};
}

void join_standby(Stage& stage) {
    auto& standby = stage.standby();
    standby.query("alter system set primary_conninfo = " + pg::literal(read_file(words_of(stage))));
    standby.query("select pg_reload_conf()");
}

/// What streams keeps its connection until it is ended.
std::string lose_standby(Stage& stage) {
    auto why = cut_standby(stage);
    stage.admin().query("select pg_terminate_backend(pid) from pg_stat_replication");
    return why;
}

std::string delay_replay(Stage& stage) {
    auto& standby = stage.standby();
    standby.query("alter system set recovery_min_apply_delay = '3s'");
    standby.query("select pg_reload_conf()");
    for (int i = 0; i < 5; ++i) {
        stage.admin().query("select txid_current()");
    }
    return {};
}

void hasten_replay(Stage& stage) {
    auto& standby = stage.standby();
    standby.query("alter system reset recovery_min_apply_delay");
    standby.query("select pg_reload_conf()");
}

std::string leave_slot(Stage& stage) {
    stage.admin().query("select pg_create_physical_replication_slot('left', true)");
    stage.write_log(4);
    return {};
}

void drop_slot(Stage& stage) {
    stage.admin().query("select pg_drop_replication_slot('left')");
    stage.reset("max_slot_wal_keep_size");
}

std::string lose_slot(Stage& stage) {
    stage.admin().query("select pg_create_physical_replication_slot('left', true)");
    stage.set("max_slot_wal_keep_size", "1MB");
    // What is kept beside goes only with a checkpoint.
    for (int i = 0; i < 6; ++i) {
        stage.write_log(1);
        stage.admin().query("select pg_switch_wal()");
        stage.admin().query("checkpoint");
    }
    return {};
}

std::string fail_to_archive(Stage& stage) {
    stage.set("archive_command", "exit 1");
    stage.write_log(1);
    stage.admin().query("select pg_switch_wal()");
    return {};
}

std::string hold_archive(Stage& stage) {
    stage.set("archive_command", "exit 1");
    for (int i = 0; i < 17; ++i) {
        stage.write_log(1);
        stage.admin().query("select pg_switch_wal()");
    }
    return {};
}

void archive(Stage& stage) {
    stage.set("archive_command", "true");
    stage.write_log(1);
    stage.admin().query("select pg_switch_wal()");
}

}  // namespace

std::vector<Provocation> replication_provocations() {
    return {
        {.rule = "replication_missing",
         .how = How::scaled,
         .note = "a standby loses its way to the primary; expected at once instead of after 10 min",
         .with_standby = true,
         .provoke = lose_standby,
         .mend = join_standby},
        {.rule = "replication_lag_bytes",
         .how = How::scaled,
         .note = "a standby does not replay; 1 MB instead of 50",
         .threshold = 1'048'576,
         .provoke = pause_replay,
         .mend = resume_replay},
        {.rule = "replication_replay_lag",
         .how = How::scaled,
         .note = "a standby replays 3 s late; 1 s instead of 30",
         .threshold = 1,
         .provoke = delay_replay,
         .mend = hasten_replay},
        {.rule = "replication_behind",
         .how = How::scaled,
         .note = "this standby does not replay; 1 s instead of 30",
         .threshold = 1,
         .of_standby = true,
         .provoke = pause_replay,
         .mend = resume_replay},
        {.rule = "replication_receiver_up",
         .note = "a standby is told a wrong address",
         .of_standby = true,
         .provoke = cut_standby,
         .mend = join_standby},
        {.rule = "slots_inactive",
         .how = How::scaled,
         .note = "a slot without a reader; 1 s instead of 15 min",
         .threshold = 1,
         .provoke = leave_slot,
         .mend = drop_slot},
        {.rule = "slots_retained",
         .how = How::scaled,
         .note = "a slot without a reader; 1 MB instead of 1 GB",
         .threshold = 1'048'576,
         .provoke = leave_slot,
         .mend = drop_slot},
        {.rule = "slots_lost",
         .note = "more log than a slot may keep",
         .provoke = lose_slot,
         .mend = drop_slot},
        {.rule = "archiver_failing",
         .note = "the archive command fails",
         .provoke = fail_to_archive,
         .mend = archive},
        {.rule = "archiver_longest_wait",
         .how = How::scaled,
         .note = "a segment that the archive command does not take; 1 s instead of 15 min",
         .threshold = 1,
         .provoke = fail_to_archive,
         .mend = archive},
        {.rule = "archiver_ready",
         .note = "seventeen segments, and an archive command that fails",
         .provoke = hold_archive,
         .mend = archive},
    };
}

}  // namespace caisson::selftest
