// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/support/private_state.h"
#include "trust/passfile.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string setting(pg::Connection& connection, const std::string& name) {
    return connection.query("select current_setting($1) as value", {name}).front().string("value");
}

/// A listener on a loopback port that the kernel chose.
class Listener {
 public:
    Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(socket_); }
    std::uint16_t port = 0;

 private:
    int socket_;
};

/// Writes until the file system is full.
bool fill(const fs::path& path) {
    std::ofstream file(path);
    const std::string block(65536, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
    return fs::exists(path);
}

std::uint16_t free_port() { return Listener().port; }

TEST(Servers, FromNothingToAnsweringAndBack) {
    const PrivateState state;
    const auto made = start(state.run);
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(notes_of(made[0]), "made: ");
    EXPECT_EQ(notes_of(made[1]), "made: ");
    auto connection = connect(state.run);
    EXPECT_EQ(setting(connection, "data_checksums"), "on");
    EXPECT_EQ(setting(connection, "server_encoding"), "UTF8");
    EXPECT_EQ(setting(connection, "lc_collate"), "C.UTF-8");
    EXPECT_EQ(setting(connection, "TimeZone"), "UTC");
    EXPECT_EQ(setting(connection, "listen_addresses"), "");
    EXPECT_EQ(setting(connection, "wal_level"), "logical");
    EXPECT_EQ(setting(connection, "archive_mode"), "on");
    EXPECT_EQ(setting(connection, "shared_preload_libraries"), "pg_stat_statements,auto_explain");
    EXPECT_EQ(setting(connection, "password_encryption"), "scram-sha-256");
    EXPECT_EQ(connection
                  .query("select count(*) as n from pg_hba_file_rules where auth_method <> "
                         "'scram-sha-256'")
                  .front()
                  .integer("n"),
              0);
    redis::Connection redis(redis_of(state.run));
    redis.command({"SET", "kept", "yes"});
    connection.query("create table kept as select 1");

    const auto again = start(state.run);
    EXPECT_EQ(notes_of(again[0]), "was running: ");
    EXPECT_EQ(notes_of(again[1]), "was running: ");
    EXPECT_EQ(again[0].process, made[0].process);
    EXPECT_EQ(again[1].process, made[1].process);

    const auto stopped = stop(state.run);
    EXPECT_TRUE(stopped[0].was_running);
    EXPECT_TRUE(stopped[1].was_running);
    EXPECT_FALSE(is_alive(made[0].process));
    EXPECT_FALSE(is_alive(made[1].process));
    EXPECT_FALSE(stop(state.run)[0].was_running);
    for (const auto& one : status(state.run)) {
        EXPECT_FALSE(one.running());
        EXPECT_EQ(one.detail, "not running");
    }

    const auto back = start(state.run);
    EXPECT_EQ(notes_of(back[0]), "started: ");
    EXPECT_EQ(notes_of(back[1]), "started: ");
    EXPECT_EQ(connect(state.run).query("select * from kept").size(), 1U);
    EXPECT_EQ(redis::Connection(redis_of(state.run)).command({"GET", "kept"}).text(), "yes");
    for (const auto& one : status(state.run)) {
        EXPECT_TRUE(one.answering) << one.detail;
        EXPECT_GT(one.latency, 0ns);
        EXPECT_THAT(one.version, testing::MatchesRegex("[0-9.]+"));
    }
    EXPECT_FALSE(wipe(state.run).empty());
    EXPECT_FALSE(fs::exists(state.run.state.root));
    EXPECT_TRUE(wipe(state.run).empty());
    EXPECT_EQ(status(state.run)[0].detail, "not made yet");
}

TEST(Servers, EverythingBelowTheStateIsTheServersOwnAndNobodyElses) {
    const PrivateState state;
    start(state.run);
    const uid_t owner = state.run.account ? state.run.account->user : ::geteuid();
    std::size_t secrets = 0;
    for (const auto& entry : fs::recursive_directory_iterator(state.run.state.root)) {
        struct stat found {};
        ASSERT_EQ(::lstat(entry.path().c_str(), &found), 0);
        EXPECT_EQ(found.st_uid, owner) << entry.path();
        if (S_ISDIR(found.st_mode)) {
            EXPECT_EQ(found.st_mode & 077U, 0U) << entry.path();
        }
        for (const auto& secret : {state.run.state.passfile(), state.run.state.redis_password(),
                                   state.run.state.redis_directory() / "redis.conf"}) {
            if (entry.path() == secret) {
                ++secrets;
                EXPECT_EQ(found.st_mode & 0777U, 0600U) << entry.path();
            }
        }
    }
    EXPECT_EQ(secrets, 3U);
    struct stat root {};
    ::stat(state.run.state.root.c_str(), &root);
    EXPECT_EQ(root.st_mode & 0777U, 0700U);
}

TEST(Servers, NoSecretStandsInAnyArgument) {
    const PrivateState state;
    const auto started = start(state.run);
    const auto passwords = {trust::Passfile::read(state.run.state.passfile())
                                .find(state.run.state.sockets.string(), 5432, "x", "postgres")
                                .value(),
                            trust::redis_settings(state.run)->password};
    for (const auto& server : started) {
        const auto arguments = read_file(fmt::format("/proc/{}/cmdline", server.process));
        for (const auto& password : passwords) {
            EXPECT_GT(password.reveal().size(), 20U);
            EXPECT_EQ(arguments.find(password.reveal()), std::string::npos);
        }
    }
}

TEST(Servers, ALongStatePathGetsItsSocketsInAShortDirectory) {
    const PrivateState state;
    trust::Run run = state.run;
    run.state.root = state.directory() / std::string(120, 'x') / "lumina-local";
    run.state.sockets = state.directory() / "short";
    start(run);
    EXPECT_TRUE(status(run)[0].answering);
    EXPECT_TRUE(status(run)[1].answering);
    wipe(run);
    EXPECT_FALSE(fs::exists(run.state.sockets));
}

TEST(Servers, ASocketDirectoryOfSomebodyElseOrALinkIsRefused) {
    const PrivateState state;
    trust::Run run = state.run;
    run.state.sockets = state.directory() / "short";
    fs::create_directory_symlink(state.directory(), run.state.sockets);
    EXPECT_EQ(error_of([&] { start(run); }).code(), Code::state_unusable);
    fs::remove(run.state.sockets);
    if (::geteuid() == 0) {
        fs::create_directory(run.state.sockets);
        ASSERT_EQ(::chown(run.state.sockets.c_str(), 65534, 65534), 0);
        const auto error = error_of([&] { start(run); });
        EXPECT_EQ(error.code(), Code::state_unusable);
        EXPECT_THAT(error.message(), HasSubstr("belongs to"));
    }
}

TEST(Servers, AStateThatTheAccountCannotReachIsRefusedWithTheDirectoryNamed) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, whose servers run as another account";
    }
    const PrivateState state;
    make_directory(state.directory() / "closed", 0700);
    trust::Run run = run_at(state.directory() / "closed");
    const auto error = error_of([&] { start(run); });
    EXPECT_EQ(error.code(), Code::state_unusable);
    EXPECT_THAT(error.message(),
                HasSubstr("cannot enter " + (state.directory() / "closed").string()));
}

TEST(Servers, TwoPlatformsRunSideBySide) {
    const PrivateState lumina;
    const PrivateState kyb("kyb");
    const auto one = start(lumina.run);
    const auto two = start(kyb.run);
    EXPECT_NE(one[0].process, two[0].process);
    stop(lumina.run);
    EXPECT_FALSE(status(lumina.run)[0].running());
    EXPECT_TRUE(status(kyb.run)[0].answering);
    EXPECT_TRUE(status(kyb.run)[1].answering);
}

TEST(Servers, WithoutRedisOnlyPostgresRuns) {
    PrivateState state;
    state.run.manifest.server.has_redis = false;
    EXPECT_EQ(start(state.run).size(), 1U);
    EXPECT_EQ(status(state.run).size(), 1U);
}

TEST(Servers, APortOpensLoopbackWithTlsAlone) {
    PrivateState state;
    state.run.manifest.server.postgres_port = free_port();
    state.run.manifest.server.redis_port = free_port();
    start(state.run);
    auto settings = trust::server_settings(state.run, state.run.manifest.databases[0]);
    settings.host = "127.0.0.1";
    settings.tls = "verify-full";
    settings.tls_root = state.run.state.postgres_data().parent_path() / "server.crt";
    pg::Connection connection(settings);
    EXPECT_EQ(
        connection.query("select version from pg_stat_ssl where pid = pg_backend_pid() and ssl")
            .front()
            .text("version"),
        "TLSv1.3");
    settings.tls = "disable";
    EXPECT_EQ(error_of([&] { const pg::Connection plain(settings); }).code(), Code::cannot_connect);
    auto redis = redis_of(state.run);
    redis.socket.clear();
    redis.port = *state.run.manifest.server.redis_port;
    EXPECT_EQ(redis::Connection(redis).command({"PING"}).text(), "PONG");
    const auto holder = who_listens(*state.run.manifest.server.postgres_port);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->program, "postgres");

    // Another port in the manifest moves the server there.
    state.run.manifest.server.postgres_port = free_port();
    const auto moved = start(state.run);
    EXPECT_THAT(notes_of(moved[0]), HasSubstr("its port changed"));
    EXPECT_TRUE(status(state.run)[0].answering);
}

TEST(Servers, ATakenPortIsRefusedNamingWhoListens) {
    const Listener listener;
    const auto holder = who_listens(listener.port);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->process, ::getpid());
    EXPECT_FALSE(who_listens(free_port()));

    PrivateState state;
    state.run.manifest.server.postgres_port = listener.port;
    auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::port_taken);
    EXPECT_THAT(error.message(), HasSubstr(fmt::format("process {}", ::getpid())));
    state.run.manifest.server.postgres_port.reset();
    state.run.manifest.server.redis_port = listener.port;
    error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::port_taken);
    EXPECT_THAT(error.message(), HasSubstr("Redis"));
    stop(state.run);
    EXPECT_EQ(error_of([&] { start(state.run); }).code(), Code::port_taken);
    state.run.manifest.server.redis_port.reset();
    start(state.run);
}

TEST(Servers, AnEnvironmentWithAServerOfItsOwnIsLeftAlone) {
    PrivateState state;
    state.run.environment.is_private = false;
    EXPECT_EQ(error_of([&] { start(state.run); }).code(), Code::not_private);
    EXPECT_EQ(error_of([&] { stop(state.run); }).code(), Code::not_private);
    EXPECT_EQ(error_of([&] { wipe(state.run); }).code(), Code::not_private);
    EXPECT_FALSE(fs::exists(state.run.state.root));
}

TEST(Servers, OnlyAStateDirectoryOfThisPlatformIsWiped) {
    PrivateState state;
    fs::create_directories(state.run.state.root / "precious");
    EXPECT_EQ(error_of([&] { wipe(state.run); }).code(), Code::state_unusable);
    EXPECT_TRUE(fs::exists(state.run.state.root / "precious"));
    fs::remove_all(state.run.state.root);
    start(state.run);
    auto other = state.run;
    other.manifest.name = "kyb";
    EXPECT_EQ(error_of([&] { wipe(other); }).code(), Code::state_unusable);
    EXPECT_TRUE(status(state.run)[0].answering);
}

TEST(Servers, ProgressTellsEachStepOnce) {
    const PrivateState state;
    std::vector<std::string> steps;
    start(state.run, [&](Server server, const std::string& step) {
        if (server == Server::postgres) {
            steps.push_back(step);
        }
    });
    EXPECT_THAT(steps, ElementsAre("making the data directory", "starting PostgreSQL"));
}

TEST(Servers, WithoutPostgresTheMessageNamesThePackage) {
    PrivateState state;
    state.run.variables["CAISSON_POSTGRES"] = state.directory();
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::server_missing);
    EXPECT_THAT(error.hint(), HasSubstr("apt-get install postgresql-15"));
}

TEST(Servers, DataOfAnotherMajorVersionIsRecognised) {
    const PrivateState state;
    start(state.run);
    stop(state.run);
    const auto version = state.run.state.postgres_data() / "PG_VERSION";
    const auto before = read_file(version);
    write_file(version, "99\n");
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::state_other_major);
    EXPECT_THAT(error.message(), HasSubstr("PostgreSQL 99"));
    EXPECT_THAT(error.hint(), HasSubstr("postgresql-99"));
    EXPECT_THAT(error.hint(), HasSubstr("pg_restore"));
    write_file(version, before, 0600, state.run.account);
    EXPECT_EQ(start(state.run)[0].outcome, Outcome::started);
}

TEST(Servers, AReadOnlyStateIsRefusedAndAFullOneToo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to mount a small file system";
    }
    const PrivateState state;
    const fs::path small = state.directory() / "small";
    make_directory(small);
    const auto mount = [&](const std::string& options) {
        return run({{"mount", "-t", "tmpfs", "-o", options, "tmpfs", small}, {}, {}, {}, {}}, 10s);
    };
    struct Unmount {
        fs::path place;
        ~Unmount() { run({{"umount", "-l", place}, {}, {}, {}, {}}, 10s); }
    };
    if (!mount("size=24m").fine()) {
        GTEST_SKIP() << "this machine does not let us mount";
    }
    const Unmount unmount{small};
    trust::Run run = run_at(small);
    auto error = error_of([&] { start(run); });
    EXPECT_EQ(error.code(), Code::disk_full) << error.message();
    // Once there is room, the same command succeeds.
    ASSERT_TRUE(mount("remount,size=400m").fine());
    start(run);
    EXPECT_TRUE(status(run)[0].answering);
    stop(run);
    // A server that cannot write its pid file cannot write its log either.
    ASSERT_TRUE(fill(small / "filler"));
    EXPECT_EQ(error_of([&] { start(run); }).code(), Code::disk_full);
    fs::remove(small / "filler");
    ASSERT_TRUE(mount("remount,size=400m").fine());
    start(run);
    stop(run);
    for (const auto& entry : fs::directory_iterator(run.state.postgres_data().parent_path())) {
        EXPECT_EQ(entry.path().filename().string().find("data.new"), std::string::npos);
    }
    ASSERT_TRUE(mount("remount,ro").fine());
    error = error_of([&] { start(run); });
    EXPECT_EQ(error.code(), Code::state_unusable) << error.message();
    EXPECT_FALSE(stop(run)[0].was_running);
    ASSERT_TRUE(mount("remount,rw").fine());
    start(run);
    wipe(run);
}

}  // namespace
}  // namespace caisson::servers
