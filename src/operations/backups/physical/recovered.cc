// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/recovered.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/programs.h"
#include "lifecycle/servers/server_log.h"
#include "operations/backups/sets/keys.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

/// The kernel's limit may leave no room for sockets below the place.
constexpr std::size_t longest_socket_directory = 87;

/// Ends the server when its owner is gone, even by kill -9.
constexpr const char* guard_script =
    "\"$@\" & server=$!\n"
    "trap 'kill -INT $server' TERM\n"
    "while kill -0 $server 2>/dev/null; do\n"
    "  [ -d /proc/$CAISSON_OWNER ] || { kill -QUIT $server; wait $server; exit; }\n"
    "  sleep 0.2\n"
    "done\n";

servers::PostgresPrograms fitting(const trust::Run& run, const fs::path& data) {
    const std::string major(trim(read_own(data / "PG_VERSION").value_or("")));
    for (const auto& each : servers::installed_postgres(run.variables)) {
        if (std::to_string(each.major) == major) {
            return each;
        }
    }
    throw Error(Code::server_missing,
                fmt::format("the backup is of PostgreSQL {}, which is not installed", major),
                fmt::format("apt-get install postgresql-{}", major));
}

std::vector<std::string> pid_lines(const fs::path& data) {
    return split(read_own(data / "postmaster.pid").value_or(""), '\n');
}

pid_t postmaster_of(const fs::path& data) {
    const auto lines = pid_lines(data);
    pid_t process = 0;
    if (!lines.empty()) {
        std::from_chars(lines[0].data(), lines[0].data() + lines[0].size(), process);
    }
    return process > 0 && servers::works_in(process, data, "postgres") ? process : 0;
}

}  // namespace

RecoveredServer::RecoveredServer(const trust::Run& run, Place place,
                                 const std::map<std::string, std::string>& settings, Until until)
    : place_(std::move(place)), sockets_(place_.directory), owner_(owner_of(run)) {
    const auto programs = fitting(run, place_.data());
    if (sockets_.native().size() > longest_socket_directory) {
        sockets_ = fmt::format("/tmp/caisson-restored-{}", random_uuid().substr(0, 13));
        make_directory(sockets_, 0700, owner_);
    }
    write_file(place_.access(), "local all all trust\n", 0600, owner_);
    write_file(place_.log(), "", 0600, owner_);
    Command command{{"/bin/sh", "-c", guard_script, "caisson-restored",
                     programs.program("postgres"), "-D", place_.data()},
                    {{"TZ", "UTC"}, {"LC_ALL", "C"}, {"CAISSON_OWNER", std::to_string(::getpid())}},
                    place_.data(),
                    owner_,
                    {}};
    std::map<std::string, std::string> all = {
        {"listen_addresses", ""},
        {"port", "5432"},
        {"unix_socket_directories", "\"" + sockets_.string() + "\""},
        {"unix_socket_permissions", "0700"},
        {"hba_file", place_.access()},
        {"ssl", "off"},
        {"archive_mode", "off"},
        {"hot_standby", "off"},
        {"logging_collector", "off"},
        {"log_destination", "stderr"},
        {"lc_messages", "C"},
        {"log_min_messages", "warning"},
        {"cluster_name", "caisson restore"},
    };
    if (until == Until::paused) {
        all["hot_standby"] = "on";
        all["recovery_target_action"] = "pause";
    }
    for (const auto& [name, value] : settings) {
        all[name] = value;
    }
    for (const auto& [name, value] : all) {
        command.arguments.emplace_back("-c");
        command.arguments.push_back(name + "=" + value);
    }
    guard_ = start(command, place_.log());
    try {
        await_readiness(until);
    } catch (...) {
        end();
        throw;
    }
}

RecoveredServer::~RecoveredServer() { end(); }

bool RecoveredServer::is_paused() const {
    try {
        pg::Connection connection(settings());
        return connection.query("select pg_get_wal_replay_pause_state() = 'paused' as is")
            .front()
            .boolean("is");
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return false;
    }
}

void RecoveredServer::await_readiness(Until until) {
    while (true) {
        // Source: PostgreSQL, src/include/utils/pidfile.h: the eighth line is the status.
        const auto lines = pid_lines(place_.data());
        const auto status = lines.size() > 7 ? trim(lines[7]) : std::string_view();
        if (postmaster_of(place_.data()) != 0 && status == "ready" &&
            (until == Until::promoted || is_paused())) {
            return;
        }
        if (!is_alive(guard_)) {
            throw servers::failure_of("PostgreSQL", "did not recover the backup",
                                      servers::last_words(read_own(place_.log()).value_or("")),
                                      place_.log());
        }
        interrupt::check();
        ::poll(nullptr, 0, 5);
    }
}

void RecoveredServer::stop() {
    if (guard_ <= 0) {
        return;
    }
    if (const auto postmaster = postmaster_of(place_.data())) {
        servers::send_signal(postmaster, SIGINT);
        if (!wait_until_gone(postmaster, 10min)) {
            throw Error(Code::server_failed, "the restored server does not stop");
        }
    }
    end();
}

void RecoveredServer::end() {
    if (guard_ <= 0) {
        return;
    }
    try {
        if (const auto postmaster = postmaster_of(place_.data())) {
            servers::end_processes({postmaster}, SIGQUIT, 10s);
        }
        ::kill(guard_, SIGKILL);
        wait_until_gone(guard_, 5s);
        reap(guard_);
        // It may have been killed before it wrote its file.
        servers::end_processes(servers::processes_in(place_.data(), "postgres"), SIGQUIT, 5s);
        if (sockets_ != place_.directory) {
            remove_tree(sockets_);
        }
    } catch (const Error&) {
        // The guard ends what is left.
    }
    guard_ = 0;
}

pg::Settings RecoveredServer::settings(const std::string& user, const std::string& database) const {
    pg::Settings settings;
    settings.host = sockets_;
    settings.database = database;
    settings.user = user;
    settings.application = "caisson restore";
    return settings;
}

}  // namespace caisson::backups::physical
