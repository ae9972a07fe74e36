// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/selftest/stage.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/redis/connection.h"
#include "lifecycle/servers/programs.h"
#include "lifecycle/servers/servers.h"
#include "operations/monitor/sample/catalogue.h"
#include "trust/redis.h"

namespace caisson::selftest {
namespace {

using namespace std::chrono_literals;

constexpr const char* database_name = "selftest";
constexpr const char* monitor_name = "selftest_monitor";
constexpr const char* prefix = "caisson-selftest-";

/// Random, and only ever on servers that are gone in a minute.
const std::string& monitor_password() {
    static const std::string password = random_secret().reveal();
    return password;
}

trust::Run run_below(const trust::Run& like, const fs::path& directory) {
    trust::Run run;
    run.manifest.name = "selftest";
    run.manifest.directory = directory;
    run.manifest.file = directory / "caisson.toml";
    run.manifest.server.postgres = {{"max_connections", "30"},
                                    {"max_prepared_transactions", "2"},
                                    {"deadlock_timeout", "10ms"},
                                    {"wal_receiver_status_interval", "1s"},
                                    {"max_locks_per_transaction", "16"},
                                    {"fsync", "off"},
                                    {"autovacuum", "off"},
                                    {"autovacuum_freeze_max_age", "2000000000"},
                                    {"autovacuum_multixact_freeze_max_age", "2000000000"}};
    platform::Database database;
    database.key = "main";
    database.name = database_name;
    run.manifest.databases = {database};
    run.environment.name = "local";
    run.environment.is_private = true;
    run.variables = like.variables;
    run.account = like.account ? like.account : platform::server_account();
    run.state.root = directory / "state";
    run.state.sockets = directory / "run";
    return run;
}

/// Ends what runs below the directory, whosoever's it was: nothing else works there.
void clear(const fs::path& directory) {
    ::umount2((directory / "disk").c_str(), MNT_DETACH);
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code gone;
        const auto place = fs::read_symlink(entry.path() / "cwd", gone).string();
        if (!gone && place.starts_with(directory.string() + "/")) {
            pid_t process = 0;
            const auto name = entry.path().filename().string();
            std::from_chars(name.data(), name.data() + name.size(), process);
            if (process > 1) {
                ::kill(process, SIGKILL);
                wait_until_gone(process, 5s);
            }
        }
    }
    remove_tree(directory);
}

/// Directories of runs that were killed: their names say by which process they were made.
void sweep() {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/tmp", failure)) {
        const auto name = entry.path().filename().string();
        struct stat status {};
        if (!name.starts_with(prefix) || ::lstat(entry.path().c_str(), &status) != 0 ||
            !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) {
            continue;
        }
        pid_t owner = 0;
        const auto* const begin = name.data() + std::string_view(prefix).size();
        std::from_chars(begin, name.data() + name.size(), owner);
        if (owner > 0 && !is_alive(owner)) {
            clear(entry.path());
        }
    }
}

fs::path make_place() {
    sweep();
    auto name = fmt::format("/tmp/{}{}-XXXXXX", prefix, ::getpid());
    if (!::mkdtemp(name.data())) {
        throw_file_error("make", name, errno);
    }
    ::chmod(name.c_str(), 0755);  // The servers' account goes through it.
    return name;
}

}  // namespace

/// A statement in a thread; cancelled by the end of its session.
struct Stage::Waiter {
    Waiter(const pg::Settings& settings, const std::string& statement)
        : connection(settings), thread([this, statement] {
              try {
                  connection.script(statement);
              } catch (const std::exception&) {
                  // It is ended from outside: that is its purpose.
              }
          }) {}
    pg::Connection connection;
    std::thread thread;
};

Stage::Stage(const trust::Run& like)
    : directory_(make_place()), receiver_(random_secret().reveal()) {
    run_ = run_below(like, directory_);
    try {
        prepare();
    } catch (...) {
        clear(directory_);
        throw;
    }
}

Stage::~Stage() {
    try {
        end_sessions();
        collector_.reset();
        standby_collector_.reset();
        admin_.reset();
        standby_.reset();
    } catch (...) {
        // What is left of them ends with the servers.
    }
    try {
        clear(directory_);
    } catch (...) {
        // The next run sweeps it.
    }
}

void Stage::prepare() {
    servers::start(run_);
    reset_proc();
    {
        pg::Connection server(trust::server_settings(run_, run_.manifest.databases.front()));
        server.script(
            fmt::format("create role {} login password {} in role pg_monitor", monitor_name,
                        pg::literal(server.scram_verifier(monitor_name, monitor_password()))));
        server.query(fmt::format("create database {}", database_name));
    }
    admin().script(
        "create extension if not exists pg_stat_statements; create table ballast (text text)");
}

pg::Settings Stage::as_admin() const {
    return trust::admin_settings(run_, run_.manifest.databases.front());
}

pg::Settings Stage::as_monitor(std::uint16_t port) const {
    auto settings = as_admin();
    settings.user = monitor_name;
    settings.password = Secret(monitor_password());
    settings.port = port;
    settings.connect_limit = 2s;
    return settings;
}

pg::Connection& Stage::admin() {
    if (!admin_ || admin_->is_broken() || admin_->has_ended()) {
        admin_ = std::make_unique<pg::Connection>(as_admin());
    }
    return *admin_;
}

pg::Connection& Stage::session() {
    sessions_.push_back(std::make_unique<pg::Connection>(as_admin()));
    return *sessions_.back();
}

void Stage::wait_in_background(const std::string& statement) {
    waiters_.push_back(std::make_unique<Waiter>(as_admin(), statement));
}

void Stage::end_sessions() {
    std::vector<int> processes;
    for (const auto& waiter : waiters_) {
        processes.push_back(waiter->connection.backend_process());
    }
    sessions_.clear();
    if (!processes.empty()) {
        for (const auto process : processes) {
            admin().query("select pg_terminate_backend($1)", {process});
        }
        for (const auto& waiter : waiters_) {
            waiter->thread.join();
        }
        waiters_.clear();
    }
}

redis::Settings Stage::redis_settings() const { return *trust::redis_client(run_); }

void Stage::stop_postgres() {
    admin_.reset();
    standby_.reset();
    run_program("pg_ctl", {"-D", data(), "-m", "fast", "-w", "stop"});
}

void Stage::start_postgres() { servers::start(run_); }

void Stage::kill_redis() {
    for (const auto& status : servers::status(run_)) {
        if (status.server == servers::Server::redis && status.running()) {
            ::kill(status.process, SIGKILL);
            wait_until_gone(status.process, 5s);
        }
    }
}

void Stage::start_redis() { servers::start(run_); }

void Stage::run_program(const std::string& program, const std::vector<std::string>& arguments) {
    Command command;
    command.arguments = {servers::find_programs(run_).postgres.program(program)};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"PGPASSFILE", run_.state.passfile().string()}, {"LC_ALL", "C"}};
    command.directory = data();
    command.account = run_.account;
    const auto finished = caisson::run(command, 60s);
    if (!finished.fine()) {
        throw Error(Code::server_failed,
                    fmt::format("{}: {}", program, trim(finished.errors + finished.output)));
    }
}

void Stage::set(const std::string& name, const std::string& value) {
    admin().query(fmt::format("alter system set {} = {}", name, pg::literal(value)));
    admin().query("select pg_reload_conf()");
}

void Stage::reset(const std::string& name) {
    admin().query(fmt::format("alter system reset {}", name));
    admin().query("select pg_reload_conf()");
}

void Stage::write_log(int megabytes) {
    for (int i = 0; i < megabytes; ++i) {
        admin().query(
            "insert into ballast select repeat(md5(i::text), 32) from generate_series(1, 900) i");
    }
    admin().query("truncate ballast");
}

void Stage::make_standby() {
    const auto place = directory_ / "standby";
    const auto settings = as_admin();
    run_program("pg_basebackup",
                {"-D", place, "-h", settings.host, "-p", std::to_string(settings.port), "-U",
                 settings.user, "-R", "-c", "fast", "-X", "stream"});
    run_program("pg_ctl",
                {"-D", place, "-w", "-l", (place / "standby.log").string(), "-o",
                 fmt::format("-c port={} -c wal_retrieve_retry_interval=200ms", settings.port + 1),
                 "start"});
}

pg::Connection& Stage::standby() {
    if (!has_standby_) {
        remove_tree(directory_ / "standby");
        make_directory(directory_ / "standby", 0700, run_.account);
        make_standby();
        has_standby_ = true;
    }
    if (!standby_ || standby_->is_broken() || standby_->has_ended()) {
        auto settings = as_admin();
        settings.port = static_cast<std::uint16_t>(settings.port + 1);
        standby_ = std::make_unique<pg::Connection>(settings);
    }
    return *standby_;
}

void Stage::await_standby() {
    standby();
    for (int i = 0; i < 400; ++i) {
        if (!admin()
                 .query("select from pg_stat_replication where replay_lsn is not null")
                 .empty()) {
            return;
        }
        ::poll(nullptr, 0, 50);
    }
    throw Error(Code::server_failed, "the standby does not stream");
}

std::string Stage::proc(const std::string& file) const {
    return read_file(directory_ / "proc" / file);
}

void Stage::set_proc(const std::string& file, const std::string& text) {
    const auto path = directory_ / "proc" / file;
    ensure_directory(path.parent_path());
    write_file(path, text);
}

void Stage::reset_proc() {
    for (const std::string file : {"stat", "loadavg", "meminfo", "vmstat", "uptime"}) {
        if (const auto text = read_if_exists(fs::path("/proc") / file)) {
            set_proc(file, *text);
        }
    }
    // A machine at rest: what the real one is busy with must fire nothing here.
    set_proc("loadavg", "0.10 0.10 0.10 1/100 4242\n");
    set_proc("meminfo",
             "MemTotal: 1000000 kB\nMemFree: 900000 kB\nMemAvailable: 900000 kB\nBuffers: 0 "
             "kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
}

void Stage::inject(const std::string& metric, double value, monitor::Labels labels) {
    injected_.push_back({monitor::metric(metric).name, std::move(labels), value});
}

void Stage::take_back() { injected_.clear(); }

fs::path Stage::small_disk(int kilobytes, int files) {
    const auto place = directory_ / "disk";
    make_directory(place, 0755);
    const auto options = fmt::format("size={}k,nr_inodes={}", kilobytes, files);
    if (::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
        return {};
    }
    disk_ = place;
    collector_.reset();  // It looks at other places now.
    return place;
}

void Stage::remove_disk() {
    if (!disk_.empty()) {
        ::umount2(disk_.c_str(), MNT_DETACH);
        disk_.clear();
        collector_.reset();
    }
}

monitor::Collector& Stage::collector() {
    monitor::Limits limits;
    limits.interval = 5s;
    const auto port = as_admin().port;
    if (of_standby_) {
        if (!standby_collector_) {
            monitor::Targets targets;
            targets.databases = {{database_name, as_monitor(static_cast<std::uint16_t>(port + 1))}};
            standby_collector_ = std::make_unique<monitor::Collector>(std::move(targets), limits);
        }
        return *standby_collector_;
    }
    if (!collector_) {
        monitor::Targets targets;
        targets.databases = {{database_name, as_monitor(port)}};
        auto redis = redis_settings();
        redis.connect_limit = 1s;
        redis.answer_limit = 1s;
        targets.redis = redis;
        targets.host.proc = directory_ / "proc";
        if (!disk_.empty()) {
            targets.host.disks = {disk_};
        }
        collector_ = std::make_unique<monitor::Collector>(std::move(targets), limits);
    }
    return *collector_;
}

monitor::Sample Stage::sample() {
    auto sample = collector().collect(true);
    for (const auto& reading : injected_) {
        std::erase_if(sample.readings,
                      [&](const monitor::Reading& each) { return each.metric == reading.metric; });
    }
    for (const auto& reading : injected_) {
        sample.add(reading.metric, reading.value, reading.labels);
    }
    sample.finish();
    return sample;
}

}  // namespace caisson::selftest
