// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How a process is started: shared by process.cc and child.cc.

#include <array>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/process.h"

namespace caisson::spawning {

/// Everything the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct Prepared {
    std::string program;
    std::vector<std::string> environment_text;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    std::vector<gid_t> groups;
    bool changes_account = false;
};

/// Errors: server_missing.
Prepared prepare(const Command& command);
/// In the child: becomes the program or ends with 127.
[[noreturn]] void become(const Command& command, const Prepared& prepared, int input, int output,
                         int errors);
/// Whether it has ended; it is not reaped. Errors: internal when it is no child of ours, or was
/// reaped by somebody else: how it ended is not known then.
bool has_ended(pid_t child);
/// Waits for its end, and kills what is left of its process group before its number can be given
/// to others. Its status, as status_of() has it. Errors: as has_ended().
int reap_group(pid_t child);
/// SIGTERM, a second later SIGKILL, to its whole process group; its status.
int end_child(pid_t child);
/// The exit status, or 128 and the signal's number.
int status_of(int raw);

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    /// Errors: internal.
    Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe();
    void close_end(std::size_t end);
};

}  // namespace caisson::spawning
