// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where rules are provoked: private PostgreSQL and Redis, a standby, a /proc of our own, and a
/// receiver. All of it goes with the value, and what a killed run left goes with the next. Private
/// to the module.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operations/monitor/collect/collector.h"
#include "operations/monitor/selftest/receiver.h"
#include "trust/session.h"

namespace caisson::selftest {

class Stage {
 public:
    explicit Stage(const trust::Run& like);
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();

    const trust::Run& run() const { return run_; }
    Receiver& receiver() { return receiver_; }

    /// As the superuser, to the database of the test; connected anew where it has ended.
    pg::Connection& admin();
    /// One more session, kept until end_sessions().
    pg::Connection& session();
    void end_sessions();
    /// A statement that waits, in a session and a thread of its own, until end_sessions().
    void wait_in_background(const std::string& statement);
    redis::Settings redis_settings() const;

    void stop_postgres();
    void start_postgres();
    void kill_redis();
    void start_redis();
    /// Runs a program of PostgreSQL as the servers' account. Errors: server_failed.
    void run_program(const std::string& program, const std::vector<std::string>& arguments);
    fs::path data() const { return run_.state.postgres_data(); }
    fs::path directory() const { return directory_; }
    /// Sets a setting of the primary, and back: ALTER SYSTEM and a reload.
    void set(const std::string& name, const std::string& value);
    void reset(const std::string& name);
    /// Writes so many megabytes of the log.
    void write_log(int megabytes);

    /// A standby that streams; made at the first call.
    pg::Connection& standby();
    /// Waits until the primary has heard of it. Errors: server_failed after 20 s.
    void await_standby();
    /// Whether samples are of the standby from now on.
    void watch_standby(bool is_standby) { of_standby_ = is_standby; }
    /// A file of the /proc that samples are read from: that of a machine at rest.
    void set_proc(const std::string& file, const std::string& text);
    void reset_proc();
    std::string proc(const std::string& file) const;
    /// Takes the place of what is read, until it is taken back.
    void inject(const std::string& metric, double value, monitor::Labels labels = {});
    void take_back();
    /// A disk of so many kilobytes and files, as root; an empty path elsewhere.
    fs::path small_disk(int kilobytes, int files);
    void remove_disk();

    monitor::Sample sample();

 private:
    struct Waiter;
    monitor::Collector& collector();
    pg::Settings as_admin() const;
    pg::Settings as_monitor(std::uint16_t port) const;
    void make_standby();
    void prepare();

    trust::Run run_;
    fs::path directory_;
    fs::path disk_;
    Receiver receiver_;
    std::unique_ptr<pg::Connection> admin_;
    std::unique_ptr<pg::Connection> standby_;
    std::vector<std::unique_ptr<pg::Connection>> sessions_;
    std::vector<std::unique_ptr<Waiter>> waiters_;
    std::unique_ptr<monitor::Collector> collector_;
    std::unique_ptr<monitor::Collector> standby_collector_;
    std::vector<monitor::Reading> injected_;
    bool of_standby_ = false;
    bool has_standby_ = false;
};

}  // namespace caisson::selftest
