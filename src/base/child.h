// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A program that runs beside us, whose output we read or whose input we write while it does.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/process.h"

namespace caisson {

/// Its errors are read by a thread of our own, so that it never waits for us there; their last
/// 64 KiB are kept. Destroyed before finish(), it gets SIGTERM and a second later SIGKILL. What it
/// started and left behind in its process group ends with it.
/// Threads: one at a time.
class Child {
 public:
    enum class Flow {
        read,   ///< We read its output; it has nothing on its input.
        write,  ///< We write its input; its output is added to its errors.
    };
    /// `command.input` counts nothing. Errors: server_missing.
    Child(const Command& command, Flow flow);
    Child(Child&&) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    /// As many bytes as are there, at least one; 0 at the end. Errors: interrupted; server_failed
    /// when nothing comes for `silence`.
    std::size_t read(std::span<char> buffer, std::chrono::milliseconds silence);
    /// All bytes. False when it takes no more because it has ended. Errors: as read().
    bool write(std::string_view bytes, std::chrono::milliseconds silence);
    void close_input();
    /// Waits for its end, for `limit` at most. Errors: interrupted; server_failed; internal when
    /// its status cannot be learnt.
    Finished finish(std::chrono::milliseconds limit);
    pid_t process() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson
