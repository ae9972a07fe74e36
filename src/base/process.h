// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Other programs: found, run to their end, started for good, watched. Arguments are never given to
/// a shell. Secrets belong into the environment, a file or the input, never into `arguments`.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/files.h"

namespace caisson {

struct Command {
    std::vector<std::string> arguments;  ///< The program first, by path or by name on PATH.
    std::map<std::string, std::string>
        environment;  ///< Set on top of ours, from which PG* is taken away.
    std::optional<fs::path> directory;
    std::optional<Account> account;  ///< Run as this account; needs root when it is another one.
    std::string input;
    bool gives_way = false;  ///< Long work beside people who wait: they get the machine first.
};

struct Finished {
    int status = 0;  ///< Exit status; 128 + signal when one ended it.
    std::string output;
    std::string errors;
    bool fine() const { return status == 0; }
};

/// Runs the command to its end in a session of its own, so that Ctrl-C reaches us and not it: on an
/// interrupt and when the time is over it gets SIGTERM, a second later SIGKILL, and is waited for.
/// Errors: interrupted, server_failed when the time is over, server_missing when the program does
/// not exist.
Finished run(const Command& command, std::chrono::milliseconds limit);

/// Starts the command for good: own session, nothing on standard input, output and errors appended
/// to `log`. `inherited` is a descriptor that the child keeps (at the same number), or -1.
pid_t start(const Command& command, const fs::path& log, int inherited = -1);

/// Makes this process the account's for good: groups, group, user. Errors: account_missing when we
/// may not.
void become(const Account& account);

/// Whether a process with this id exists (a zombie does not count).
bool is_alive(pid_t process);
/// Reaps the process if it is our child and has ended; fine to call for any id.
void reap(pid_t process);
/// Waits until the process is gone, at most `limit`; whether it is.
bool wait_until_gone(pid_t process, std::chrono::milliseconds limit);
/// The name of the process, as /proc knows it; empty when there is none.
std::string process_name(pid_t process);

/// The account the process runs as; nothing when there is none.
std::optional<uid_t> process_owner(pid_t process);

/// The program by this name on PATH, else in `directories`; nothing when there is none.
std::optional<fs::path> find_program(const std::string& name,
                                     const std::vector<fs::path>& directories = {});

}  // namespace caisson
