// SPDX-License-Identifier: Apache-2.0
#include "tests/support/redis_server.h"

#include <atomic>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "tests/support/free_port.h"

namespace caisson::test {

using namespace std::chrono_literals;

RedisServer::RedisServer() : RedisServer(Options{}) {}

RedisServer::RedisServer(Options options) : options_(std::move(options)), port_(free_port()) {
    static std::atomic<int> number{0};
    directory_ = fs::temp_directory_path() /
                 fmt::format("caisson-redis-{}-{}", ::getpid(), number.fetch_add(1));
    make_directory(directory_, 0700);
    std::string text =
        fmt::format("dir {0}\npidfile {0}/pid\nlogfile {0}/log\n", directory_.string());
    if (options_.sentinel) {
        text += fmt::format("port {}\nbind 127.0.0.1\n", port_);
    } else if (options_.tls) {
        const auto made = self_signed_certificate("localhost", {"localhost"});
        write_file(certificate(), made.certificate, 0600);
        write_file(directory_ / "tls.key", made.key.reveal(), 0600);
        text += fmt::format(
            "port 0\ntls-port {0}\nbind 127.0.0.1\ntls-cert-file {1}/tls.crt\ntls-key-file "
            "{1}/tls.key\ntls-ca-cert-file {1}/tls.crt\ntls-auth-clients no\n",
            port_, directory_.string());
    } else {
        text += fmt::format("port {}\nbind 127.0.0.1\n", port_);
    }
    if (!options_.sentinel) {
        text += fmt::format(
            "unixsocket {}/redis.sock\nrequirepass of-a-test-alone\nmasterauth "
            "of-a-test-alone\nsave "
            "\"\"\nenable-debug-command yes\n",
            directory_.string());
    }
    write_file(directory_ / "redis.conf", text + options_.lines, 0600);
    start();
}

RedisServer::~RedisServer() {
    kill();
    try {
        remove_tree(directory_);
    } catch (const Error&) {
        // The guard of a program that is gone removes what is left.
    }
}

void RedisServer::start() {
    // The guard ends the server when this program is gone, even by kill -9.
    const auto guard = fmt::format(
        "redis-server {0}/redis.conf {2} & while [ -d /proc/{1} ] && kill -0 $! 2>/dev/null; do "
        "sleep 0.2; "
        "done; kill -KILL $! 2>/dev/null; wait; [ -d /proc/{1} ] || rm -rf {0}",
        directory_.string(), ::getpid(), options_.sentinel ? "--sentinel" : "");
    guard_ = caisson::start({{"/bin/sh", "-c", guard}, {}, {}, {}, {}}, directory_ / "output");
    for (int attempt = 0;; ++attempt) {
        try {
            redis::Connection connection(options_.sentinel ? tcp_settings() : settings());
            if (connection.command({"PING"}).text() == "PONG") {
                return;
            }
        } catch (const Error&) {
            if (attempt > 3000) {
                throw;
            }
        }
        ::poll(nullptr, 0, 5);
    }
}

pid_t RedisServer::server() const {
    const auto text = read_if_exists(directory_ / "pid").value_or("");
    return text.empty() ? -1 : static_cast<pid_t>(std::stol(std::string(trim(text))));
}

void RedisServer::kill() {
    if (guard_ < 0) {
        return;
    }
    if (const auto process = server(); process > 0) {
        ::kill(process, SIGKILL);
    }
    try {
        wait_until_gone(guard_, 5s);
    } catch (const Error&) {
        // It goes when we do.
    }
    guard_ = -1;
    std::error_code ignored;
    fs::remove(directory_ / "pid", ignored);
    fs::remove(directory_ / "redis.sock", ignored);
}

void RedisServer::pause() { ::kill(server(), SIGSTOP); }

void RedisServer::resume() { ::kill(server(), SIGCONT); }

redis::Settings RedisServer::settings() const {
    redis::Settings settings;
    settings.socket = directory_ / "redis.sock";
    settings.password = Secret("of-a-test-alone");
    return settings;
}

redis::Settings RedisServer::tcp_settings() const {
    redis::Settings settings;
    settings.port = port_;
    if (!options_.sentinel) {
        settings.password = Secret("of-a-test-alone");
    }
    if (options_.tls) {
        settings.host = "localhost";
        settings.tls.emplace().root = certificate();
    }
    return settings;
}

}  // namespace caisson::test
