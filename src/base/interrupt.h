// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Ctrl-C and SIGTERM, as something that waits can see. The handler only notes the signal; whoever
/// waits wakes up, leaves things consistent and throws. Threads: all functions may be called from
/// any thread.

namespace caisson::interrupt {

/// Catches SIGINT, SIGTERM and SIGHUP from now on, ignores SIGPIPE, and gives SIGCHLD its default.
void install();
bool requested();
/// Whether Ctrl-C asked for it, and not only a process manager's SIGTERM.
bool from_keyboard();
/// Errors: interrupted, once one was requested.
void check();
/// Readable once an interrupt was requested: to be polled beside a socket. -1 before install().
int descriptor();

/// While it lives, its thread does not see the first signal: a daemon's workers finish what they
/// have begun while it drains. A second signal and insist() reach them all the same.
class Shield {
 public:
    Shield();
    ~Shield();
    Shield(const Shield&) = delete;
    Shield& operator=(const Shield&) = delete;
};
/// Interrupts the shielded threads, too: the time for draining is over.
void insist();
bool insisted();

}  // namespace caisson::interrupt
