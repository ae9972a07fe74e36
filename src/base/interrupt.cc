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
std::atomic<bool> was_insisted{false};
std::atomic<bool> by_keyboard{false};
std::atomic<int> event{-1};
std::atomic<int> insistence{-1};
thread_local int shields = 0;

void wake(int descriptor) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
}

void note(int signal) {
    const int saved = errno;
    by_keyboard = by_keyboard || signal == SIGINT;
    if (was_requested.exchange(true)) {
        was_insisted = true;
        wake(insistence);
    }
    wake(event);
    errno = saved;
}

}  // namespace

void install() {
    event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    insistence = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action {};
    action.sa_handler = note;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
    ::signal(SIGPIPE, SIG_IGN);
    // Inherited as ignored, it would keep from us how our programs end.
    ::signal(SIGCHLD, SIG_DFL);
}

bool requested() { return shields > 0 ? was_insisted : was_requested; }

bool from_keyboard() { return by_keyboard; }

void check() {
    if (requested()) {
        throw Error(Code::interrupted, "interrupted");
    }
}

int descriptor() { return shields > 0 ? insistence : event; }

Shield::Shield() { ++shields; }
Shield::~Shield() { --shields; }

void insist() {
    was_insisted = true;
    wake(insistence);
}

bool insisted() { return was_insisted; }

}  // namespace caisson::interrupt
