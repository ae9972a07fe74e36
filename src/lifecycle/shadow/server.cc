// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/server.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/programs.h"
#include "lifecycle/servers/server_log.h"
#include "lifecycle/shadow/template.h"
#include "platform/state.h"

namespace caisson::shadow {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view run_prefix = "run-";
/// The kernel's limit may leave no room for sockets below the place.
constexpr std::size_t longest_socket_directory = 87;

/// Ends the server when its owner is gone, even by kill -9, and removes the place. While the owner
/// lives, a server that gave up keeps its log.
constexpr const char* guard_script =
    "\"$@\" & server=$!\n"
    "while kill -0 $server 2>/dev/null; do\n"
    "  [ -d /proc/$CAISSON_OWNER ] || {\n"
    "    kill -QUIT $server; wait $server; cd /; rm -rf \"$CAISSON_SOCKETS\" \"$CAISSON_PLACE\"; "
    "exit; }\n"
    "  sleep 0.2\n"
    "done\n";

const servers::PostgresPrograms& fitting(const std::vector<servers::PostgresPrograms>& installed,
                                         int major) {
    if (installed.empty()) {
        throw Error(Code::server_missing,
                    "the shadow needs a PostgreSQL on this machine, and none is installed",
                    "apt-get install postgresql-15; or name an empty database in the variable "
                    "SHADOW_DATABASE_URL");
    }
    const auto found =
        std::ranges::find_if(installed, [&](const auto& one) { return one.major == major; });
    return found == installed.end() ? installed.front() : *found;
}

/// Nothing here outlives us, so nothing waits for the disk; what is asked of the real server counts
/// where it changes what SQL does, not how much memory it takes.
std::vector<std::string> settings_of(const trust::Run& run,
                                     const servers::PostgresPrograms& programs,
                                     const fs::path& sockets, bool full_size) {
    std::vector<std::pair<std::string, std::string>> settings;
    std::vector<std::string> libraries;
    if (programs.has_library("pg_stat_statements")) {
        libraries.emplace_back("pg_stat_statements");
    }
    for (const auto& [name, value] : run.manifest.server.postgres) {
        if (lower(name) != "shared_preload_libraries") {
            settings.emplace_back(name, value);
            continue;
        }
        for (const auto& part : split(value, ',')) {
            const std::string library(trim(part));
            if (programs.has_library(library) && !std::ranges::count(libraries, library)) {
                libraries.push_back(library);
            }
        }
    }
    const std::vector<std::pair<std::string, std::string>> ours = {
        {"listen_addresses", ""},
        {"unix_socket_directories", "\"" + sockets.string() + "\""},
        {"unix_socket_permissions", "0700"},
        {"shared_preload_libraries", join(libraries, ",")},
        {"fsync", "off"},
        {"full_page_writes", "off"},
        {"synchronous_commit", "off"},
        {"archive_mode", "off"},
        {"wal_level", "logical"},
        {"max_wal_senders", "4"},
        {"autovacuum", "off"},
        {"huge_pages", "off"},
        {"max_locks_per_transaction", "256"},
        {"checkpoint_timeout", "1h"},
        {"max_wal_size", "2GB"},
        {"timezone", "UTC"},
        {"log_timezone", "UTC"},
        {"lc_messages", "C"},
        {"logging_collector", "off"},
        {"log_destination", "stderr"},
        {"log_min_error_statement", "panic"},
    };
    settings.insert(settings.end(), ours.begin(), ours.end());
    if (!full_size) {
        settings.emplace_back("shared_buffers", "32MB");
        settings.emplace_back("max_connections", "20");
    }
    std::vector<std::string> arguments;
    for (const auto& [name, value] : settings) {
        arguments.emplace_back("-c");
        arguments.push_back(name + "=" + value);
    }
    return arguments;
}

void copy_template(const fs::path& from, const fs::path& to, const std::optional<Account>& owner) {
    const auto copied =
        run({{"cp", "-a", "--reflink=auto", from, to}, {{"LC_ALL", "C"}}, {}, owner, {}}, 5min);
    if (!copied.fine()) {
        const bool is_full = copied.errors.find("No space left") != std::string::npos;
        throw Error(is_full ? Code::disk_full : Code::state_unusable,
                    fmt::format("the template of the shadow could not be copied to {}: {}",
                                to.string(), trim(copied.errors)))
            .with("path", to.string());
    }
}

uid_t user_of(const std::optional<Account>& owner) { return owner ? owner->user : ::geteuid(); }

/// A directory of this account, or one of ours that it was to get, itself and no link to one.
bool is_directory_of(const fs::path& path, uid_t user) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           (status.st_uid == user || status.st_uid == ::geteuid());
}

/// Where the sockets of a place are if not in it.
fs::path sockets_elsewhere(const fs::path& place) {
    return fmt::format("/tmp/caisson-shadow-{}",
                       place.filename().string().substr(run_prefix.size()));
}

/// The processes of a place, its files and its sockets. What lies in the place may be anything that
/// its account put there: only what is that account's is ended or removed.
void remove_place(const fs::path& place, const std::optional<Account>& owner) {
    const auto user = user_of(owner);
    const auto data = place / "data";
    if (is_directory_of(data, user)) {
        auto processes = servers::processes_in(data, "postgres");
        std::erase_if(processes, [&](pid_t process) { return process_owner(process) != user; });
        servers::end_processes(processes, SIGQUIT, 5s);
    }
    if (const auto sockets = sockets_elsewhere(place); is_directory_of(sockets, user)) {
        remove_tree(sockets);
    }
    const Stopwatch watch;
    while (true) {
        try {
            remove_tree(place);
            return;
        } catch (const Error&) {
            // A last process may still write.
            if (watch.elapsed() > 10s) {
                throw;
            }
        }
        ::poll(nullptr, 0, 20);
    }
}

fs::path lock_of(const fs::path& place) { return place.string() + ".lock"; }

}  // namespace

void sweep(const fs::path& home, const std::optional<Account>& owner) {
    std::error_code failure;
    std::vector<fs::path> places;
    for (fs::directory_iterator entry(home, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (entry->path().filename().string().rfind(run_prefix, 0) == 0 &&
            is_directory_of(entry->path(), user_of(owner))) {
            places.push_back(entry->path());
        }
    }
    for (const auto& place : places) {
        if (const auto lock = FileLock::try_lock(lock_of(place), "sweeping a shadow")) {
            remove_place(place, owner);
            ::unlink(lock_of(place).c_str());
        }
    }
}

Server::Server(const trust::Run& run, const Options& options) : owner_(platform::server_account()) {
    const auto home = make_home(run.state.root.parent_path(), owner_);
    sweep(home, owner_);
    const auto installed = servers::installed_postgres(run.variables);
    const int wanted = options.major != 0 ? options.major : servers::data_major(run).value_or(0);
    const auto& programs = fitting(installed, wanted);
    const auto original =
        make_template(home, programs, run.manifest.server.locale, owner_, options.step);
    const auto id = random_uuid().substr(0, 13);
    place_ = home / fmt::format("{}{}", run_prefix, id);
    lock_ = FileLock::try_lock(lock_of(place_), "a shadow");
    if (!lock_) {
        throw Error(Code::locked, fmt::format("{} is used by another run", place_.string()));
    }
    try {
        make_directory(place_, 0700, owner_);
        sockets_ = place_;
        if (place_.native().size() > longest_socket_directory) {
            sockets_ = sockets_elsewhere(place_);
            make_directory(sockets_, 0700, owner_);
        }
        copy_template(original, place_ / "data", owner_);
        fault::point("shadow-copied");
        Command command{{"/bin/sh", "-c", guard_script, "caisson-shadow",
                         programs.program("postgres"), "-D", place_ / "data"},
                        {{"TZ", "UTC"},
                         {"LC_ALL", "C"},
                         {"CAISSON_OWNER", std::to_string(::getpid())},
                         {"CAISSON_SOCKETS", sockets_},
                         {"CAISSON_PLACE", place_}},
                        place_,
                        owner_,
                        {}};
        for (auto& argument : settings_of(run, programs, sockets_, options.full_size)) {
            command.arguments.push_back(std::move(argument));
        }
        guard_ = start(command, place_ / "log");
        await_readiness();
        fault::point("shadow-started");
    } catch (...) {
        end();
        throw;
    }
}

Server::~Server() { end(); }

void Server::await_readiness() {
    const auto deadline = steady_clock::now() + 60s;
    while (true) {
        // Source: PostgreSQL, src/include/utils/pidfile.h: the eighth line is the status.
        const auto lines = split(read_own(place_ / "data" / "postmaster.pid").value_or(""), '\n');
        if (lines.size() > 7 && trim(lines[7]) == "ready") {
            return;
        }
        if (!is_alive(guard_) || steady_clock::now() > deadline) {
            throw servers::failure_of("PostgreSQL", "of the shadow did not start",
                                      servers::last_words(read_own(place_ / "log").value_or("")),
                                      place_ / "log");
        }
        interrupt::check();
        ::poll(nullptr, 0, 2);
    }
}

void Server::end() {
    try {
        if (guard_ > 0) {
            ::kill(guard_, SIGKILL);
            wait_until_gone(guard_, 5s);
            reap(guard_);
        }
        remove_place(place_, owner_);
        ::unlink(lock_of(place_).c_str());
    } catch (const Error&) {
        // The next run sweeps what is left.
    }
}

std::optional<Error> Server::explain(const Error& cause) const {
    const auto lines = split(read_own(place_ / "data" / "postmaster.pid").value_or(""), '\n');
    pid_t postmaster = 0;
    // An orderly end removes the file.
    const std::string_view first = lines.empty() ? std::string_view() : lines.front();
    std::from_chars(first.data(), first.data() + first.size(), postmaster);
    // A server that was killed closes its sockets a moment before it is gone.
    if (postmaster > 0 && cause.code() == Code::cannot_connect) {
        wait_until_gone(postmaster, 1s);
    }
    const bool is_gone = postmaster <= 0 || !is_alive(postmaster);
    const bool is_ours =
        is_gone || cause.code() == Code::cannot_connect || cause.code() == Code::disk_full;
    if (!is_ours || cause.code() == Code::interrupted) {
        return std::nullopt;
    }
    const auto log = place_ / "log";
    const auto words = servers::last_words(read_own(log).value_or(""));
    const auto failure = servers::failure_of(
        "PostgreSQL",
        is_gone ? "of the shadow ended while it was used"
                : fmt::format("of the shadow gave up: {}", trim(cause.message())),
        words, log);
    // The log goes with the place.
    Error error(cause.code() == Code::disk_full ? Code::disk_full : failure.code(),
                failure.message(),
                failure.code() == Code::server_failed && cause.code() != Code::disk_full
                    ? "run it again: nothing is left of that shadow"
                    : "");
    error.with("cause", cause.message());
    return error;
}

pg::Settings Server::settings(const std::string& user, const std::string& database) const {
    pg::Settings settings;
    settings.host = sockets_;
    settings.database = database;
    settings.user = user;
    settings.application = "caisson shadow";
    settings.connect_limit = 10s;
    return settings;
}

}  // namespace caisson::shadow
