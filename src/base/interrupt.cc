// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

namespace caisson::interrupt {
namespace {

std::atomic<bool> was_requested{false};
std::atomic<int> event{-1};

void note(int) {
    const int saved = errno;
    was_requested = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
    errno = saved;
}

}  // namespace

void install() {
    event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action {};
    action.sa_handler = note;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
    ::signal(SIGPIPE, SIG_IGN);
}

bool requested() { return was_requested; }

void check() {
    if (was_requested) {
        throw Error(Code::interrupted, "interrupted");
    }
}

int descriptor() { return event; }

}  // namespace caisson::interrupt
