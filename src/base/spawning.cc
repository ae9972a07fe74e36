// SPDX-License-Identifier: Apache-2.0
#include "base/spawning.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

extern char** environ;

namespace caisson::spawning {

Prepared prepare(const Command& command) {
    Prepared prepared;
    const auto program = find_program(command.arguments.at(0));
    if (!program) {
        throw Error(Code::server_missing,
                    fmt::format("the program {} was not found", command.arguments.at(0)));
    }
    prepared.program = program->string();
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text(*entry);
        const std::string name(text.substr(0, text.find('=')));
        // A PGPASSWORD or PGHOST of ours would override what the child was told.
        if (name.rfind("PG", 0) != 0 && !command.environment.contains(name)) {
            prepared.environment_text.emplace_back(text);
        }
    }
    for (const auto& [name, value] : command.environment) {
        prepared.environment_text.push_back(fmt::format("{}={}", name, value));
    }
    for (auto& entry : prepared.environment_text) {
        prepared.environment.push_back(entry.data());
    }
    prepared.environment.push_back(nullptr);
    for (const auto& argument : command.arguments) {
        prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    prepared.arguments.push_back(nullptr);
    if (command.account && command.account->user != ::geteuid()) {
        prepared.changes_account = true;
        int count = 64;
        do {  // Too small a list is left as it was, and `count` says how many there are.
            prepared.groups.resize(static_cast<std::size_t>(count));
        } while (::getgrouplist(command.account->name.c_str(), command.account->group,
                                prepared.groups.data(), &count) < 0 &&
                 count > static_cast<int>(prepared.groups.size()));
        prepared.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    }
    return prepared;
}

namespace {

/// For this session and all that it starts. Where the kernel divides the machine among sessions
/// first (sched(7), autogroup), a nice value alone counts within the session only.
void give_way() {
    constexpr int niceness = 10;
    ::setpriority(PRIO_PROCESS, 0, niceness);
    const int group = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (group >= 0) {
        [[maybe_unused]] const auto written = ::write(group, "10", 2);
        ::close(group);
    }
}

}  // namespace

[[noreturn]] void become(const Command& command, const Prepared& prepared, int input, int output,
                         int errors) {
    ::setsid();
    if (command.gives_way) {
        give_way();
    }
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
        ::signal(signal, SIG_DFL);
    }
    // A thread of ours may have blocked signals; a server that inherits that cannot be stopped.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (prepared.changes_account &&
        (::setgroups(prepared.groups.size(), prepared.groups.data()) != 0 ||
         ::setgid(command.account->group) != 0 || ::setuid(command.account->user) != 0)) {
        ::_exit(126);
    }
    // A directory that the account cannot enter is no reason to fail: / always works.
    const char* const directory = command.directory ? command.directory->c_str() : "/";
    if ((command.directory || prepared.changes_account) && ::chdir(directory) != 0) {
        ::_exit(126);
    }
    ::execve(prepared.program.c_str(), prepared.arguments.data(), prepared.environment.data());
    ::_exit(127);
}

Pipe::Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Error(Code::internal, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
}

Pipe::~Pipe() {
    close_end(0);
    close_end(1);
}

void Pipe::close_end(std::size_t end) {
    if (ends[end] >= 0) {
        ::close(ends[end]);
        ends[end] = -1;
    }
}

int status_of(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

namespace {

/// With `options` for waitid(); false when it has not ended yet.
bool waited(pid_t child, int options) {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT | options) != 0) {
        if (errno != EINTR) {
            throw Error(Code::internal, fmt::format("cannot learn how process {} ended: {}", child,
                                                    std::strerror(errno)));
        }
    }
    return info.si_pid == child;
}

/// Before it has called setsid() there is no such group, and it is alone.
void send(pid_t child, int signal) {
    ::kill(-child, signal);
    ::kill(child, signal);
}

}  // namespace

bool has_ended(pid_t child) { return waited(child, WNOHANG); }

int reap_group(pid_t child) {
    waited(child, 0);
    ::kill(-child, SIGKILL);
    int raw = 0;
    while (::waitpid(child, &raw, 0) < 0) {
        if (errno != EINTR) {
            throw Error(Code::internal, fmt::format("cannot learn how process {} ended: {}", child,
                                                    std::strerror(errno)));
        }
    }
    return status_of(raw);
}

int end_child(pid_t child) {
    try {
        send(child, SIGTERM);
        for (int i = 0; i < 100 && !has_ended(child); ++i) {
            ::poll(nullptr, 0, 10);
        }
        send(child, SIGKILL);
        return reap_group(child);
    } catch (const Error&) {
        return 128 + SIGKILL;  // Somebody else reaped it: it is gone, and that was the aim.
    }
}

}  // namespace caisson::spawning
