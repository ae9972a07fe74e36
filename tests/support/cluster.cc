// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster.h"

#include <atomic>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"
#include "tests/support/free_port.h"
#include "tests/support/server.h"

namespace caisson::test {
namespace {

using namespace std::chrono_literals;

/// The processes that a process has started.
std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const pid_t process = std::atoi(entry.path().filename().c_str());
        if (process <= 0) {
            continue;
        }
        std::ifstream file(entry.path() / "stat");
        const std::string text(std::istreambuf_iterator<char>(file), {});
        const auto name_end = text.rfind(')');
        if (name_end != std::string::npos &&
            std::atoi(text.c_str() + std::min(name_end + 4, text.size())) == parent) {
            children.push_back(process);
        }
    }
    return children;
}

}  // namespace

Cluster::Cluster(Empty) {
    static std::atomic<int> count{0};
    directory_ = fs::temp_directory_path() / fmt::format("caisson-cl-{}-{}", ::getpid(), ++count);
    make_directory(directory_, 0700, server_account());
}

Cluster::Cluster() : Cluster(Empty()) {
    run_as_owner({newest_server() / "initdb", "-D", directory_ / "data", "-U", "postgres", "-N",
                  "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8"});
    configure("listen_addresses = ''\n");
    guard();
    start();
}

std::unique_ptr<Cluster> Cluster::replica_of(const Cluster& primary) {
    std::unique_ptr<Cluster> replica(new Cluster(Empty()));
    replica->run_as_owner({newest_server() / "pg_basebackup", "-D", replica->directory_ / "data",
                           "-h", primary.directory_, "-U", "postgres", "-c", "fast", "-N", "-R"});
    replica->guard();
    replica->start();
    return replica;
}

std::unique_ptr<Cluster> Cluster::with_tls(const std::string& name) {
    auto cluster = std::make_unique<Cluster>();
    pg::Connection(cluster->settings()).script("create role scram login password 'secret'");
    cluster->stop();
    const auto made = self_signed_certificate(name, {name});
    const auto account = server_account();
    write_file(cluster->certificate(), made.certificate, 0644, account);
    write_file(cluster->directory_ / "server.key", made.key.reveal(), 0600, account);
    cluster->port_ = free_port();
    cluster->configure(
        fmt::format("listen_addresses = '127.0.0.1'\nport = {}\nssl = on\nssl_cert_file = '{}'\n"
                    "ssl_key_file = '{}/server.key'\n",
                    cluster->port_, cluster->certificate().string(), cluster->directory_.string()));
    const auto hba = cluster->directory_ / "data/pg_hba.conf";
    write_file(hba, "hostssl all scram 127.0.0.1/32 scram-sha-256\n" + read_file(hba), 0600,
               account);
    cluster->start();
    return cluster;
}

/// Ends the server and removes the directory if this program ends without having done it.
void Cluster::guard() {
    const auto script = fmt::format(
        "while [ -d /proc/{} ] && [ -d {}/data ]; do sleep 0.3; done; "
        "kill -9 $(head -1 {}/data/postmaster.pid 2>/dev/null) 2>/dev/null; sleep 0.3; rm -rf {}",
        ::getpid(), directory_.string(), directory_.string(), directory_.string());
    guard_ = caisson::start({{"/bin/sh", "-c", script}, {}, {}, server_account(), {}}, "/dev/null");
}

void Cluster::run_as_owner(const std::vector<std::string>& command) const {
    const auto done = run({command, {}, {}, server_account(), {}}, 60s);
    if (!done.fine()) {
        throw Error(Code::server_failed, command.front() + ": " + done.errors);
    }
}

/// In the file, so that a test can say otherwise while it runs.
void Cluster::configure(const std::string& lines) const {
    const auto file = directory_ / "data/postgresql.conf";
    write_file(file, read_file(file) + lines, 0600, server_account());
}

void Cluster::promote() { pg::Connection(settings()).query("select pg_promote(true, 60)"); }

void Cluster::follow(const Cluster& primary) {
    pg::Connection connection(settings());
    connection.query(fmt::format(
        "alter system set primary_conninfo = {}",
        pg::literal(fmt::format("host={} user=postgres", primary.directory_.string()))));
    connection.query("select pg_reload_conf()");
}

Cluster::~Cluster() {
    try {
        resume();
        kill();
        remove_tree(directory_);
        wait_until_gone(guard_, 5s);
    } catch (const Error&) {
        // The guard removes what is left.
    }
}

void Cluster::start() {
    std::vector<std::string> command{newest_server() / "postgres", "-D", directory_ / "data", "-k",
                                     directory_};
    for (const char* const setting : {"fsync=off", "max_connections=40"}) {
        command.insert(command.end(), {"-c", setting});
    }
    postmaster_ = caisson::start({command, {}, {}, server_account(), {}}, directory_ / "log");
    for (int attempt = 0;; ++attempt) {
        try {
            const pg::Connection connection(settings());
            return;
        } catch (const Error&) {
            if (attempt > 3000) {
                throw;
            }
            ::poll(nullptr, 0, 10);
        }
    }
}

void Cluster::signal_all(int signal) const {
    // The parent first, so that it starts no others meanwhile.
    if (postmaster_ > 0) {
        ::kill(postmaster_, signal);
        for (const auto child : children_of(postmaster_)) {
            ::kill(child, signal);
        }
    }
}

void Cluster::kill() {
    if (postmaster_ > 0) {
        ::kill(postmaster_, SIGSTOP);
        const auto children = children_of(postmaster_);
        for (const auto child : children) {
            ::kill(child, SIGKILL);
        }
        ::kill(postmaster_, SIGKILL);
        wait_until_gone(postmaster_, 10s);
        for (const auto child : children) {
            wait_until_gone(child, 10s);
        }
        postmaster_ = -1;
    }
}

void Cluster::stop() {
    ::kill(postmaster_, SIGINT);
    wait_until_gone(postmaster_, 20s);
    postmaster_ = -1;
}

void Cluster::pause() { signal_all(SIGSTOP); }

void Cluster::resume() { signal_all(SIGCONT); }

pg::Settings Cluster::settings() const {
    pg::Settings settings;
    settings.host = directory_;
    settings.port = port_ == 0 ? settings.port : port_;
    settings.database = "postgres";
    settings.user = "postgres";
    return settings;
}

}  // namespace caisson::test
