// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/processes.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

using std::chrono::milliseconds;

std::vector<pid_t> all_processes() {
    std::vector<pid_t> all;
    std::error_code failure;
    for (fs::directory_iterator entry("/proc", failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos) {
            all.push_back(std::stoi(name));
        }
    }
    return all;
}

/// Zero bytes between the arguments; empty when the process is gone.
std::string arguments_of(pid_t process) {
    try {
        return read_if_exists(fmt::format("/proc/{}/cmdline", process)).value_or("");
    } catch (const Error&) {
        return {};  // It ended while we looked.
    }
}

}  // namespace

bool works_in(pid_t process, const fs::path& directory, std::string_view name) {
    struct stat here {};
    struct stat there {};
    return process > 0 && ::stat(directory.c_str(), &here) == 0 &&
           ::stat(fmt::format("/proc/{}/cwd", process).c_str(), &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
           process_name(process) == name;
}

std::vector<pid_t> processes_in(const fs::path& directory, std::string_view name) {
    auto all = all_processes();
    std::erase_if(all, [&](pid_t process) { return !works_in(process, directory, name); });
    return all;
}

std::vector<pid_t> processes_with(std::string_view name, const std::string& argument) {
    auto all = all_processes();
    std::erase_if(all, [&](pid_t process) {
        return process_name(process) != name ||
               !std::ranges::count(split(arguments_of(process), '\0'), argument);
    });
    return all;
}

std::string title_of(pid_t process) {
    std::string title = arguments_of(process);
    std::ranges::replace(title, '\0', ' ');
    return std::string(trim(title));
}

std::uint64_t beginning_of(pid_t process) {
    constexpr std::size_t field = 20;  // 22nd of stat(5), counted behind the name.
    try {
        const auto stat = read_if_exists(fmt::format("/proc/{}/stat", process)).value_or("");
        const auto name_end = stat.rfind(')');
        if (name_end == std::string::npos) {
            return 0;
        }
        const auto fields = split(trim(std::string_view(stat).substr(name_end + 1)), ' ');
        std::uint64_t ticks = 0;
        if (fields.size() >= field) {
            const auto& text = fields[field - 1];
            std::from_chars(text.data(), text.data() + text.size(), ticks);
        }
        return ticks;
    } catch (const Error&) {
        return 0;  // It ended while we looked.
    }
}

bool send_signal(pid_t process, int signal) {
    if (::kill(process, signal) == 0) {
        return true;
    }
    if (errno == ESRCH) {
        return false;
    }
    throw Error(Code::state_unusable,
                fmt::format("process {} ({}) belongs to another account and cannot be stopped: {}",
                            process, process_name(process), std::strerror(errno)),
                "run the command as root, or as the account that started the servers");
}

void end_processes(const std::vector<pid_t>& processes, int signal, milliseconds limit) {
    for (const pid_t process : processes) {
        send_signal(process, signal);
    }
    for (const pid_t process : processes) {
        if (!wait_until_gone(process, limit)) {
            send_signal(process, SIGKILL);
            wait_until_gone(process, limit);
        }
    }
}

}  // namespace caisson::servers
