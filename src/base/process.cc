// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/spawning.h"
#include "base/text.h"

namespace caisson {
namespace {

using namespace spawning;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Reads what is there; closes the end at end of file.
void drain(Pipe& pipe, std::string& text) {
    std::array<char, 16384> buffer;
    const auto got = ::read(pipe.ends[0], buffer.data(), buffer.size());
    if (got > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
        pipe.close_end(0);
    }
}

void feed(Pipe& pipe, std::string_view& input) {
    const auto written = ::write(pipe.ends[1], input.data(), input.size());
    if (written > 0) {
        input.remove_prefix(static_cast<std::size_t>(written));
    }
    if (input.empty() || (written < 0 && errno != EINTR && errno != EAGAIN)) {
        pipe.close_end(1);
    }
}

}  // namespace

Finished run(const Command& command, milliseconds limit) {
    const Prepared prepared = prepare(command);
    Pipe input;
    Pipe output;
    Pipe errors;
    const pid_t child = ::fork();
    if (child < 0) {
        throw Error(Code::internal,
                    fmt::format("cannot start a process: {}", std::strerror(errno)));
    }
    if (child == 0) {
        become(command, prepared, input.ends[0], output.ends[1], errors.ends[1]);
    }
    input.close_end(0);
    output.close_end(1);
    errors.close_end(1);
    ::fcntl(input.ends[1], F_SETFL, O_NONBLOCK);

    Finished finished;
    std::string_view to_feed = command.input;
    if (to_feed.empty()) {
        input.close_end(1);
    }
    const auto deadline = steady_clock::now() + limit;
    while (output.ends[0] >= 0 || errors.ends[0] >= 0) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0 || interrupt::requested()) {
            end_child(child);
            interrupt::check();
            throw Error(Code::server_failed, fmt::format("{} did not end within {}",
                                                         command.arguments[0], human(limit)));
        }
        std::array<pollfd, 4> waits = {
            pollfd{output.ends[0], POLLIN, 0}, pollfd{errors.ends[0], POLLIN, 0},
            pollfd{input.ends[1], POLLOUT, 0}, pollfd{interrupt::descriptor(), POLLIN, 0}};
        if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0) {
            continue;
        }
        if (waits[0].revents != 0) {
            drain(output, finished.output);
        }
        if (waits[1].revents != 0) {
            drain(errors, finished.errors);
        }
        if (waits[2].revents != 0) {
            feed(input, to_feed);
        }
    }
    int raw = 0;
    while (::waitpid(child, &raw, 0) < 0) {
        if (errno != EINTR) {
            // Taken for 0, a failure would count as success.
            throw Error(Code::internal, fmt::format("cannot learn how {} ended: {}",
                                                    command.arguments[0], std::strerror(errno)));
        }
    }
    finished.status = status_of(raw);
    return finished;
}

pid_t start(const Command& command, const fs::path& log, int inherited) {
    const Prepared prepared = prepare(command);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int output =
        ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (output < 0) {
        const int error_number = errno;
        ::close(nothing);
        throw_file_error("write the log", log, error_number);
    }
    if (command.account && ::geteuid() == 0 &&
        ::fchown(output, command.account->user, command.account->group) != 0) {
        throw_file_error("change the owner of", log, errno);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        if (inherited >= 0) {
            ::fcntl(inherited, F_SETFD, 0);
        }
        become(command, prepared, nothing, output, output);
    }
    const int error_number = errno;
    ::close(nothing);
    ::close(output);
    if (child < 0) {
        throw Error(Code::internal,
                    fmt::format("cannot start a process: {}", std::strerror(error_number)));
    }
    return child;
}

void become(const Account& account) {
    if (account.user == ::geteuid()) {
        return;
    }
    if (::initgroups(account.name.c_str(), account.group) != 0 || ::setgid(account.group) != 0 ||
        ::setuid(account.user) != 0) {
        throw Error(Code::account_missing, fmt::format("cannot become the account {}: {}",
                                                       account.name, std::strerror(errno)));
    }
    // libpq looks there for certificates, and would fail at those of somebody else.
    ::setenv("HOME", account.home.c_str(), 1);
}

bool is_alive(pid_t process) {
    if (process <= 0 || (::kill(process, 0) != 0 && errno == ESRCH)) {
        return false;
    }
    const auto status = read_if_exists(fmt::format("/proc/{}/stat", process)).value_or("");
    const auto name_end = status.rfind(')');
    return name_end != std::string::npos && name_end + 2 < status.size() &&
           status[name_end + 2] != 'Z';
}

void reap(pid_t process) {
    int raw = 0;
    ::waitpid(process, &raw, WNOHANG);
}

bool wait_until_gone(pid_t process, milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    while (is_alive(process)) {
        if (steady_clock::now() >= deadline) {
            return false;
        }
        ::poll(nullptr, 0, 2);
    }
    reap(process);
    return true;
}

std::string process_name(pid_t process) {
    try {
        return std::string(
            trim(read_if_exists(fmt::format("/proc/{}/comm", process)).value_or("")));
    } catch (const Error&) {
        return {};  // It ended while we looked.
    }
}

std::optional<uid_t> process_owner(pid_t process) {
    struct stat status {};
    if (::stat(fmt::format("/proc/{}", process).c_str(), &status) != 0) {
        return std::nullopt;
    }
    return status.st_uid;
}

std::optional<fs::path> find_program(const std::string& name,
                                     const std::vector<fs::path>& directories) {
    if (name.find('/') != std::string::npos) {
        return ::access(name.c_str(), X_OK) == 0 ? std::optional<fs::path>(name) : std::nullopt;
    }
    const char* const path = std::getenv("PATH");
    std::vector<fs::path> places;
    for (const auto& part : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
        places.emplace_back(part);
    }
    places.insert(places.end(), directories.begin(), directories.end());
    for (const auto& place : places) {
        if (!place.empty() && ::access((place / name).c_str(), X_OK) == 0) {
            return place / name;
        }
    }
    return std::nullopt;
}

}  // namespace caisson
