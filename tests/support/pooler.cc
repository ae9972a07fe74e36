// SPDX-License-Identifier: Apache-2.0
#include "tests/support/pooler.h"

#include <atomic>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/process.h"
#include "drivers/pg/connection.h"
#include "tests/support/server.h"

namespace caisson::test {
namespace {

using namespace std::chrono_literals;

fs::path program() {
    for (const char* const place : {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"}) {
        if (fs::exists(place)) {
            return place;
        }
    }
    return {};
}

}  // namespace

bool Pooler::is_installed() { return !program().empty(); }

Pooler::Pooler(const pg::Settings& server) : settings_(server) {
    static std::atomic<int> count{0};
    directory_ = fs::temp_directory_path() / fmt::format("caisson-pb-{}-{}", ::getpid(), ++count);
    const auto account = server_account();
    make_directory(directory_, 0700, account);
    write_file(directory_ / "users", fmt::format("\"{}\" \"\"\n", server.user), 0600, account);
    write_file(directory_ / "ini",
               fmt::format("[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr =\n"
                           "unix_socket_dir = {}\nlisten_port = 6432\nauth_type = trust\n"
                           "auth_file = {}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
                           "max_client_conn = 100\nlogfile =\npidfile =\nstats_users = {}\n",
                           server.host, server.port, directory_.string(), directory_.string(),
                           server.user),
               0600, account);
    settings_.host = directory_;
    settings_.port = 6432;
    process_ = caisson::start({{program(), "-q", directory_ / "ini"}, {}, {}, account, {}},
                              directory_ / "log");
    for (int attempt = 0;; ++attempt) {
        try {
            const pg::Connection connection(settings_);
            return;
        } catch (const Error&) {
            if (attempt > 1000) {
                throw;
            }
            ::poll(nullptr, 0, 10);
        }
    }
}

Pooler::~Pooler() {
    ::kill(process_, SIGKILL);
    wait_until_gone(process_, 5s);
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

}  // namespace caisson::test
