// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/files.h"

namespace caisson::servers {

/// Whether the process has this name and works in this directory (compared by device and inode, so
/// that a rename or another spelling of the path does not matter). A pid file may be stale and its
/// number taken by another program: this tells.
bool works_in(pid_t process, const fs::path& directory, std::string_view name);
/// All of them, as far as we may see them.
std::vector<pid_t> processes_in(const fs::path& directory, std::string_view name);
/// Processes by this name that have `argument` among their arguments.
std::vector<pid_t> processes_with(std::string_view name, const std::string& argument);
/// What the process calls itself: its arguments, joined by spaces.
std::string title_of(pid_t process);

/// When the process began, in the kernel's ticks since the machine did; 0 when there is none. Its
/// id is used again one day: both together are one process, whatever its program is called.
std::uint64_t beginning_of(pid_t process);

/// Sends a signal. False when the process is gone. Errors: state_unusable when it belongs to
/// another account.
bool send_signal(pid_t process, int signal);
/// Ends processes that nobody needs any more: `signal`, then SIGKILL after `limit`, and waits.
void end_processes(const std::vector<pid_t>& processes, int signal,
                   std::chrono::milliseconds limit);

}  // namespace caisson::servers
