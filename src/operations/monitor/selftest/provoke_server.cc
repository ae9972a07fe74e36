// SPDX-License-Identifier: Apache-2.0
/// Sessions, locks, transactions, sequences, pages.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "operations/monitor/selftest/provocation.h"

namespace caisson::selftest {
namespace {

void end_sessions(Stage& stage) { stage.end_sessions(); }

std::string idle_in_transaction(Stage& stage) {
    stage.session().script("begin; select 1");
    return {};
}

std::string leave_prepared(Stage& stage) {
    stage.session().script("begin; select 1; prepare transaction 'left behind'");
    return {};
}
void end_prepared(Stage& stage) {
    stage.end_sessions();
    stage.admin().query("rollback prepared 'left behind'");
}

std::string run_long(Stage& stage) {
    stage.wait_in_background("select pg_sleep(600)");
    return {};
}

std::string block_sessions(Stage& stage) {
    stage.session().script("begin; lock table ballast in access exclusive mode");
    for (int i = 0; i < 6; ++i) {
        stage.wait_in_background("select count(*) from ballast");
    }
    return {};
}

std::string use_connections(Stage& stage) {
    const auto free = stage.admin()
                          .query(
                              "select current_setting('max_connections')::int - "
                              "current_setting('superuser_reserved_connections')::int - "
                              "count(*) as free from pg_stat_activity where backend_type = "
                              "'client backend'")
                          .front()
                          .integer("free");
    // One for the monitor, should it have to come back.
    for (std::int64_t i = 1; i < free; ++i) {
        stage.session();
    }
    return {};
}

std::string fill_locks(Stage& stage) {
    stage.session().query(
        "select count(pg_advisory_lock(i)) from generate_series(1, (select "
        "current_setting('max_locks_per_transaction')::int * "
        "current_setting('max_connections')::int / 3)) i");
    return {};
}

std::string use_sequence(Stage& stage) {
    stage.admin().script(
        "create sequence short maxvalue 1000; select setval('short', 990); "
        // pg_monitor alone does not show how far a sequence is.
        "grant select on sequence short to selftest_monitor");
    return {};
}

std::string roll_back(Stage& stage) {
    stage.sample();
    for (int i = 0; i < 60; ++i) {
        stage.admin().script("begin; select txid_current(); rollback");
    }
    stage.admin().query("select pg_stat_force_next_flush()");
    stage.admin().query("select 1");
    return {};
}

void commit_much(Stage& stage) {
    for (int i = 0; i < 300; ++i) {
        stage.admin().script("begin; select txid_current(); commit");
    }
    stage.admin().query("select pg_stat_force_next_flush()");
}

std::string deadlock(Stage& stage) {
    auto& admin = stage.admin();
    admin.script(
        "create table pair (id integer primary key, x integer); "
        "insert into pair values (1, 0), (2, 0)");
    stage.sample();
    for (int i = 0; i < 8; ++i) {
        auto& first = stage.session();
        first.script("begin; update pair set x = 1 where id = 1");
        stage.wait_in_background(
            "begin; update pair set x = 2 where id = 2; update pair set x = 2 where id = 1; "
            "rollback");
        while (admin.query("select from pg_stat_activity where wait_event_type = 'Lock'").empty()) {
            ::usleep(1000);
        }
        // Its own look for a deadlock is over: the next one to wait is the one that is chosen.
        ::usleep(50'000);
        try {
            first.query("update pair set x = 1 where id = 2");
        } catch (const pg::DatabaseError&) {
            // One of both is chosen.
        }
        first.script("rollback; select pg_stat_force_next_flush()");
    }
    return {};
}

void end_deadlocks(Stage& stage) {
    stage.end_sessions();
    stage.admin().query("drop table pair");
}

/// A page that is not what was written: flipped while the server is down.
std::string break_page(Stage& stage) {
    auto& admin = stage.admin();
    if (admin.query("show data_checksums").front().text(std::size_t{0}) != "on") {
        return "the server keeps no checksums";
    }
    admin.script("create table broken as select i from generate_series(1, 1000) i");
    const auto file =
        stage.data() /
        admin.query("select pg_relation_filepath('broken')").front().text(std::size_t{0});
    admin.query("checkpoint");
    stage.stop_postgres();
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    const std::string noise = "not what was written";
    const bool written =
        descriptor >= 0 && ::pwrite(descriptor, noise.data(), noise.size(), 4'000) > 0;
    ::close(descriptor);
    stage.start_postgres();
    if (!written) {
        return "the file cannot be written";
    }
    stage.sample();  // A restart is a gap: what is new is new since then.
    stage.sample();
    try {
        stage.admin().query("select count(*) from broken");
        return "the server did not notice";
    } catch (const pg::DatabaseError&) {
        return {};
    }
}

void forget_page(Stage& stage) { stage.admin().query("drop table broken"); }

/// The next transaction is so far ahead as if all those before it had been used. The segments that
/// the server looks for are made of zeros: nobody has ever used these ids.
std::string age_transactions(Stage& stage) {
    stage.stop_postgres();
    const auto zeros = [&](const fs::path& path, std::size_t bytes) {
        write_file(path, std::string(bytes, '\0'), 0600, stage.run().account);
    };
    // 1.7 thousand million: 1,048,576 of them in a segment, each takes two bits.
    constexpr std::uint32_t next = 1'700'000'000 / 1'048'576 * 1'048'576;
    zeros(stage.data() / "pg_xact" / fmt::format("{:04X}", next / 1'048'576), 262'144);
    // 65,536 in a segment, four bytes each.
    constexpr std::uint32_t multi = 1'700'000'000 / 65'536 * 65'536;
    zeros(stage.data() / "pg_multixact" / "offsets" / fmt::format("{:04X}", multi / 65'536),
          262'144);
    stage.run_program("pg_resetwal", {"-f", "-x", std::to_string(next), "-m",
                                      fmt::format("{},1", multi), stage.data()});
    stage.start_postgres();
    return {};
}

void freeze(Stage& stage) {
    auto& admin = stage.admin();
    for (const auto row : admin.query("select datname from pg_database")) {
        auto settings = admin.settings();
        settings.database = row.string("datname");
        if (settings.database == "template0") {
            admin.query("alter database template0 allow_connections true");
        }
        pg::Connection(settings).query("vacuum (freeze)");
        if (settings.database == "template0") {
            admin.query("alter database template0 allow_connections false");
        }
    }
}

std::string lock_functions(Stage& stage) {
    stage.admin().query("revoke execute on function pg_blocking_pids(integer) from public");
    return {};
}

void unlock_functions(Stage& stage) {
    stage.admin().query("grant execute on function pg_blocking_pids(integer) to public");
}

std::string stop(Stage& stage) {
    stage.stop_postgres();
    return {};
}

}  // namespace

std::vector<Provocation> server_provocations() {
    return {
        {.rule = "activity_used_percent",
         .note = "sessions until one is left",
         .provoke = use_connections,
         .mend = end_sessions},
        {.rule = "activity_longest_idle_in_transaction",
         .how = How::scaled,
         .note = "an idle transaction; 1 s instead of 5 min",
         .threshold = 1,
         .provoke = idle_in_transaction,
         .mend = end_sessions},
        {.rule = "activity_oldest_transaction",
         .how = How::scaled,
         .note = "an open transaction; 1 s instead of 10 min",
         .threshold = 1,
         .provoke = idle_in_transaction,
         .mend = end_sessions},
        {.rule = "activity_oldest_prepared_transaction",
         .how = How::scaled,
         .note = "a transaction that was prepared and left; 1 s instead of 10 min",
         .threshold = 1,
         .provoke = leave_prepared,
         .mend = end_prepared},
        {.rule = "activity_longest_query",
         .how = How::scaled,
         .note = "a statement that sleeps; 1 s instead of 5 min",
         .threshold = 1,
         .provoke = run_long,
         .mend = end_sessions},
        {.rule = "locks_blocked",
         .note = "six sessions wait for a lock",
         .provoke = block_sessions,
         .mend = end_sessions},
        {.rule = "locks_longest_wait",
         .how = How::scaled,
         .note = "a session waits for a lock; 1 s instead of 1 min",
         .threshold = 1,
         .provoke = block_sessions,
         .mend = end_sessions},
        {.rule = "locks_table_used_percent",
         .note = "a session takes a third of the locks there are",
         .provoke = fill_locks,
         .mend = end_sessions},
        {.rule = "sequences_used_percent",
         .note = "a sequence at 99 %",
         .provoke = use_sequence,
         .mend = [](Stage& stage) { stage.admin().query("drop sequence short"); }},
        {.rule = "databases_rollback_percent",
         .note = "60 transactions are rolled back",
         .provoke = roll_back,
         .mend = commit_much},
        {.rule = "databases_deadlocks_per_minute",
         .note = "eight deadlocks",
         .provoke = deadlock,
         .mend = end_deadlocks},
        {.rule = "unreadable",
         .how = How::scaled,
         .note = "a right is taken away; 1 s instead of 5 min",
         .threshold = 1,
         .provoke = lock_functions,
         .mend = unlock_functions},
        {.rule = "databases_new_checksum_failures",
         .note = "a page is altered on the disk",
         .provoke = break_page,
         .mend = forget_page},
        {.rule = "server_up",
         .note = "the server is stopped",
         .provoke = stop,
         .mend = [](Stage& stage) { stage.start_postgres(); }},
        {.rule = "databases_xid_used_percent",
         .how = How::simulated,
         .note = "pg_resetwal sets the next id to 1.7 thousand million",
         .provoke = age_transactions,
         .mend = freeze},
        {.rule = "databases_multixact_used_percent",
         .how = How::simulated,
         .note = "pg_resetwal sets the next id to 1.7 thousand million",
         .provoke = age_transactions,
         .mend = freeze},
    };
}

}  // namespace caisson::selftest
