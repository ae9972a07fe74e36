// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres.h"

#include <atomic>
#include <cstdlib>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"
#include "tests/support/server.h"

namespace caisson::test {
namespace {

using namespace std::chrono_literals;

const Secret superuser_password{"test"};

}  // namespace

fs::path newest_server() {
    for (const int major : {18, 17, 16, 15}) {
        const fs::path directory = fmt::format("/usr/lib/postgresql/{}/bin", major);
        if (fs::exists(directory / "postgres")) {
            return directory;
        }
    }
    throw Error(Code::server_missing, "no PostgreSQL below /usr/lib/postgresql");
}

/// The server refuses to run as root.
std::optional<Account> server_account() {
    return ::geteuid() == 0 ? find_account("caisson") : std::nullopt;
}

Postgres& Postgres::shared() {
    static Postgres server;
    return server;
}

Postgres::Postgres()
    : directory_(fs::temp_directory_path() / fmt::format("caisson-pg-{}", ::getpid())) {
    const auto account = server_account();
    const auto programs = newest_server();
    make_directory(directory_, 0700, account);
    write_file(directory_ / "password", superuser_password.reveal(), 0600, account);
    const auto initdb = run({{programs / "initdb", "-D", directory_ / "data", "-U", "postgres",
                              "-N", "-A", "scram-sha-256", "--pwfile", directory_ / "password",
                              "--encoding=UTF8", "--locale=C.UTF-8"},
                             {},
                             {},
                             account,
                             {}},
                            60s);
    if (!initdb.fine()) {
        throw Error(Code::server_failed, "initdb: " + initdb.errors);
    }
    // The guard ends the server when this program is gone, even by kill -9.
    const auto guard = fmt::format(
        "\"$0\" -D {0}/data -k {0} -c listen_addresses= -c fsync=off -c full_page_writes=off -c "
        "max_connections=60 "
        "-c wal_level=logical -c shared_preload_libraries=pg_stat_statements & "
        "while [ -d /proc/{1} ] && kill -0 $! 2>/dev/null; do sleep 0.2; done; kill -QUIT "
        "$!; wait; rm -rf {0}",
        directory_.string(), ::getpid());
    process_ = start({{"/bin/sh", "-c", guard, programs / "postgres"}, {}, {}, account, {}},
                     directory_ / "log");
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

Postgres::~Postgres() {
    try {
        const auto pid = read_if_exists(directory_ / "data" / "postmaster.pid").value_or("");
        if (const int postmaster = std::atoi(pid.c_str()); postmaster > 0) {
            ::kill(postmaster, SIGINT);
            wait_until_gone(postmaster, 10s);
        }
        wait_until_gone(process_, 5s);
        remove_tree(directory_);
    } catch (const Error&) {
        // The guard removes what is left.
    }
}

pg::Settings Postgres::settings() const {
    pg::Settings settings;
    settings.host = directory_;
    settings.database = "postgres";
    settings.user = "postgres";
    settings.password = superuser_password;
    return settings;
}

Database::Database() {
    static std::atomic<int> count{0};
    name_ = fmt::format("test_{}", ++count);
    pg::Connection(Postgres::shared().settings())
        .query(fmt::format("create database {} template template0", pg::identifier(name_)));
}

Database::~Database() {
    try {
        pg::Connection(Postgres::shared().settings())
            .query(fmt::format("drop database {} with (force)", pg::identifier(name_)));
    } catch (const Error&) {
        // It goes with the server.
    }
}

pg::Settings Database::settings() const {
    auto settings = Postgres::shared().settings();
    settings.database = name_;
    return settings;
}

Directory::Directory() {
    static std::atomic<int> count{0};
    path_ = fs::temp_directory_path() / fmt::format("caisson-test-{}-{}", ::getpid(), ++count);
    make_directory(path_, 0755);
}

Directory::~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path Directory::write(const fs::path& name, std::string_view contents) const {
    fs::create_directories((path_ / name).parent_path());
    write_file(path_ / name, contents);
    return path_ / name;
}

}  // namespace caisson::test
