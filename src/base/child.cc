// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
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

constexpr std::size_t most_errors = std::size_t{64} << 10U;

/// A pipe that holds more lets both sides work longer before they take turns.
constexpr int pipe_bytes = 1 << 20;

/// To the end of the pipe, or, once `stop` has ended, as far as something is there: a process in a
/// session of its own may hold the pipe open for as long as it likes.
void collect(int descriptor, int stop, std::string& text) {
    std::array<char, 4096> buffer;
    bool is_stopped = false;
    while (true) {
        const auto got = ::read(descriptor, buffer.data(), buffer.size());
        if (got > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
            if (text.size() > most_errors) {
                text.erase(0, text.size() - most_errors);
            }
        } else if (got < 0 && errno == EAGAIN && !is_stopped) {
            std::array<pollfd, 2> waits = {pollfd{descriptor, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
            ::poll(waits.data(), waits.size(), -1);
            is_stopped = waits[1].revents != 0;  // What was written before is read once more.
        } else if (got == 0 || errno != EINTR) {
            return;
        }
    }
}

}  // namespace

struct Child::State {
    std::string name;
    pid_t process = -1;
    Pipe flow;
    std::size_t our_end = 0;
    Pipe errors;
    Pipe stop;  ///< Its end tells the reader that the child has ended.
    Finished finished;
    std::thread reader;

    ~State() {
        flow.close_end(our_end);
        if (process > 0) {
            end_child(process);
        }
        end_reader();
    }

    void end_reader() {
        stop.close_end(1);
        if (reader.joinable()) {
            reader.join();
        }
    }

    /// Until our end is ready.
    void wait(short events, milliseconds silence) {
        const auto deadline = steady_clock::now() + silence;
        while (true) {
            interrupt::check();
            const auto left =
                std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
            if (left.count() <= 0) {
                throw Error(Code::server_failed,
                            fmt::format("{} did nothing for {}", name, human(silence)));
            }
            std::array<pollfd, 2> waits = {pollfd{flow.ends[our_end], events, 0},
                                           pollfd{interrupt::descriptor(), POLLIN, 0}};
            if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) > 0 &&
                waits[0].revents != 0) {
                return;
            }
        }
    }
};

Child::Child(const Command& command, Flow flow) : state_(std::make_unique<State>()) {
    const Prepared prepared = prepare(command);
    auto& state = *state_;
    state.name = fs::path(command.arguments.at(0)).filename();
    state.our_end = flow == Flow::read ? 0 : 1;
    ::fcntl(state.flow.ends[0], F_SETPIPE_SZ, pipe_bytes);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t child = ::fork();
    if (child == 0) {
        if (flow == Flow::read) {
            spawning::become(command, prepared, nothing, state.flow.ends[1], state.errors.ends[1]);
        }
        spawning::become(command, prepared, state.flow.ends[0], state.errors.ends[1],
                         state.errors.ends[1]);
    }
    const int error_number = errno;
    ::close(nothing);
    state.flow.close_end(1 - state.our_end);
    state.errors.close_end(1);
    if (child < 0) {
        throw Error(Code::internal,
                    fmt::format("cannot start a process: {}", std::strerror(error_number)));
    }
    state.process = child;
    ::fcntl(state.flow.ends[state.our_end], F_SETFL, O_NONBLOCK);
    ::fcntl(state.errors.ends[0], F_SETFL, O_NONBLOCK);
    state.reader = std::thread(
        [&state] { collect(state.errors.ends[0], state.stop.ends[0], state.finished.errors); });
}

Child::Child(Child&&) noexcept = default;
Child::~Child() = default;

pid_t Child::process() const { return state_->process; }

std::size_t Child::read(std::span<char> buffer, milliseconds silence) {
    while (true) {
        interrupt::check();  // Data that flow without a pause are no reason to go on.
        const auto got = ::read(state_->flow.ends[0], buffer.data(), buffer.size());
        if (got >= 0) {
            return static_cast<std::size_t>(got);
        }
        if (errno == EAGAIN) {
            state_->wait(POLLIN, silence);
        } else if (errno != EINTR) {
            throw Error(Code::internal, fmt::format("cannot read what {} writes: {}", state_->name,
                                                    std::strerror(errno)));
        }
    }
}

bool Child::write(std::string_view bytes, milliseconds silence) {
    while (!bytes.empty()) {
        interrupt::check();
        const auto taken = ::write(state_->flow.ends[1], bytes.data(), bytes.size());
        if (taken >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(taken));
        } else if (errno == EAGAIN) {
            state_->wait(POLLOUT, silence);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void Child::close_input() { state_->flow.close_end(1); }

Finished Child::finish(milliseconds limit) {
    auto& state = *state_;
    state.flow.close_end(state.our_end);
    const auto deadline = steady_clock::now() + limit;
    const auto process = state.process;
    const auto learnt = [&](auto ask) {
        try {
            return ask(process);
        } catch (const Error&) {
            state.process = -1;  // It is none of ours any more: its number may be another's.
            throw;
        }
    };
    while (!learnt(has_ended)) {
        if (steady_clock::now() >= deadline) {
            throw Error(Code::server_failed,
                        fmt::format("{} did not end within {}", state.name, human(limit)));
        }
        pollfd wait{interrupt::descriptor(), POLLIN, 0};
        ::poll(&wait, 1, 5);
        interrupt::check();
    }
    state.finished.status = learnt(reap_group);
    state.process = -1;
    state.end_reader();
    return std::move(state.finished);
}

}  // namespace caisson
